//! A task that is polled again and again: instructions of one poll, counted from outside. The
//! runtime's part, from the wake to the call of the future, is in it on both sides.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use kit_sync::TaskTree;

use crate::measure::one_thread;
use crate::scope::far_off;

pub(crate) fn tokio(count: u64) -> f64 {
    nanos(count, async move {
        let task = tokio::spawn(Restless { polls: count });
        task.await.expect("no task panics");
    })
}

pub(crate) fn track(count: u64) -> f64 {
    nanos(count, async move {
        let tree = TaskTree::new("bench");
        if tree.scope().track(Restless { polls: count }).is_err() {
            unreachable!("the tree is open");
        }
        tree.close(far_off()).await;
    })
}

pub(crate) fn spawn(count: u64) -> f64 {
    nanos(count, async move {
        let tree = TaskTree::new("bench");
        let task = tree.scope().spawn("restless", Restless { polls: count });
        task.await.expect("no task fails");
    })
}

fn nanos(count: u64, run: impl Future<Output = ()>) -> f64 {
    let runtime = one_thread();
    let start = Instant::now();
    runtime.block_on(run);
    start.elapsed().as_nanos() as f64 / count as f64
}

/// A future that wakes itself until it has been polled this number of times.
struct Restless {
    polls: u64,
}

impl Future for Restless {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.polls == 0 {
            return Poll::Ready(());
        }
        self.polls -= 1;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
