//! Scopes: the tasks of a program, come and gone.
//!
//! A million tasks live in batches, as they would over time. A batch ends when everything of it
//! has been handed over: `JoinSet` gives each result, named tasks are awaited one by one, which
//! gives the same. Members of `track` have no handle, so their tree is closed; a close reports
//! nothing on members, and waits for just them. Each batch has its own tree.

use std::future::Future;
use std::time::{Duration, Instant};

use kit_sync::{Scope, TaskTree};
use tokio::task::JoinSet;
use tokio_util::task::TaskTracker;

use crate::work::Done;

const BATCH: u64 = 10_000;

pub(crate) async fn join_set<F>(count: u64, work: impl Fn() -> F) -> Duration
where
    F: Future<Output: Send> + Send + 'static,
{
    let start = Instant::now();
    for batch in batches(count) {
        let mut set = JoinSet::new();
        for _ in 0..batch {
            set.spawn(work());
        }
        while let Some(ended) = set.join_next().await {
            ended.expect("no task panics");
        }
    }
    start.elapsed()
}

/// Without handles, as members are: the thread that runs a task last frees it.
pub(crate) async fn task_tracker<F>(count: u64, work: impl Fn() -> F) -> Duration
where
    F: Future<Output = ()> + Send + 'static,
{
    let start = Instant::now();
    for batch in batches(count) {
        let tracker = TaskTracker::new();
        for _ in 0..batch {
            tracker.spawn(work());
        }
        tracker.close();
        tracker.wait().await;
    }
    start.elapsed()
}

pub(crate) async fn spawn<F>(count: u64, depth: usize, work: impl Fn() -> F) -> Duration
where
    F: Future<Output = Done> + Send + 'static,
{
    let start = Instant::now();
    for batch in batches(count) {
        let tree = TaskTree::new("bench");
        let scope = at_depth(&tree, depth);
        let tasks: Vec<_> = (0..batch).map(|_| scope.spawn("task", work())).collect();
        for task in tasks {
            task.await.expect("no task fails");
        }
    }
    start.elapsed()
}

pub(crate) async fn track<F>(count: u64, depth: usize, work: impl Fn() -> F) -> Duration
where
    F: Future<Output = ()> + Send + 'static,
{
    let start = Instant::now();
    for batch in batches(count) {
        let tree = TaskTree::new("bench");
        let scope = at_depth(&tree, depth);
        for _ in 0..batch {
            if scope.track(work()).is_err() {
                unreachable!("the tree is open");
            }
        }
        tree.close(far_off()).await;
    }
    start.elapsed()
}

/// A scope with `depth` scopes from the root to it, both counted.
fn at_depth(tree: &TaskTree, depth: usize) -> Scope {
    (1..depth).fold(tree.scope().clone(), |scope, _| scope.child("below"))
}

/// A deadline that never comes.
pub(crate) fn far_off() -> tokio::time::Instant {
    tokio::time::Instant::now() + Duration::from_secs(3600)
}

/// The sizes of the batches.
pub(crate) fn batches(count: u64) -> impl Iterator<Item = u64> {
    (0..count)
        .step_by(BATCH as usize)
        .map(move |done| BATCH.min(count - done))
}
