//! User and password.

use crate::bench::{Bench, KEY, degraded, eventually, instance, registered, seen};
use crate::raw::Raw;
use kit_test_support::Etcd;
use std::time::Duration;
use tokio::time::{Instant, sleep};

const PASSWORD: &str = "p@ss/w:rd";
const ENCODED: &str = "p%40ss%2Fw%3Ard";

async fn server() -> (Etcd, crate::raw::Raw) {
    let server = Etcd::start().await;
    let mut raw = Raw::of(&server);
    raw.enable_auth("kit", PASSWORD).await;
    (server, raw)
}

fn url(server: &Etcd, login: &str) -> String {
    format!("etcd://{login}@{}/microservices?ttl=3s", server.address())
}

#[tokio::test]
async fn a_login_is_used_for_everything_and_renewed() {
    let (mut server, mut raw) = server().await;
    let bench = Bench::open(&url(&server, &format!("kit:{ENCODED}")));
    let registration = bench.registered().await;
    let discovery = &bench.backend.discovery;
    let mut watch = discovery.watch(instance().name()).await.unwrap();
    seen(&mut watch, "the instance", |s| s.instances.len() == 1).await;

    // A restarted etcd has forgotten its tokens.
    server.kill();
    degraded(&registration).await;
    server.restart().await;
    registered(&registration).await;
    raw.log_in().await;
    raw.delete(KEY).await;
    eventually("the repair", async || raw.get(KEY).await).await;
    let changed = registration.set_metadata("k", "v");
    changed.unwrap();
    seen(&mut watch, "the change", |s| {
        s.is_fresh() && s.instances.iter().any(|i| i.metadata().contains_key("k"))
    })
    .await;
    registration.deregister().await.unwrap();
    assert_eq!(raw.get(KEY).await, None);
    bench.close().await;
}

#[tokio::test]
async fn a_token_that_runs_out_ends_nothing() {
    let server = Etcd::start_with(&["--auth-token-ttl", "1"]).await;
    let mut raw = Raw::of(&server);
    raw.enable_auth("kit", PASSWORD).await;
    let bench = Bench::open(&url(&server, &format!("kit:{ENCODED}")));
    let registration = bench.registered().await;
    let mut states = registration.states();
    states.mark_unchanged();
    // Longer than the token and the lease.
    let until = Instant::now() + Duration::from_secs(5);
    while Instant::now() < until {
        raw.log_in().await;
        assert!(raw.get(KEY).await.is_some());
        sleep(Duration::from_millis(200)).await;
    }
    assert!(!states.has_changed().unwrap(), "{registration:?}");
    registration.set_metadata("k", "v").unwrap();
    eventually("the change", async || {
        let kv = raw.get(KEY).await?;
        (kv.mod_revision > kv.create_revision).then_some(())
    })
    .await;
    registration.deregister().await.unwrap();
    raw.log_in().await;
    assert_eq!(raw.get(KEY).await, None);
    bench.close().await;
}

#[tokio::test]
async fn a_wrong_password_is_refused_and_not_shown() {
    let (server, _raw) = server().await;
    let bench = Bench::open(&url(&server, "kit:wrong-secret"));
    let error = bench
        .backend
        .registrar
        .register(&instance())
        .await
        .unwrap_err();
    let text = error.chain().to_string();
    assert_eq!(
        text,
        format!(
            "cannot log in as \"kit\": etcd at {} refused: authentication failed, invalid user ID \
             or password",
            server.address()
        )
    );
    let all = format!("{error:?} {:?} {text}", bench.backend);
    assert!(!all.contains("secret"), "{all}");
    bench.close().await;
}

#[tokio::test]
async fn without_a_login_the_refusal_is_clear() {
    let (server, _raw) = server().await;
    let bench = Bench::open(&server.url(""));
    let list = bench.backend.discovery.instances(instance().name()).await;
    let text = list.unwrap_err().chain().to_string();
    assert!(text.ends_with("refused: user name is empty"), "{text}");
    bench.close().await;
}

#[tokio::test]
async fn a_login_where_none_is_asked_for_does_no_harm() {
    let server = Etcd::start().await;
    let bench = Bench::open(&url(&server, "kit:secret"));
    let registration = bench.registered().await;
    registration.deregister().await.unwrap();
    bench.close().await;
}
