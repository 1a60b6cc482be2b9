//! Finding, also while etcd comes and goes.

use kit_registry::{Discovery, Freshness, ServiceName};
use kit_test_support::Etcd;
use tokio::time::timeout;

use crate::bench::{Bench, KEY, LIMIT, VALUE, alive_tasks, eventually, instance, seen};
use crate::proxy::Proxy;
use crate::raw::Raw;

fn service() -> ServiceName {
    instance().name().clone()
}

fn value(id: usize) -> String {
    format!(r#"{{"id":"{id}","name":"helloworld"}}"#)
}

fn key(id: usize) -> String {
    format!("/microservices/helloworld/{id}")
}

async fn listed(discovery: &dyn Discovery) -> usize {
    let list = discovery.instances(&service()).await;
    list.expect("a list").instances.len()
}

#[tokio::test]
async fn what_kratos_wrote_is_read() {
    let server = Etcd::start().await;
    let raw = Raw::of(&server);
    raw.put(KEY, VALUE, 0).await;
    let nulls = r#"{"id":"2","name":"helloworld","version":"","metadata":null,"endpoints":null}"#;
    raw.put(&key(2), nulls, 0).await;
    let bench = Bench::open(&server.url(""));
    let list = bench.backend.discovery.instances(&service()).await.unwrap();
    assert_eq!(*list.instances[0], instance());
    assert_eq!(list.instances[1].id(), "2");
    assert_eq!(i64::try_from(list.revision).unwrap(), raw.revision().await);
    bench.close().await;
}

#[tokio::test]
async fn what_is_no_instance_is_skipped_in_lists_and_watches() {
    let server = Etcd::start().await;
    let raw = Raw::of(&server);
    raw.put(&key(1), &value(1), 0).await;
    raw.put(&key(2), "nonsense", 0).await;
    raw.put(&key(3), r#"{"id":"3","name":"somebody-else"}"#, 0)
        .await;
    let bench = Bench::open(&server.url(""));
    let discovery = &*bench.backend.discovery;
    assert_eq!(listed(discovery).await, 1);
    let mut watch = discovery.watch(&service()).await.unwrap();
    seen(&mut watch, "the good one", |s| s.instances.len() == 1).await;
    raw.put(&key(4), "\u{0}", 0).await;
    raw.put(&key(5), &value(5), 0).await;
    seen(&mut watch, "another one", |s| s.instances.len() == 2).await;
    raw.put(&key(2), &value(2), 0).await;
    seen(&mut watch, "the mended one", |s| s.instances.len() == 3).await;
    drop(watch);
    bench.close().await;
}

#[tokio::test]
async fn a_list_of_many_pages_is_complete_and_follows_one_change() {
    let server = Etcd::start().await;
    let raw = Raw::of(&server);
    for id in 0..1201 {
        raw.put(&key(id), &value(id), 0).await;
    }
    let bench = Bench::open(&server.url(""));
    let discovery = &*bench.backend.discovery;
    assert_eq!(listed(discovery).await, 1201);
    let mut watch = discovery.watch(&service()).await.unwrap();
    seen(&mut watch, "all", |s| s.instances.len() == 1201).await;
    raw.delete(&key(700)).await;
    seen(&mut watch, "one less", |s| s.instances.len() == 1200).await;
    bench.close().await;
}

#[tokio::test]
async fn one_upstream_serves_all_readers_and_ends_with_the_last() {
    let server = Etcd::start().await;
    let raw = Raw::of(&server);
    let bench = Bench::open(&server.url(""));
    let discovery = &bench.backend.discovery;
    // With the connections, which stay.
    listed(&**discovery).await;
    raw.put(&key(1), &value(1), 0).await;
    let idle = alive_tasks();

    let mut one = discovery.watch(&service()).await.unwrap();
    raw.put(&key(2), &value(2), 0).await;
    seen(&mut one, "a change", |s| s.instances.len() == 2).await;
    let following = alive_tasks();
    assert!(following > idle);
    let mut two = discovery.watch(&service()).await.unwrap();
    drop(one);
    raw.put(&key(3), &value(3), 0).await;
    seen(&mut two, "a change", |s| s.instances.len() == 3).await;
    assert_eq!(alive_tasks(), following);
    drop(two);
    eventually("the end of the upstream", async || {
        (alive_tasks() == idle).then_some(())
    })
    .await;
    bench.close().await;
}

#[tokio::test]
async fn a_killed_etcd_makes_the_same_instances_stale_and_then_fresh() {
    let mut server = Etcd::start().await;
    Raw::of(&server).put(KEY, VALUE, 0).await;
    let bench = Bench::open(&server.url(""));
    let discovery = &bench.backend.discovery;
    let mut watch = discovery.watch(&service()).await.unwrap();
    seen(&mut watch, "the instance", |s| s.instances.len() == 1).await;
    server.kill();
    let stale = seen(
        &mut watch,
        "a refused connection",
        |s| matches!(&s.freshness, Freshness::Stale { why, .. } if why.ends_with("refused")),
    )
    .await;
    assert_eq!(*stale.instances[0], instance());
    let error = discovery.instances(&service()).await.unwrap_err();
    assert!(error.to_string().contains("is unreachable"), "{error}");
    // A reader who comes now sees the same.
    let mut late = discovery.watch(&service()).await.unwrap();
    let first = timeout(LIMIT, late.next()).await.unwrap().unwrap();
    assert!(!first.is_fresh() && first.instances.len() == 1);

    server.restart().await;
    Raw::of(&server).put(&key(2), &value(2), 0).await;
    seen(&mut watch, "the new one", |s| {
        s.is_fresh() && s.instances.len() == 2
    })
    .await;
    bench.close().await;
}

#[tokio::test]
async fn changes_during_a_cut_are_caught_up_with_also_after_a_compaction() {
    let server = Etcd::start().await;
    let raw = Raw::of(&server);
    for id in 1..=3 {
        raw.put(&key(id), &value(id), 0).await;
    }
    let network = Bench::open("memory:");
    let proxy = Proxy::start(network.tree.scope(), server.address()).await;
    let bench = Bench::open(&proxy.url(""));
    let mut watch = bench.backend.discovery.watch(&service()).await.unwrap();
    seen(&mut watch, "three", |s| s.instances.len() == 3).await;

    for compact in [false, true] {
        proxy.cut();
        seen(&mut watch, "the cut", |s| !s.is_fresh()).await;
        raw.delete(&key(1)).await;
        raw.put(&key(4), &value(4), 0).await;
        raw.put(&key(5), &value(5), 0).await;
        if compact {
            raw.compact(raw.revision().await).await;
        }
        proxy.mend();
        let ids = |ids: &[&str], s: &kit_registry::Snapshot| {
            s.is_fresh() && s.instances.iter().map(|i| i.id()).eq(ids.iter().copied())
        };
        seen(&mut watch, "what changed", |s| {
            ids(&["2", "3", "4", "5"], s)
        })
        .await;
        // And on from there.
        raw.put(&key(1), &value(1), 0).await;
        seen(&mut watch, "one more", |s| s.instances.len() == 5).await;
    }
    bench.close().await;
    network.close().await;
}

/// Older versions of etcd leave the deletion out of a watch that begins there.
#[tokio::test]
async fn a_deletion_at_the_revision_of_a_compaction_is_seen() {
    let server = Etcd::start().await;
    let raw = Raw::of(&server);
    for id in 1..=2 {
        raw.put(&key(id), &value(id), 0).await;
    }
    let network = Bench::open("memory:");
    let proxy = Proxy::start(network.tree.scope(), server.address()).await;
    let bench = Bench::open(&proxy.url(""));
    let mut watch = bench.backend.discovery.watch(&service()).await.unwrap();
    seen(&mut watch, "two", |s| s.instances.len() == 2).await;
    proxy.cut();
    seen(&mut watch, "the cut", |s| !s.is_fresh()).await;
    raw.delete(&key(1)).await;
    let deleted = raw.revision().await;
    raw.put(&key(3), &value(3), 0).await;
    raw.compact(deleted).await;
    proxy.mend();
    let ids = |s: &kit_registry::Snapshot| {
        s.is_fresh() && s.instances.iter().map(|i| i.id()).eq(["2", "3"])
    };
    seen(&mut watch, "the deletion", ids).await;
    bench.close().await;
    network.close().await;
}

#[tokio::test]
async fn a_wiped_store_is_listed_again() {
    let mut server = Etcd::start().await;
    let raw = Raw::of(&server);
    for _ in 0..50 {
        raw.put("/filler", "x", 0).await;
    }
    raw.put(KEY, VALUE, 0).await;
    let bench = Bench::open(&server.url(""));
    let mut watch = bench.backend.discovery.watch(&service()).await.unwrap();
    seen(&mut watch, "one", |s| s.instances.len() == 1).await;
    server.kill();
    seen(&mut watch, "stale", |s| !s.is_fresh()).await;
    server.restart_empty().await;
    let fresh = seen(&mut watch, "fresh", kit_registry::Snapshot::is_fresh).await;
    assert!(fresh.instances.is_empty());
    let other = VALUE.replace(r#""id":"1""#, r#""id":"2""#);
    let raw = Raw::of(&server);
    raw.put("/microservices/helloworld/2", &other, 0).await;
    seen(&mut watch, "the new one", |s| s.instances.len() == 1).await;
}
