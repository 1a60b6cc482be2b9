//! Blocking work: how it is cancelled, taken back and waited for.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use kit_sync::{Cause, Outcome, TaskTree};
use tokio::runtime::Builder;
use tokio::time::Instant;

struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[test]
fn what_never_got_a_thread_is_said_to_and_holds_its_place_until_it_is_gone() {
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .max_blocking_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let live = Arc::new(AtomicUsize::new(usize::MAX));
    runtime.block_on(async {
        let (tree, other) = (TaskTree::new("app"), TaskTree::new("other"));
        let (leave, left) = mpsc::channel::<()>();
        let (begun, begins) = tokio::sync::oneshot::channel();
        let busy = other.scope().spawn_blocking("busy", move |_| {
            begun.send(()).unwrap();
            let _ = left.recv();
        });
        begins.await.unwrap();
        let (scope, seen) = (tree.scope().clone(), Arc::clone(&live));
        let held = OnDrop(move || seen.store(scope.live(), Ordering::SeqCst));
        let queued = tree.scope().spawn_blocking("queued", move |_| drop(held));
        let report = tree.close(Instant::now()).await;
        let outcome = report.tasks[0].outcome();
        assert!(
            matches!(outcome, Outcome::Stuck { why } if why.contains("never got a thread")),
            "{outcome}"
        );
        drop(leave);
        busy.await.unwrap();
        assert!(queued.await.is_err());
    });
    assert_eq!(
        live.load(Ordering::SeqCst),
        1,
        "counted while its capture lived"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_value_without_a_receiver_is_dropped_before_the_thread_leaves_its_place() {
    let tree = TaskTree::new("app");
    let live = Arc::new(AtomicUsize::new(usize::MAX));
    let (scope, seen) = (tree.scope().clone(), Arc::clone(&live));
    let value = OnDrop(move || seen.store(scope.live(), Ordering::SeqCst));
    let (go, wait) = std::sync::mpsc::channel();
    let work = move |_| {
        // The handle is gone by then: it would drop the value itself, and on another thread.
        wait.recv()?;
        Ok(value)
    };
    drop(tree.scope().spawn_thread("thread", work).unwrap());
    go.send(()).unwrap();
    let report = tree.close(Instant::now() + Duration::from_secs(20)).await;
    assert!(report.on_time());
    assert_eq!(live.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn blocking_work_cannot_cancel_the_token_of_its_scope_alone() {
    let tree = TaskTree::new("app");
    let task = tree.scope().spawn_blocking("part", |token| {
        token.cancel(Cause::Deadline);
    });
    task.await.unwrap();
    assert!(!tree.scope().token().is_cancelled());
}

#[tokio::test]
async fn a_thread_cannot_have_a_nul_in_its_name() {
    let tree = TaskTree::new("app");
    let refused = tree.scope().spawn_thread("a\0b", |_| ()).unwrap_err();
    assert!(refused.to_string().contains("NUL"), "{refused}");
    assert_eq!(tree.scope().live(), 0);
}
