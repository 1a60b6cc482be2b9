//! Groups: spawn many tasks, wait for all of them.

use std::future::Future;
use std::time::{Duration, Instant};

use kit_sync::{Cause, Group};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::work::{Done, RollCall, waits, waits_on_stop_token};

pub(crate) async fn task_tracker<F>(count: u64, work: impl Fn() -> F) -> Duration
where
    F: Future<Output = Done> + Send + 'static,
{
    let start = Instant::now();
    let tracker = TaskTracker::new();
    for _ in 0..count {
        tracker.spawn(work());
    }
    tracker.close();
    tracker.wait().await;
    start.elapsed()
}

pub(crate) async fn group<F>(count: u64, work: impl Fn() -> F) -> Duration
where
    F: Future<Output = Done> + Send + 'static,
{
    let start = Instant::now();
    let mut group = Group::new();
    for _ in 0..count {
        group.spawn(work());
    }
    group.wait().await.expect("no task fails");
    start.elapsed()
}

pub(crate) async fn join_set_waiting(count: u64) -> Duration {
    let start = Instant::now();
    let roll = RollCall::of(count);
    let token = CancellationToken::new();
    let mut set = JoinSet::new();
    for _ in 0..count {
        set.spawn(waits(roll.clone(), token.clone()));
    }
    roll.complete().await;
    token.cancel();
    while let Some(ended) = set.join_next().await {
        ended.expect("no task panics").expect("no task fails");
    }
    start.elapsed()
}

pub(crate) async fn group_waiting(count: u64) -> Duration {
    let start = Instant::now();
    let roll = RollCall::of(count);
    let token = CancellationToken::new();
    let mut group = Group::new();
    for _ in 0..count {
        group.spawn(waits(roll.clone(), token.clone()));
    }
    roll.complete().await;
    token.cancel();
    group.wait().await.expect("no task fails");
    start.elapsed()
}

pub(crate) async fn group_waiting_own_token(count: u64) -> Duration {
    let start = Instant::now();
    let roll = RollCall::of(count);
    let mut group = Group::new();
    for _ in 0..count {
        group.spawn(waits_on_stop_token(roll.clone(), group.token().clone()));
    }
    roll.complete().await;
    group.token().cancel(Cause::Requested("enough".to_owned()));
    group.wait().await.expect("no task fails");
    start.elapsed()
}
