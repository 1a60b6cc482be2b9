//! Nodes that come and go, and connections that stay.

use kit_test_support::Etcd;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::bench::{Bench, KEY, LIMIT, eventually, instance, registered, seen};
use crate::proxy::Proxy;
use crate::raw::Raw;

#[tokio::test]
async fn a_lost_node_of_three_is_hardly_noticed() {
    let mut servers: [Etcd; 3] = Etcd::start_cluster().await;
    let addresses: Vec<_> = servers.iter().map(Etcd::address).collect();
    let url = format!("etcd://{}/microservices?ttl=3s", addresses.join(","));
    let bench = Bench::open(&url);
    let registration = bench.registered().await;
    let discovery = &bench.backend.discovery;
    let mut watch = discovery.watch(instance().name()).await.unwrap();
    seen(&mut watch, "the instance", |s| s.instances.len() == 1).await;

    for lost in 0..3 {
        servers[lost].kill();
        let other = Raw::of(&servers[(lost + 1) % 3]);
        // The rest may have to choose a leader first.
        eventually("a majority", async || {
            discovery.instances(instance().name()).await.ok()
        })
        .await;
        for _ in 0..50 {
            let list = discovery.instances(instance().name()).await;
            assert_eq!(
                list.expect("an answer from another node").instances.len(),
                1
            );
        }
        // Longer than the lease.
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(4) {
            assert!(other.get(KEY).await.is_some(), "while node {lost} is away");
            sleep(Duration::from_millis(100)).await;
        }
        let changed = registration.set_metadata("lost", lost.to_string());
        changed.unwrap();
        seen(&mut watch, "a change", |s| {
            s.is_fresh() && s.instances[0].metadata().get("lost") == Some(&lost.to_string())
        })
        .await;
        servers[lost].restart().await;
    }
    registered(&registration).await;
    registration.deregister_within(LIMIT).await.unwrap();
    seen(&mut watch, "the removal", |s| s.instances.is_empty()).await;
    bench.close().await;
}

#[tokio::test]
#[ignore = "takes 50 s"]
async fn idle_connections_are_not_cut_by_etcd() {
    let server = Etcd::start().await;
    let network = Bench::open("memory:");
    let proxy = Proxy::start(network.tree.scope(), server.address()).await;
    let bench = Bench::open(&proxy.url(""));
    let registration = bench.registered().await;
    let discovery = &bench.backend.discovery;
    let mut watch = discovery.watch(instance().name()).await.unwrap();
    seen(&mut watch, "the instance", |s| s.instances.len() == 1).await;
    let connections = proxy.accepted();
    // One for data and one for leases.
    assert_eq!(connections, 2);
    let mut state = registration.states();
    state.mark_unchanged();
    let quiet = tokio::time::timeout(Duration::from_secs(50), watch.next()).await;
    assert!(quiet.is_err(), "{quiet:?}");
    assert_eq!(proxy.accepted(), connections);
    assert!(!state.has_changed().unwrap());
    bench.close().await;
    network.close().await;
}
