//! The promises of every backend, as a suite that runs against one.
//!
//! For a backend's own tests: a dev-dependency with the feature `conformance`, and
//!
//! ```
//! # use kit_registry::{Schemes, conformance};
//! #[tokio::test]
//! # async fn hidden() {}
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() { a_backend_conforms().await }
//! async fn a_backend_conforms() {
//!     let schemes = Schemes::default();
//!     conformance::run(|scope| schemes.open("memory:", scope).unwrap()).await;
//! }
//! ```
//!
//! Each case opens the backend anew, in a new scope, and uses a new service name, so the registry
//! need not be empty. One case waits for 4 s, to see that an instance stays while nothing but
//! [`Registrar::keep_alive`](crate::Registrar::keep_alive) runs: a backend whose entries run out is
//! to be opened with a shorter time.

mod case;
mod keeping;

use std::sync::Arc;
use std::time::Duration;

use kit_sync::Scope;
use tokio::time::{Instant, timeout};

use crate::{Backend, ServiceInstance};
use case::{Case, LIMIT, changed, next, until};

/// Runs every case, one after the other.
///
/// # Panics
/// When the backend breaks a promise, which the message names.
pub async fn run<F>(open: F)
where
    F: Fn(&Scope) -> Backend,
{
    macro_rules! cases {
        ($($case:ident)*) => {$(
            let case = Case::new(stringify!($case), &open);
            $case(&case).await;
            case.close().await;
        )*};
    }
    use keeping::{
        an_instance_stays_while_a_change_is_refused,
        keep_alive_and_hold_are_quiet_while_nothing_happens, own_changes_are_no_loss,
    };
    cases! {
        a_registered_instance_is_listed_as_it_is
        registering_again_changes_nothing_or_replaces
        deregistering_takes_away_and_may_be_repeated
        what_was_never_registered_is_deregistered_at_once
        a_service_does_not_see_another_whose_name_begins_the_same
        an_instance_of_another_id_is_left_alone
        a_watch_yields_the_first_at_once_even_when_empty
        a_watch_sees_what_is_added_changed_and_removed
        two_watches_of_a_service_do_not_disturb_each_other
        a_watch_is_closed_with_its_scope_and_never_empty
        a_registration_shows_changes_and_withdraws
        keep_alive_and_hold_are_quiet_while_nothing_happens
        own_changes_are_no_loss
        an_instance_stays_while_a_change_is_refused
    }
    a_deregistration_is_seen_by_another_view(&open).await;
}

async fn a_registered_instance_is_listed_as_it_is(case: &Case) {
    let instance = ServiceInstance::builder("id 1 <&>", case.service.as_str())
        .version("v1.2.3")
        .metadata("zone", "sh001")
        .metadata("ünïcode", "\u{2028}\"quoted\"\n")
        .endpoint("http://127.0.0.1:8000".parse().expect("an endpoint"))
        .endpoint("grpc://[::1]:9000".parse().expect("an endpoint"))
        .build()
        .expect("a valid instance");
    assert!(case.list().await.is_empty(), "a list before: not empty");
    case.register(&instance).await;
    case.register(&case.instance("2")).await;
    let seen = case.list().await;
    assert_eq!(seen.len(), 2, "two instances: {seen:?}");
    let found = seen.iter().find(|found| found.id() == instance.id());
    assert_eq!(found.map(|found| &**found), Some(&instance));
}

async fn registering_again_changes_nothing_or_replaces(case: &Case) {
    let instance = case.instance("1");
    case.register(&instance).await;
    case.register(&instance).await;
    assert_eq!(*case.only().await, instance, "registered twice");
    let changed = changed(&instance);
    case.register(&changed).await;
    assert_eq!(*case.only().await, changed, "registered with a change");
}

async fn deregistering_takes_away_and_may_be_repeated(case: &Case) {
    let instance = case.instance("1");
    case.register(&instance).await;
    case.deregister(&instance).await;
    assert!(case.list().await.is_empty(), "still listed");
    case.deregister(&instance).await;
    case.register(&instance).await;
    assert_eq!(*case.only().await, instance, "registered after that");
}

async fn what_was_never_registered_is_deregistered_at_once(case: &Case) {
    let begun = Instant::now();
    case.deregister(&case.instance("1")).await;
    let took = begun.elapsed();
    assert!(took < Duration::from_millis(500), "took {took:?}");
}

async fn a_service_does_not_see_another_whose_name_begins_the_same(case: &Case) {
    let longer = ServiceInstance::builder("1", format!("{}world", case.service));
    case.register(&longer.build().expect("a valid instance"))
        .await;
    assert!(case.list().await.is_empty(), "a foreign service is listed");
}

async fn an_instance_of_another_id_is_left_alone(case: &Case) {
    let stays = case.instance("1");
    let goes = case.instance("11");
    case.register(&stays).await;
    case.register(&goes).await;
    case.deregister(&goes).await;
    assert_eq!(*case.only().await, stays);
}

async fn a_watch_yields_the_first_at_once_even_when_empty(case: &Case) {
    let mut watch = case.watch().await;
    let first = next(&mut watch).await;
    assert!(first.instances.is_empty() && first.is_fresh(), "{first:?}");
    case.register(&case.instance("1")).await;
    let mut later = case.watch().await;
    until(&mut later, "the instance", |seen| seen.instances.len() == 1).await;
}

async fn a_watch_sees_what_is_added_changed_and_removed(case: &Case) {
    let mut watch = case.watch().await;
    let first = next(&mut watch).await;
    let instance = case.instance("1");
    case.register(&instance).await;
    let added = until(&mut watch, "an addition", |s| !s.instances.is_empty()).await;
    assert!(added.revision > first.revision, "the revision grows");
    let changed = changed(&instance);
    case.register(&changed).await;
    until(&mut watch, "a change", |s| *s.instances[0] == changed).await;
    case.deregister(&changed).await;
    until(&mut watch, "a removal", |s| s.instances.is_empty()).await;
}

async fn two_watches_of_a_service_do_not_disturb_each_other(case: &Case) {
    let mut one = case.watch().await;
    let mut two = case.watch().await;
    next(&mut one).await;
    case.register(&case.instance("1")).await;
    until(&mut one, "one", |s| s.instances.len() == 1).await;
    drop(one);
    case.register(&case.instance("2")).await;
    until(&mut two, "two", |s| s.instances.len() == 2).await;
    drop(two);
    let mut three = case.watch().await;
    let first = next(&mut three).await;
    assert_eq!(first.instances.len(), 2, "after all others were dropped");
}

async fn a_watch_is_closed_with_its_scope_and_never_empty(case: &Case) {
    case.register(&case.instance("1")).await;
    let mut watch = case.watch().await;
    until(&mut watch, "the instance", |s| s.instances.len() == 1).await;
    case.close().await;
    let end = timeout(LIMIT, watch.next()).await.expect("an end in time");
    assert!(end.is_err(), "after its scope: {end:?}");
}

async fn a_registration_shows_changes_and_withdraws(case: &Case) {
    let registration = case.registration(Arc::clone(&case.backend.registrar));
    registration.first(LIMIT).await.expect("registered");
    let mut watch = case.watch().await;
    until(&mut watch, "the instance", |s| s.instances.len() == 1).await;
    registration.set_metadata("k", "v").expect("small metadata");
    until(&mut watch, "the change", |s| {
        s.instances[0].metadata().contains_key("k")
    })
    .await;
    let withdrawn = registration.deregister_within(LIMIT).await;
    withdrawn.expect("deregistered");
    assert!(case.list().await.is_empty(), "still listed");
    until(&mut watch, "the removal", |s| s.instances.is_empty()).await;
}

async fn a_deregistration_is_seen_by_another_view<F>(open: &F)
where
    F: Fn(&Scope) -> Backend,
{
    let one = Case::new("a_deregistration_is_seen_by_another_view", open);
    let mut two = Case::new("a_deregistration_is_seen_by_another_view", open);
    two.service = one.service.clone();
    let instance = one.instance("1");
    let mut watch = two.watch().await;
    one.register(&instance).await;
    until(&mut watch, "the instance", |s| s.instances.len() == 1).await;
    assert_eq!(*two.only().await, instance);
    one.deregister(&instance).await;
    until(&mut watch, "the removal", |s| s.instances.is_empty()).await;
    one.close().await;
    two.close().await;
}
