//! Cases about the end of a registration, and about two processes with one id.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::time::timeout;

use super::case::{Case, LIMIT, until};
use crate::{Registration, ServiceInstance, Watch};

/// The time for which what was taken away must not come back.
const STAYS_AWAY: Duration = Duration::from_secs(1);

pub(super) async fn a_registration_shows_changes_and_withdraws(case: &Case<'_>) {
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

/// Drops `register` before its first poll, after it, after the second, and so on until it completes, as
/// a registration does that ends: whatever was on its way by then, the instance is gone after
/// `deregister`, and does not come back.
pub(super) async fn a_register_dropped_at_any_await_is_void_after_deregister(case: &Case<'_>) {
    let registrar = &case.backend.registrar;
    for polls in 0..500 {
        let instance = case.instance(&format!("dropped-{polls}"));
        let is_done = {
            let kept = registrar.keep_alive(&instance);
            let register = at_most(polls, registrar.register(&instance));
            tokio::select! {
                biased;
                reason = kept => panic!("kept alive until {reason}"),
                done = timeout(LIMIT, register) => done.expect("registered in time"),
            }
        };
        case.deregister(&instance).await;
        let seen = case.list().await;
        assert!(seen.is_empty(), "dropped after {polls} polls: {seen:?}");
        if let Some(registered) = is_done {
            registered.expect("registered");
            break;
        }
    }
    let mut watch = case.watch().await;
    let back = until(&mut watch, "an instance", |seen| !seen.instances.is_empty());
    if let Ok(seen) = timeout(STAYS_AWAY, back).await {
        panic!("an instance that was taken away came back: {seen:?}");
    }
}

/// Polls a future at most `polls` times. `None` when it was not complete by then.
async fn at_most<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|context| {
        if left > 0 {
            left -= 1;
            if let Poll::Ready(output) = future.as_mut().poll(context) {
                return Poll::Ready(Some(output));
            }
        }
        if left == 0 {
            Poll::Ready(None)
        } else {
            Poll::Pending
        }
    })
    .await
}

pub(super) async fn a_deregistration_is_seen_by_another_view(case: &Case<'_>) {
    let other = case.another_view();
    let instance = case.instance("1");
    let mut watch = other.watch().await;
    case.register(&instance).await;
    until(&mut watch, "the instance", |s| s.instances.len() == 1).await;
    assert_eq!(*other.only().await, instance);
    case.deregister(&instance).await;
    until(&mut watch, "the removal", |s| s.instances.is_empty()).await;
    other.close().await;
}

/// The newest process shows itself; the older one does not fight for the id, does not take the newer one
/// away when it leaves, and is back when the newer one has left.
pub(super) async fn of_two_owners_of_an_id_the_newest_is_shown_until_it_leaves(case: &Case<'_>) {
    let (other, third) = (case.another_view(), case.another_view());
    let mut watch = case.watch().await;
    let old = owner(case, "old");
    old.first(LIMIT).await.expect("registered");
    until_version(&mut watch, "old").await;
    let new = owner(&other, "new");
    new.first(LIMIT).await.expect("the newest is registered");
    until_version(&mut watch, "new").await;
    // Longer than the first delays between attempts.
    if let Ok(seen) = timeout(STAYS_AWAY, watch.next()).await {
        panic!("two owners fight for an id: {seen:?}");
    }

    let newest = owner(&third, "newest");
    newest.first(LIMIT).await.expect("the newest is registered");
    until_version(&mut watch, "newest").await;
    old.deregister_within(LIMIT).await.expect("deregistered");
    let left = case.only().await;
    assert_eq!(left.version(), "newest", "after an older owner has left");
    newest.deregister_within(LIMIT).await.expect("deregistered");
    until_version(&mut watch, "new").await;
    new.deregister_within(LIMIT).await.expect("deregistered");
    until(&mut watch, "the removal", |seen| seen.instances.is_empty()).await;
    for view in [other, third] {
        view.close().await;
    }
}

fn owner(view: &Case<'_>, version: &str) -> Registration {
    let instance = view.instance("1").to_builder().version(version).build();
    let instance = instance.expect("a valid instance");
    let scope = view.tree.scope().child("registration");
    Registration::spawn(&scope, Arc::clone(&view.backend.registrar), instance)
}

async fn until_version(watch: &mut Watch, version: &str) {
    let is_it = |shown: &Arc<ServiceInstance>| shown.version() == version;
    until(watch, version, |seen| {
        assert!(seen.instances.len() <= 1, "one id twice: {seen:?}");
        seen.instances.first().is_some_and(is_it)
    })
    .await;
}
