//! After every loss the instance is shown again.

use kit_test_support::Etcd;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::bench::{Bench, KEY, VALUE, degraded, eventually, registered};
use crate::proxy::Proxy;
use crate::raw::Kv;
use crate::raw::Raw;

async fn shown(server: &Etcd) -> Kv {
    let kv = eventually("the key", async || Raw::of(server).get(KEY).await).await;
    assert_eq!(String::from_utf8_lossy(&kv.value), VALUE);
    kv
}

#[tokio::test]
async fn a_deleted_key_is_put_again_under_the_same_lease() {
    let server = Etcd::start().await;
    let bench = Bench::open(&server.url(""));
    let registration = bench.registered().await;
    let lease = shown(&server).await.lease;
    for _ in 0..3 {
        Raw::of(&server).delete(KEY).await;
        assert_eq!(shown(&server).await.lease, lease);
    }
    registered(&registration).await;
    bench.close().await;
}

#[tokio::test]
async fn a_changed_value_is_put_again() {
    let server = Etcd::start().await;
    let bench = Bench::open(&server.url(""));
    let _registration = bench.registered().await;
    Raw::of(&server).put(KEY, "by hand", 0).await;
    eventually("the repair", async || {
        let kv = Raw::of(&server).get(KEY).await?;
        (kv.value == VALUE.as_bytes() && kv.lease != 0).then_some(())
    })
    .await;
    bench.close().await;
}

#[tokio::test]
async fn a_revoked_lease_is_replaced() {
    let server = Etcd::start().await;
    let bench = Bench::open(&server.url(""));
    let registration = bench.registered().await;
    let lease = shown(&server).await.lease;
    Raw::of(&server).revoke(lease).await;
    let kv = shown(&server).await;
    assert_ne!(kv.lease, lease);
    registration.deregister().await.unwrap();
    assert_eq!(Raw::of(&server).get(KEY).await, None);
    bench.close().await;
}

#[tokio::test]
async fn the_lease_is_kept_alive() {
    let server = Etcd::start().await;
    let bench = Bench::open(&server.url("/microservices?ttl=2s"));
    let _registration = bench.registered().await;
    let first = shown(&server).await;
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(4) {
        assert_eq!(shown(&server).await, first);
        sleep(Duration::from_millis(100)).await;
    }
    bench.close().await;
}

#[tokio::test]
async fn a_killed_etcd_finds_the_instance_with_its_lease_when_it_is_back() {
    let mut server = Etcd::start().await;
    let bench = Bench::open(&server.url("/microservices?ttl=3s"));
    let registration = bench.registered().await;
    let before = shown(&server).await;
    server.kill();
    let why = degraded(&registration).await;
    assert!(why.ends_with("connection refused"), "{why}");
    server.restart().await;
    registered(&registration).await;
    // After a restart the lease has its whole time again: it was looked at before a new one was
    // asked for.
    assert_eq!(shown(&server).await.lease, before.lease);
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(4) {
        shown(&server).await;
        sleep(Duration::from_millis(100)).await;
    }
    bench.close().await;
}

#[tokio::test]
async fn a_wiped_store_gets_the_instance_again() {
    let mut server = Etcd::start().await;
    let bench = Bench::open(&server.url("/microservices?ttl=3s"));
    let registration = bench.registered().await;
    let before = shown(&server).await;
    server.kill();
    degraded(&registration).await;
    server.restart_empty().await;
    assert_ne!(shown(&server).await.lease, before.lease);
    registered(&registration).await;
    bench.close().await;
}

#[tokio::test]
async fn an_etcd_that_was_frozen_for_longer_than_the_lease_gets_the_instance_again() {
    let server = Etcd::start().await;
    let bench = Bench::open(&server.url("/microservices?ttl=2s"));
    let registration = bench.registered().await;
    server.freeze();
    let why = degraded(&registration).await;
    assert!(why.contains("no answer"), "{why}");
    sleep(Duration::from_secs(3)).await;
    server.thaw();
    registered(&registration).await;
    shown(&server).await;
    let withdrawn = registration.deregister().await;
    withdrawn.unwrap();
    assert_eq!(Raw::of(&server).get(KEY).await, None);
    bench.close().await;
}

#[tokio::test]
async fn an_instance_taken_over_steps_back_until_the_other_is_gone() {
    let server = Etcd::start().await;
    let bench = Bench::open(&server.url("/microservices?ttl=2s"));
    let registration = bench.registered().await;
    let raw = Raw::of(&server);
    let other = raw.grant(60).await;
    raw.put(KEY, "the other", other).await;
    let why = degraded(&registration).await;
    let expected = format!("helloworld/1 is no longer shown: taken over by lease {other:x}");
    assert_eq!(why, expected);
    // It says so at each look, and lets the other be.
    let mut state = registration.states();
    for _ in 0..4 {
        state.changed().await.unwrap();
        assert_eq!(degraded(&registration).await, expected);
        assert_eq!(raw.get(KEY).await.expect("the other's").lease, other);
    }
    raw.revoke(other).await;
    registered(&registration).await;
    shown(&server).await;
    bench.close().await;
}

#[tokio::test]
async fn the_newest_of_two_processes_with_one_id_wins() {
    let server = Etcd::start().await;
    let old = Bench::open(&server.url(""));
    let old_registration = old.registered().await;
    let new = Bench::open(&server.url(""));
    let new_registration = new.registered().await;
    let why = degraded(&old_registration).await;
    assert!(why.contains("taken over by lease"), "{why}");
    // The old one's end does not take the new one away.
    old_registration.deregister().await.unwrap();
    shown(&server).await;
    registered(&new_registration).await;
    new_registration.deregister().await.unwrap();
    assert_eq!(Raw::of(&server).get(KEY).await, None);
    old.close().await;
    new.close().await;
}

#[tokio::test]
async fn a_cut_network_is_noticed_and_repaired() {
    let server = Etcd::start().await;
    let bench = Bench::open("memory:");
    let proxy = Proxy::start(bench.tree.scope(), server.address()).await;
    let other = Bench::open(&proxy.url("/microservices?ttl=2s"));
    let registration = other.registered().await;
    proxy.cut();
    degraded(&registration).await;
    eventually("the end of the lease", async || {
        Raw::of(&server).get(KEY).await.is_none().then_some(())
    })
    .await;
    proxy.mend();
    shown(&server).await;
    registered(&registration).await;
    other.close().await;
    bench.close().await;
}

#[tokio::test]
async fn a_key_that_was_deleted_and_compacted_during_a_cut_is_put_again() {
    let server = Etcd::start().await;
    let network = Bench::open("memory:");
    let proxy = Proxy::start(network.tree.scope(), server.address()).await;
    let bench = Bench::open(&proxy.url(""));
    let registration = bench.registered().await;
    let before = shown(&server).await;
    proxy.cut();
    let raw = Raw::of(&server);
    raw.delete(KEY).await;
    raw.put("another", "key", 0).await;
    raw.compact(raw.revision().await).await;
    proxy.mend();
    assert_eq!(shown(&server).await.lease, before.lease);
    registered(&registration).await;
    bench.close().await;
    network.close().await;
}

#[tokio::test]
async fn a_compaction_during_a_cut_alone_changes_nothing() {
    let server = Etcd::start().await;
    let network = Bench::open("memory:");
    let proxy = Proxy::start(network.tree.scope(), server.address()).await;
    let bench = Bench::open(&proxy.url("/microservices?ttl=3s"));
    let registration = bench.registered().await;
    let before = shown(&server).await;
    let mut state = registration.states();
    state.mark_unchanged();
    proxy.cut();
    let raw = Raw::of(&server);
    raw.put("another", "key", 0).await;
    raw.compact(raw.revision().await).await;
    proxy.mend();
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(4) {
        assert_eq!(shown(&server).await, before);
        sleep(Duration::from_millis(100)).await;
    }
    assert!(!state.has_changed().unwrap());
    bench.close().await;
    network.close().await;
}
