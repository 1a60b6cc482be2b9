//! The messages about tasks that a test left behind.

use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use kit_sync::testing::{assert_no_tasks, assert_runtime_has_no_tasks};
use kit_sync::{Group, TaskTree};
use tokio::task::yield_now;
use tokio::time::Instant;

fn message(failed: Result<(), Box<dyn std::any::Any + Send>>) -> String {
    *failed.unwrap_err().downcast::<String>().unwrap()
}

#[tokio::test]
async fn a_leaked_task_is_named_with_its_place() {
    let tree = TaskTree::new("app");
    let scope = tree.scope().child("worker");
    assert_no_tasks(tree.scope());
    scope.spawn("tick", pending::<()>());
    scope.track(pending()).map_err(drop).unwrap();
    yield_now().await;
    let failed = catch_unwind(AssertUnwindSafe(|| assert_no_tasks(tree.scope())));
    let message = message(failed);
    assert!(
        message.contains("app/worker/tick, spawned at "),
        "{message}"
    );
    assert!(
        message.contains("app/worker: 1 unnamed, spawned at "),
        "{message}"
    );
    assert!(message.contains("testing.rs:"), "{message}");
    tree.close(Instant::now()).await;
    assert_no_tasks(tree.scope());
    assert_runtime_has_no_tasks(Duration::from_secs(5)).await;
}

#[tokio::test(start_paused = true)]
async fn the_runtime_lists_the_tasks_of_every_tree_on_it() {
    let trees = [TaskTree::new("one"), TaskTree::new("other")];
    for tree in &trees {
        tree.scope().spawn("forgotten", pending::<()>());
    }
    let message = message(catch(assert_runtime_has_no_tasks(Duration::from_secs(1))).await);
    assert!(message.contains("the runtime holds 2 tasks"), "{message}");
    assert!(
        message.contains("one/forgotten") && message.contains("other/forgotten"),
        "{message}"
    );
    assert!(
        message.contains("at crates/kit-sync/tests/testing.rs:"),
        "{message}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_no_tree_knows_is_counted() {
    let group = Group::<()>::new();
    group.spawn(pending());
    let message = message(catch(assert_runtime_has_no_tasks(Duration::from_secs(1))).await);
    assert!(
        message.contains("holds 1 task; known of them: none"),
        "{message}"
    );
}

async fn catch(future: impl Future<Output = ()>) -> Result<(), Box<dyn std::any::Any + Send>> {
    let mut future = std::pin::pin!(future);
    std::future::poll_fn(
        |cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
            Ok(poll) => poll.map(Ok),
            Err(payload) => std::task::Poll::Ready(Err(payload)),
        },
    )
    .await
}
