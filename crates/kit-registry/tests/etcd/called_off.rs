//! A start that is called off: `register` is dropped before it has put anything.

use std::time::Duration;

use kit_test_support::Etcd;
use tokio::task::yield_now;
use tokio::time::{Instant, timeout};

use crate::bench::{Bench, instance};
use crate::raw::Raw;

/// The lease of a grant whose answer was not waited for is revoked: it would last for its whole length.
#[tokio::test]
async fn a_start_that_is_called_off_at_any_turn_of_the_runtime_leaves_no_lease() {
    let server = Etcd::start().await;
    let bench = Bench::open(&server.url("/x?ttl=1h"));
    let (registrar, instance) = (&bench.backend.registrar, instance());
    let mut turns = 0;
    let mut is_registered = false;
    while !is_registered {
        is_registered = tokio::select! {
            biased;
            registered = registrar.register(&instance) => registered.map(|()| true).unwrap(),
            () = pass(turns) => false,
        };
        registrar.deregister(&instance).await.unwrap();
        no_lease(&server).await;
        turns += 1 + turns / 16;
    }
    // Nor by a grant that has come since.
    no_lease(&server).await;
    bench.close().await;
}

/// The grant, the reset of its call and the revocation come to the server at once.
#[tokio::test]
async fn a_start_that_is_called_off_while_etcd_hangs_leaves_no_lease() {
    let server = Etcd::start().await;
    let bench = Bench::open(&server.url("/x?ttl=1h"));
    let (registrar, instance) = (&bench.backend.registrar, instance());
    // Connected.
    registrar.register(&instance).await.unwrap();
    registrar.deregister(&instance).await.unwrap();
    for _ in 0..10 {
        server.freeze();
        let grant = timeout(Duration::from_millis(50), registrar.register(&instance));
        assert!(grant.await.is_err(), "a frozen etcd answered");
        server.thaw();
        registrar.deregister(&instance).await.unwrap();
        no_lease(&server).await;
    }
    bench.close().await;
}

#[tokio::test]
async fn a_start_that_is_called_off_ends_soon_also_when_etcd_does_not_answer() {
    let server = Etcd::start().await;
    let bench = Bench::open(&server.url(""));
    let (registrar, instance) = (&bench.backend.registrar, instance());
    server.freeze();
    let grant = timeout(Duration::from_millis(50), registrar.register(&instance));
    assert!(grant.await.is_err(), "a frozen etcd answered");
    let begun = Instant::now();
    registrar.deregister(&instance).await.unwrap();
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(3), "{took:?}");
    server.thaw();
    bench.close().await;
}

async fn pass(turns: usize) {
    for _ in 0..turns {
        yield_now().await;
    }
}

async fn no_lease(server: &Etcd) {
    assert_eq!(Raw::of(server).leases().await, [0; 0]);
}
