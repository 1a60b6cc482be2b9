//! The end of a large tree: every task is cancelled, and every task is waited for. All of them are
//! there before the clock starts.
//!
//! Each hundred tasks have a scope, whose token they wait on; the peer gives each hundred a child
//! of one token, which is how its users cut a program into parts.

use std::time::{Duration, Instant};

use kit_sync::{Scope, TaskTree};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::scope::far_off;
use crate::work::{RollCall, waits, waits_on_stop_token};

const IN_SCOPE: u64 = 100;

pub(crate) async fn task_tracker(count: u64) -> Duration {
    let roll = RollCall::of(count);
    let token = CancellationToken::new();
    let tracker = TaskTracker::new();
    for _ in 0..count / IN_SCOPE {
        let part = token.child_token();
        for _ in 0..IN_SCOPE {
            tracker.spawn(waits(roll.clone(), part.clone()));
        }
    }
    roll.complete().await;
    let start = Instant::now();
    token.cancel();
    tracker.close();
    tracker.wait().await;
    start.elapsed()
}

pub(crate) async fn spawn(count: u64) -> Duration {
    let roll = RollCall::of(count);
    let start_in = |scope: &Scope| {
        scope.spawn(
            "task",
            waits_on_stop_token(roll.clone(), scope.token().clone()),
        );
    };
    close_tree(count, &roll, start_in).await
}

pub(crate) async fn track(count: u64) -> Duration {
    let roll = RollCall::of(count);
    let start_in = |scope: &Scope| {
        let waiting = waits_on_stop_token(roll.clone(), scope.token().clone());
        let tracked = scope.track(async move {
            let _ = waiting.await;
        });
        assert!(tracked.is_ok(), "the tree is open");
    };
    close_tree(count, &roll, start_in).await
}

async fn close_tree(count: u64, roll: &RollCall, start_in: impl Fn(&Scope)) -> Duration {
    let tree = TaskTree::new("bench");
    let scopes: Vec<_> = (0..count / IN_SCOPE)
        .map(|_| tree.scope().child("scope"))
        .collect();
    for scope in &scopes {
        for _ in 0..IN_SCOPE {
            start_in(scope);
        }
    }
    roll.complete().await;
    let start = Instant::now();
    let report = tree.close(far_off()).await;
    let took = start.elapsed();
    assert!(report.on_time(), "nothing had to be aborted");
    took
}
