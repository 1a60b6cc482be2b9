//! A refusal of etcd takes away nothing that it allowed before.

use std::time::Duration;

use kit_registry::RegistrationState;
use kit_test_support::Etcd;
use tokio::time::{Instant, sleep};

use crate::bench::{Bench, KEY, degraded, eventually, registered, state};
use crate::lines;
use crate::raw::{Kv, May, Raw};

const USER: &str = "kit";
const PASSWORD: &str = "secret";

/// Longer than any lease lives here without being kept alive: 2 s, and 1 s until etcd looks.
const LONGER: Duration = Duration::from_secs(4);

/// A server with a user who may do this below `/microservices/`, and its registry.
async fn restricted(may: May) -> (Etcd, Raw, Bench) {
    let server = Etcd::start().await;
    let mut raw = Raw::of(&server);
    raw.add_user(USER, PASSWORD).await;
    raw.permit(USER, may).await;
    raw.enable_auth("other", "other").await;
    let address = server.address();
    let url = format!("etcd://{USER}:{PASSWORD}@{address}/microservices?ttl=2s");
    let bench = Bench::open(&url);
    (server, raw, bench)
}

/// Looks at the key for longer than its lease lives.
async fn stays(raw: &Raw, what: &str) -> Kv {
    let first = raw.get(KEY).await.expect("the key");
    let began = Instant::now();
    while began.elapsed() < LONGER {
        let now = raw.get(KEY).await;
        assert_eq!(
            now.as_ref(),
            Some(&first),
            "{what}, after {:?}",
            began.elapsed()
        );
        sleep(Duration::from_millis(100)).await;
    }
    first
}

async fn value_with(raw: &Raw, text: &str) -> Kv {
    eventually(text, async || {
        let kv = raw.get(KEY).await?;
        String::from_utf8_lossy(&kv.value)
            .contains(text)
            .then_some(kv)
    })
    .await
}

/// The server takes less than usual, so a value that Kit allows is too large for it, as one of 1.8 MB
/// is with its defaults.
#[tokio::test]
async fn a_value_that_is_too_large_for_the_server_leaves_the_one_before_it() {
    let server = Etcd::start_with(&["--max-request-bytes", "65536"]).await;
    let raw = Raw::of(&server);
    let bench = Bench::open(&server.url("/microservices?ttl=2s"));
    let registration = bench.registered().await;
    let before = raw.get(KEY).await.expect("the key");
    let large = "<".repeat(50_000);
    registration.set_metadata("note", large).unwrap();
    let state = state(&registration, "degraded", |state| {
        matches!(state, RegistrationState::Degraded { shown: Some(_), .. })
    })
    .await;
    assert_eq!(
        state.to_string(),
        format!(
            "shown as before the change of metadata 'note': cannot register helloworld/1: etcd at \
             {} refused: request is too large",
            server.address()
        )
    );
    let after = stays(&raw, "while the change is refused").await;
    assert_eq!(after, before);

    registration.set_metadata("note", "short").unwrap();
    registered(&registration).await;
    let now = value_with(&raw, r#""note":"short""#).await;
    assert_eq!(now.lease, before.lease);
    registration.deregister().await.unwrap();
    assert_eq!(raw.get(KEY).await, None);
    bench.close().await;
}

/// Newer servers renew a lease only for a login that may write its keys, so there the key goes with its
/// lease.
#[tokio::test]
async fn a_permission_to_write_that_is_gone_leaves_the_value_until_it_is_back() {
    let (server, raw, bench) = restricted(May::Both).await;
    let registration = bench.registered().await;
    raw.forbid(USER).await;
    registration.set_metadata("k", "v").unwrap();
    let why = degraded(&registration).await;
    assert!(why.ends_with("refused: permission denied"), "{why}");
    if server.version().await < (3, 6) {
        stays(&raw, "without the permission").await;
    } else {
        let is_gone = async || raw.get(KEY).await.is_none().then_some(());
        eventually("the end of the lease", is_gone).await;
    }
    raw.permit(USER, May::Both).await;
    registered(&registration).await;
    value_with(&raw, r#""k":"v""#).await;
    registration.deregister().await.unwrap();
    assert_eq!(raw.get(KEY).await, None);
    bench.close().await;
}

#[tokio::test]
async fn a_login_that_may_write_and_not_read_is_registered_for_as_long_as_it_wants() {
    let (lines, _guard) = lines::collect();
    let (_server, raw, bench) = restricted(May::Write).await;
    let registration = bench.registered().await;
    let mut states = registration.states();
    states.mark_unchanged();
    let before = stays(&raw, "without reading").await;
    assert!(!states.has_changed().unwrap(), "{registration:?}");

    for value in ["1", "2"] {
        registration.set_metadata("k", value).unwrap();
        let after = value_with(&raw, &format!(r#""k":"{value}""#)).await;
        assert_eq!(after.lease, before.lease);
    }
    registered(&registration).await;
    stays(&raw, "after a change").await;

    // A lease that is gone is seen without reading.
    raw.revoke(before.lease).await;
    let again = eventually("the key", async || raw.get(KEY).await).await;
    assert_ne!(again.lease, before.lease);
    registered(&registration).await;
    let warned = lines.all();
    assert!(
        warned.len() == 1 && warned[0].contains("may be written but not read"),
        "{warned:#?}"
    );
    registration.deregister().await.unwrap();
    assert_eq!(raw.get(KEY).await, None);
    assert_eq!(raw.lease(again.lease).await.left, -1);
    bench.close().await;
}
