//! Cases about watches.

use std::time::Duration;

use kit_sync::TreeSnapshot;
use tokio::time::{sleep, timeout};

use super::case::{Case, LIMIT, changed, next, until};
use crate::Snapshot;

/// The number of watches of one service, or of services that are watched.
const MANY: usize = 100;

pub(super) async fn a_watch_yields_the_first_at_once_even_when_empty(case: &Case<'_>) {
    let mut watch = case.watch().await;
    let first = next(&mut watch).await;
    assert!(first.instances.is_empty() && first.is_fresh(), "{first:?}");
    case.register(&case.instance("1")).await;
    let mut later = case.watch().await;
    until(&mut later, "the instance", |seen| seen.instances.len() == 1).await;
}

pub(super) async fn a_watch_sees_what_is_added_changed_and_removed(case: &Case<'_>) {
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
    let last = until(&mut watch, "a removal", |s| s.instances.is_empty()).await;
    assert!(last.is_fresh(), "the last has left: {last:?}");
}

pub(super) async fn two_watches_of_a_service_do_not_disturb_each_other(case: &Case<'_>) {
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

pub(super) async fn many_watches_of_a_service_see_each_change(case: &Case<'_>) {
    let mut watches = Vec::new();
    for _ in 0..MANY {
        watches.push(case.watch().await);
    }
    for (count, id) in ["1", "2"].into_iter().enumerate() {
        case.register(&case.instance(id)).await;
        for (index, watch) in watches.iter_mut().enumerate() {
            let what = format!("{id} by the watch {index} of {MANY}");
            until(watch, &what, |s| s.instances.len() == count + 1).await;
        }
    }
    case.deregister(&case.instance("1")).await;
    for (index, watch) in watches.iter_mut().enumerate() {
        let what = format!("a removal by the watch {index} of {MANY}");
        until(watch, &what, |s| s.instances.len() == 1).await;
    }
}

/// The reader of a watch that sleeps neither delays a call nor another watch, and then reads the latest
/// list alone.
pub(super) async fn an_idle_watch_holds_up_nothing_and_then_sees_the_latest(case: &Case<'_>) {
    let mut idle = case.watch().await;
    let mut eager = case.watch().await;
    next(&mut idle).await;
    let mut instance = case.instance("1");
    for version in 1..=50 {
        let next = instance.to_builder().version(version.to_string()).build();
        instance = next.expect("a valid instance");
        case.register(&instance).await;
    }
    let is_last = |s: &Snapshot| s.instances.first().is_some_and(|one| **one == instance);
    until(&mut eager, "the last change", is_last).await;
    let mut read = 1;
    while !is_last(&*next(&mut idle).await) {
        read += 1;
    }
    // A backend may publish once more while the idle reader begins.
    assert!(read <= 3, "an idle watch read {read} of 50 changes");
}

/// Everything that watches need ends with them: the tasks in the scope are no more than with one watch.
pub(super) async fn dropped_watches_free_everything(case: &Case<'_>) {
    let mut watches = vec![case.watch().await];
    next(&mut watches[0]).await;
    let with_one = tasks(&case.tree.tree());
    for number in 0..MANY {
        let service = format!("{}-{number}", case.service);
        let service = service.parse().expect("a valid name");
        let mut watch = case.watch_of(&service).await;
        next(&mut watch).await;
        watches.push(watch);
        watches.push(case.watch().await);
    }
    drop(watches);
    let freed = timeout(LIMIT, async {
        while tasks(&case.tree.tree()) > with_one {
            sleep(Duration::from_millis(10)).await;
        }
    });
    if freed.await.is_err() {
        let tree = case.tree.tree();
        let left = tasks(&tree);
        panic!("{left} tasks are left of {MANY} watches, {with_one} with one watch:\n{tree}");
    }
}

fn tasks(tree: &TreeSnapshot) -> usize {
    let members = tree.members.iter().map(|members| members.count);
    let below = tree.scopes.iter().map(tasks);
    let here = tree.tasks.len() + tree.more_tasks + tree.fresh_members;
    here + members.sum::<usize>() + below.sum::<usize>()
}

/// `Closed`, also for a reader that waits, and errors from then on: an empty list would say that nothing
/// is there.
pub(super) async fn the_end_of_the_scope_closes_watches_and_is_never_an_empty_list(
    case: &Case<'_>,
) {
    case.register(&case.instance("1")).await;
    let mut watch = case.watch().await;
    let mut waiting = case.watch().await;
    until(&mut watch, "the instance", |s| s.instances.len() == 1).await;
    until(&mut waiting, "the instance", |s| s.instances.len() == 1).await;
    let waits = async {
        loop {
            match waiting.next().await {
                Ok(seen) => assert_eq!(seen.instances.len(), 1, "after its scope: {seen:?}"),
                Err(closed) => return closed,
            }
        }
    };
    let (end, ()) = tokio::join!(timeout(LIMIT, waits), case.close());
    end.expect("a waiting reader sees the end in time");
    let end = timeout(LIMIT, watch.next()).await.expect("an end in time");
    assert!(end.is_err(), "after its scope: {end:?}");

    let discovery = &case.backend.discovery;
    let list = timeout(LIMIT, discovery.instances(&case.service)).await;
    let list = list.expect("an answer in time");
    assert!(list.is_err(), "a list after the end of its scope: {list:?}");
    let opened = timeout(LIMIT, discovery.watch(&case.service)).await;
    let opened = opened.expect("an answer in time");
    assert!(
        opened.is_err(),
        "a watch after the end of its scope: {opened:?}"
    );
}
