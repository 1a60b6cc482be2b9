//! The entry of a registration: its value, its lease, and its end.

use kit_test_support::{Etcd, dead_address};
use std::time::Duration;

use kit_registry::{Error, RegistrationState};
use tokio::time::{Instant, timeout};

use crate::bench::{Bench, KEY, LIMIT, VALUE, alive_tasks, eventually, instance};
use crate::raw::Raw;

/// The text of the error without its time, which a stall makes longer than the limit.
fn why_it_gave_up(error: &Error) -> String {
    let text = error.chain().to_string();
    let (time, why) = text.split_once(": ").expect("a reason");
    assert!(time.starts_with("gave up after "), "{text}");
    why.to_owned()
}

#[tokio::test]
async fn key_value_and_lease_are_as_promised() {
    let server = Etcd::start().await;
    let bench = Bench::open(&server.url(""));
    let registration = bench.registered().await;
    let kv = Raw::of(&server).get(KEY).await.expect("the key");
    assert_eq!(String::from_utf8(kv.value).unwrap(), VALUE);
    let lease = Raw::of(&server).lease(kv.lease).await;
    assert_eq!(lease.granted, 15);
    registration.deregister().await.unwrap();
    assert_eq!(Raw::of(&server).get(KEY).await, None);
    assert_eq!(Raw::of(&server).lease(kv.lease).await.left, -1);
    bench.close().await;
}

#[tokio::test]
async fn namespace_and_ttl_come_from_the_url() {
    let server = Etcd::start().await;
    let bench = Bench::open(&server.url("/a/b/?ttl=7s"));
    let registration = bench.registered().await;
    let kv = Raw::of(&server)
        .get("/a/b/helloworld/1")
        .await
        .expect("the key");
    assert_eq!(Raw::of(&server).lease(kv.lease).await.granted, 7);
    registration.deregister().await.unwrap();
    bench.close().await;
}

#[tokio::test]
async fn a_change_keeps_the_lease() {
    let server = Etcd::start().await;
    let bench = Bench::open(&server.url(""));
    let registration = bench.registered().await;
    let before = Raw::of(&server).get(KEY).await.expect("the key");
    registration.set_metadata("weight", "10").unwrap();
    let after = eventually("the change", async || {
        let kv = Raw::of(&server).get(KEY).await?;
        String::from_utf8_lossy(&kv.value)
            .contains(r#""weight":"10""#)
            .then_some(kv)
    })
    .await;
    assert_eq!(after.lease, before.lease);
    assert_eq!(after.create_revision, before.create_revision);
    bench.close().await;
}

#[tokio::test]
async fn a_put_that_comes_after_deregister_does_not_bring_it_back() {
    let server = Etcd::start().await;
    let bench = Bench::open(&server.url(""));
    let registrar = &bench.backend.registrar;
    registrar.register(&instance()).await.unwrap();
    let lease = Raw::of(&server).get(KEY).await.expect("the key").lease;

    // A put is on its way to a server that does not read, and its caller has gone.
    server.freeze();
    let changed = instance().to_builder().version("v2").build().unwrap();
    let put = timeout(Duration::from_millis(300), registrar.register(&changed));
    assert!(put.await.is_err(), "a frozen etcd answered");
    server.thaw();

    registrar.deregister(&instance()).await.unwrap();
    assert_eq!(Raw::of(&server).get(KEY).await, None);
    let late = Raw::of(&server)
        .try_put(KEY, VALUE, lease)
        .await
        .unwrap_err();
    assert!(late.message().contains("lease not found"), "{late}");
    bench.close().await;
}

#[tokio::test]
async fn a_cancelled_scope_takes_the_instance_away() {
    let server = Etcd::start().await;
    let bench = Bench::open(&server.url(""));
    let scope = bench.tree.scope().child("registration");
    let registrar = bench.backend.registrar.clone();
    let registration = kit_registry::Registration::spawn(&scope, registrar, instance());
    registration.first(LIMIT).await.unwrap();
    scope.close(Instant::now() + LIMIT).await;
    assert_eq!(Raw::of(&server).get(KEY).await, None);
    bench.close().await;
}

#[tokio::test]
async fn an_unreachable_etcd_is_named_with_its_endpoints_and_the_cause() {
    let (one, two) = (dead_address(), dead_address());
    let url = format!("etcd://user:secret@{one},{two}/x");
    let bench = Bench::open(&url);
    assert_eq!(bench.backend.description, format!("etcd at {one}, {two}"));
    let registration = bench.register();
    let error = registration
        .first(Duration::from_secs(1))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::GaveUp { .. }), "{error:?}");
    assert_eq!(
        why_it_gave_up(&error),
        format!(
            "cannot log in as \"user\": etcd at {one}, {two} is unreachable: \
             connection refused"
        )
    );
    assert!(!format!("{error:?}").contains("secret"));

    // Nothing was written, so nothing is asked of the etcd: that would fail.
    registration.deregister().await.unwrap();
    bench.close().await;

    let bench = Bench::open(&format!("etcd://{one}"));
    let error = bench
        .backend
        .registrar
        .register(&instance())
        .await
        .unwrap_err();
    assert_eq!(
        error.chain().to_string(),
        format!("cannot register helloworld/1: etcd at {one} is unreachable: connection refused")
    );
    bench.close().await;
}

#[tokio::test]
async fn a_host_that_does_not_exist_is_named_with_the_cause() {
    let bench = Bench::open("etcd://no-such-host.invalid:2379");
    let error = bench
        .backend
        .registrar
        .register(&instance())
        .await
        .unwrap_err();
    let text = error.chain().to_string();
    let expected = "etcd at no-such-host.invalid:2379 is unreachable: ";
    assert!(text.contains(expected) && text.contains("lookup"), "{text}");
    bench.close().await;
}

#[tokio::test]
async fn a_frozen_etcd_is_named_with_how_long_was_waited() {
    let server = Etcd::start().await;
    server.freeze();
    let bench = Bench::open(&server.url(""));
    let registration = bench.register();
    let error = registration
        .first(Duration::from_secs(5))
        .await
        .unwrap_err();
    assert_eq!(
        why_it_gave_up(&error),
        format!(
            "cannot register helloworld/1: etcd at {} is unreachable: no answer \
             within 3.0s",
            server.address()
        )
    );
    server.thaw();
    registration.first(LIMIT).await.unwrap();
    bench.close().await;
}

#[tokio::test]
async fn dead_endpoints_are_passed_over() {
    let server = Etcd::start().await;
    // Any of them is the first.
    let dead = [dead_address(), dead_address(), dead_address()].join(",");
    let url = format!("etcd://{dead},{}", server.address());
    let bench = Bench::open(&url);
    let registration = bench.registered().await;
    for _ in 0..50 {
        let list = bench.backend.discovery.instances(instance().name()).await;
        assert_eq!(list.unwrap().instances.len(), 1);
    }
    registration.deregister().await.unwrap();
    bench.close().await;
}

#[tokio::test]
async fn one_frozen_endpoint_of_two_is_passed_over() {
    let frozen = Etcd::start().await;
    frozen.freeze();
    let server = Etcd::start().await;
    let url = format!("etcd://{},{}", frozen.address(), server.address());
    let bench = Bench::open(&url);
    let registration = bench.registered().await;
    // An attempt at the frozen one would take as long.
    registration
        .deregister_within(Duration::from_secs(3))
        .await
        .unwrap();
    assert_eq!(Raw::of(&server).get(KEY).await, None);
    bench.close().await;
}

#[tokio::test]
async fn a_deregistration_without_an_etcd_fails_by_name_and_goes_on() {
    let mut server = Etcd::start().await;
    let bench = Bench::open(&server.url(""));
    let registration = bench.registered().await;
    server.kill();
    let limit = Duration::from_secs(1);
    let error = registration.deregister_within(limit).await.unwrap_err();
    let text = why_it_gave_up(&error);
    assert!(
        text.starts_with("cannot deregister helloworld/1: etcd at 127.0.0.1:")
            && text.ends_with("connection refused"),
        "{text}"
    );
    // It goes on.
    server.restart().await;
    let mut state = registration.states();
    let withdrawn = state.wait_for(|s| matches!(s, RegistrationState::Withdrawn));
    timeout(LIMIT, withdrawn)
        .await
        .expect("in time")
        .expect("withdrawn");
    assert_eq!(Raw::of(&server).get(KEY).await, None);
    bench.close().await;
}

#[tokio::test]
async fn nothing_is_left_of_a_closed_registry() {
    let server = Etcd::start().await;
    let bench = Bench::open(&server.url(""));
    let registration = bench.registered().await;
    let mut watch = bench
        .backend
        .discovery
        .watch(instance().name())
        .await
        .unwrap();
    assert_eq!(watch.next().await.unwrap().instances.len(), 1);
    registration.deregister().await.unwrap();
    let backend = bench.backend.clone();
    bench.close().await;
    // Also while the backend and a cursor are still held.
    assert!(watch.next().await.is_err());
    eventually("an end of all tasks", async || {
        (alive_tasks() == 0).then_some(())
    })
    .await;
    let error = backend.registrar.register(&instance()).await.unwrap_err();
    assert!(matches!(error, Error::Closed { .. }), "{error:?}");
    let error = backend
        .discovery
        .watch(instance().name())
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Closed { .. }), "{error:?}");
}
