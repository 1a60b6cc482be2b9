//! The backend against a real Redis, which each test starts. Without one they fail, and name what is
//! missing.

mod faults;
mod proxy;

use kit_registry::{Backend, Schemes, conformance};
use kit_sync::{Scope, TaskTree};
use kit_test_support::Redis;

fn open(url: &str, scope: &Scope) -> Backend {
    let mut schemes = Schemes::empty();
    registry_plugin::add_to(&mut schemes);
    schemes.open(url, scope).expect("a valid URL")
}

// ANCHOR: conformance
/// The time to live is shorter than the 4 s for which an instance has to stay without a write.
#[tokio::test]
async fn redis_conforms() {
    let redis = Redis::start().await;
    let url = format!("redis://{}?ttl=3s", redis.address());
    conformance::run(|scope| open(&url, scope)).await;
}
// ANCHOR_END: conformance

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_holds_a_crowd() {
    let redis = Redis::start().await;
    let url = format!("redis://{}?ttl=5m", redis.address());
    conformance::crowd(1_000, |scope| open(&url, scope)).await;
}

#[tokio::test]
#[ignore = "takes long"]
async fn redis_holds_ten_thousand() {
    let redis = Redis::start().await;
    let url = format!("redis://{}?ttl=1h", redis.address());
    conformance::crowd(10_000, |scope| open(&url, scope)).await;
}

#[tokio::test]
async fn wrong_urls_are_named_and_no_password_is_shown() {
    let tree = TaskTree::new("test");
    let mut schemes = Schemes::empty();
    registry_plugin::add_to(&mut schemes);
    for (url, part) in [
        ("redis://a:1,b:2", "hosts of the registry URL"),
        ("redis://h/x", "path of the registry URL"),
        ("redis://h/0/1", "path of the registry URL"),
        ("redis://secret@h", "user and password of the registry URL"),
        ("redis://h?ttl=1s", "ttl of the registry URL"),
        ("redis://u:secret@h?tls=1", "unknown parameter \"tls\""),
    ] {
        let error = schemes.open(url, tree.scope()).unwrap_err().to_string();
        assert!(error.starts_with(part), "{error}");
        assert!(!error.contains("secret"), "{error}");
        assert_eq!(schemes.check(url).unwrap_err().to_string(), error);
    }
    let right = "redis://default:secret@h:1/3?ttl=24h";
    let backend = schemes.open(right, tree.scope()).expect("a valid URL");
    assert_eq!(backend.description, "redis at h:1");
}
