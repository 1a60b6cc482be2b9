//! An agent that goes, comes back, hangs, or forgets.

use std::time::Duration;

use kit_registry::Snapshot;
use kit_test_support::Consul;
use tokio::time::Instant;

use super::bench::{Bench, ID, compact, degraded, eventually, instance, registered, seen};

fn url(server: &Consul) -> String {
    format!("consul://{}/?ttl=3s", server.address())
}

/// The new Consul knows nothing, and its index begins anew.
#[tokio::test]
#[ignore = "needs Consul: cargo xtask conformance"]
async fn a_consul_that_has_lost_its_state_gets_it_again_and_watches_go_on() {
    let mut server = Consul::start().await;
    let bench = Bench::open(&url(&server));
    let registration = bench.registered().await;
    let mut watch = bench.watch().await;
    for round in 0..20 {
        registration
            .set_metadata("round", round.to_string())
            .unwrap();
        seen(&mut watch, "a change", |s| {
            s.instances
                .iter()
                .any(|i| i.metadata().get("round") == Some(&round.to_string()))
        })
        .await;
    }
    server.kill();
    degraded(&registration, "is unreachable").await;
    let stale = seen(&mut watch, "a stale list", |s| !s.is_fresh()).await;
    assert_eq!(stale.instances.len(), 1, "{stale:?}");
    server.restart().await;
    registered(&registration).await;
    let fresh = seen(&mut watch, "the instance", |s| {
        s.is_fresh() && s.instances.len() == 1
    })
    .await;
    assert!(fresh.revision > stale.revision);
    registration.set_metadata("after", "restart").unwrap();
    seen(&mut watch, "a change after it", |s| {
        s.instances
            .iter()
            .any(|i| i.metadata().contains_key("after"))
    })
    .await;
    registration.deregister().await.unwrap();
    seen(&mut watch, "the removal", |s| s.instances.is_empty()).await;
    bench.close().await;
}

#[tokio::test]
#[ignore = "needs Consul: cargo xtask conformance"]
async fn an_entry_that_is_removed_at_the_agent_comes_back_at_once() {
    let server = Consul::start().await;
    let bench = Bench::open(&format!("consul://{}/?ttl=60s", server.address()));
    let registration = bench.registered().await;
    let mut watch = bench.watch().await;
    seen(&mut watch, "the instance", |s| s.instances.len() == 1).await;
    let path = format!("/v1/agent/service/deregister/{ID}");
    let begun = Instant::now();
    assert_eq!(server.call("PUT", &path, "", "").await.0, 200);
    degraded(&registration, "its entry is gone").await;
    registered(&registration).await;
    // By the look at the entry: the beats of this `ttl` come each 20 s.
    assert!(
        begun.elapsed() < Duration::from_secs(10),
        "{:?}",
        begun.elapsed()
    );
    registration.deregister().await.unwrap();
    bench.close().await;
}

#[tokio::test]
#[ignore = "needs Consul: cargo xtask conformance"]
async fn a_check_that_has_become_critical_passes_again() {
    let server = Consul::start().await;
    let bench = Bench::open(&url(&server));
    let registration = bench.registered().await;
    let mut watch = bench.watch().await;
    seen(&mut watch, "the instance", |s| s.instances.len() == 1).await;
    let path = format!("/v1/agent/check/fail/service:{ID}");
    assert_eq!(server.call("PUT", &path, "", "").await.0, 200);
    seen(&mut watch, "that it is not found", |s| {
        s.instances.is_empty()
    })
    .await;
    seen(&mut watch, "that it is found", |s| s.instances.len() == 1).await;
    registration.deregister().await.unwrap();
    bench.close().await;
}

/// While the agent hangs the check runs out; when it goes on, so does everything, and a deregistration
/// in the meantime is not undone by a request that was on its way.
#[tokio::test]
#[ignore = "needs Consul: cargo xtask conformance"]
async fn an_agent_that_hangs_is_given_up_and_taken_up_again() {
    let server = Consul::start().await;
    let bench = Bench::open(&url(&server));
    let registration = bench.registered().await;
    let mut watch = bench.watch().await;
    seen(&mut watch, "the instance", |s| s.instances.len() == 1).await;
    server.freeze();
    let why = degraded(&registration, "no answer within").await;
    assert!(why.contains("consul at"), "{why}");
    let stale = seen(&mut watch, "a stale list", |s| !s.is_fresh()).await;
    assert_eq!(stale.instances.len(), 1, "{stale:?}");
    server.thaw();
    registered(&registration).await;
    seen(&mut watch, "a fresh list", Snapshot::is_fresh).await;
    eventually("the instance", async || {
        (bench.list().await.len() == 1).then_some(())
    })
    .await;

    server.freeze();
    registration.set_metadata("k", "v").unwrap();
    degraded(&registration, "no answer within").await;
    let short = registration
        .deregister_within(Duration::from_millis(300))
        .await;
    short.expect_err("not confirmed by an agent that hangs");
    server.thaw();
    registration.deregister().await.unwrap();
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(2) {
        assert!(bench.list().await.is_empty(), "it came back");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let (status, _) = server
        .call("GET", &format!("/v1/agent/service/{ID}"), "", "")
        .await;
    assert_eq!(status, 404, "not even with a critical check");
    bench.close().await;
}

#[tokio::test]
#[ignore = "needs Consul: cargo xtask conformance"]
async fn a_process_that_is_gone_is_not_found_after_its_time() {
    let server = Consul::start().await;
    let one = Bench::open(&format!("consul://{}/?ttl=2s", server.address()));
    let two = Bench::open(&url(&server));
    // Nothing keeps it alive.
    one.backend.registrar.register(&instance()).await.unwrap();
    let mut watch = two.watch().await;
    seen(&mut watch, "the instance", |s| s.instances.len() == 1).await;
    seen(&mut watch, "that it is not found", |s| {
        s.instances.is_empty()
    })
    .await;
    one.close().await;
    two.close().await;
}

/// An instance with a fixed id has moved to another machine: the entry of the old one stays for a while, with a check
/// that is critical. Consul gives the entries in the order of the nodes' names.
#[tokio::test]
#[ignore = "needs Consul: cargo xtask conformance"]
async fn an_entry_of_the_same_id_at_another_agent_neither_hides_nor_stands_for_ours() {
    let server = Consul::start().await;
    let bench = Bench::open(&url(&server));
    for node in ["0-old", "~-old"] {
        let entry = format!(
            r#"{{"Node":"{node}","Address":"10.0.0.9","Service":{{"ID":"{ID}","Service":"helloworld"}},
                "Check":{{"CheckID":"service:{ID}","ServiceID":"{ID}","Status":"critical"}}}}"#
        );
        let (status, answer) = server.call("PUT", "/v1/catalog/register", "", &entry).await;
        assert_eq!(status, 200, "{answer}");
    }
    let registration = bench.registered().await;
    assert_eq!(*bench.list().await, [instance().into()]);
    registration.deregister().await.unwrap();
    assert!(bench.list().await.is_empty());
    let (_, left) = server
        .call("GET", "/v1/catalog/service/helloworld", "", "")
        .await;
    let left = compact(&left);
    assert_eq!(left.matches("10.0.0.9").count(), 2, "{left}");
    assert_eq!(left.matches(ID).count(), 2, "ours is gone: {left}");
    bench.close().await;
}
