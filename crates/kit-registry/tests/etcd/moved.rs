//! Another store at the same address: restored from a copy, wiped and filled again, or that of another cluster. Its
//! revisions have passed those that were seen, so they show nothing.

use kit_registry::Snapshot;
use kit_test_support::Etcd;

use crate::bench::{Bench, KEY, VALUE, eventually, instance, registered, seen};
use crate::proxy::Proxy;
use crate::raw::Raw;

/// Makes the store's revision greater than that of another one.
async fn pass(raw: &Raw, other: &Raw) {
    let passed = other.revision().await + 10;
    while raw.revision().await < passed {
        raw.put("/filler", "x", 0).await;
    }
}

#[tokio::test]
async fn a_watch_shows_the_instances_of_the_other_store() {
    let (one, other) = (Etcd::start().await, Etcd::start().await);
    let (raw, raw_other) = (Raw::of(&one), Raw::of(&other));
    let value = |id: &str| format!(r#"{{"id":"{id}","name":"helloworld"}}"#);
    for id in ["1", "2"] {
        let key = format!("/microservices/helloworld/{id}");
        raw.put(&key, &value(id), 0).await;
    }
    for id in ["2", "3"] {
        let key = format!("/microservices/helloworld/{id}");
        raw_other.put(&key, &value(id), 0).await;
    }
    pass(&raw_other, &raw).await;
    let network = Bench::open("memory:");
    let proxy = Proxy::start(network.tree.scope(), one.address()).await;
    let bench = Bench::open(&proxy.url(""));
    let mut watch = bench
        .backend
        .discovery
        .watch(instance().name())
        .await
        .unwrap();
    let ids =
        |s: &Snapshot, ids: [&str; 2]| s.is_fresh() && s.instances.iter().map(|i| i.id()).eq(ids);
    seen(&mut watch, "the first store", |s| ids(s, ["1", "2"])).await;
    proxy.cut();
    seen(&mut watch, "the cut", |s| !s.is_fresh()).await;
    proxy.lead_to(other.address());
    proxy.mend();
    seen(&mut watch, "the other store", |s| ids(s, ["2", "3"])).await;
    // And on from there.
    raw_other.delete("/microservices/helloworld/3").await;
    seen(&mut watch, "a change", |s| s.instances.len() == 1).await;
    bench.close().await;
    network.close().await;
}

#[tokio::test]
async fn revisions_of_a_watch_grow_when_those_of_the_store_do_not() {
    let (one, other) = (Etcd::start().await, Etcd::start().await);
    let (raw, raw_other) = (Raw::of(&one), Raw::of(&other));
    pass(&raw, &raw_other).await;
    raw.put(KEY, VALUE, 0).await;
    let network = Bench::open("memory:");
    let proxy = Proxy::start(network.tree.scope(), one.address()).await;
    let bench = Bench::open(&proxy.url(""));
    let mut watch = bench
        .backend
        .discovery
        .watch(instance().name())
        .await
        .unwrap();
    let before = seen(&mut watch, "one", |s| s.instances.len() == 1).await;
    proxy.cut();
    seen(&mut watch, "the cut", |s| !s.is_fresh()).await;
    proxy.lead_to(other.address());
    proxy.mend();
    let wiped = seen(&mut watch, "none", |s| {
        s.is_fresh() && s.instances.is_empty()
    })
    .await;
    assert!(
        wiped.revision > before.revision,
        "{wiped:?} after {before:?}"
    );
    raw_other.put(KEY, VALUE, 0).await;
    let again = seen(&mut watch, "one again", |s| s.instances.len() == 1).await;
    assert!(again.revision > wiped.revision, "{again:?} after {wiped:?}");
    bench.close().await;
    network.close().await;
}

/// The copy was made before the last change of the instance, and has its lease: only the value is old.
#[tokio::test]
async fn a_value_of_before_the_last_change_is_put_right() {
    let (one, copy) = (Etcd::start().await, Etcd::start().await);
    let (raw, raw_copy) = (Raw::of(&one), Raw::of(&copy));
    let network = Bench::open("memory:");
    let proxy = Proxy::start(network.tree.scope(), one.address()).await;
    let bench = Bench::open(&proxy.url("/microservices?ttl=60s"));
    let registration = bench.registered().await;
    let lease = raw.get(KEY).await.expect("it is shown").lease;
    proxy.cut();
    raw_copy.grant_again(lease, 60).await;
    raw_copy.put(KEY, "the value before", lease).await;
    pass(&raw_copy, &raw).await;
    proxy.lead_to(copy.address());
    proxy.mend();
    eventually("the repair", async || {
        let kv = raw_copy.get(KEY).await?;
        (kv.value == VALUE.as_bytes() && kv.lease == lease).then_some(())
    })
    .await;
    registered(&registration).await;
    bench.close().await;
    network.close().await;
}
