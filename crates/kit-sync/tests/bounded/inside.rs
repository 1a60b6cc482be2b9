//! Tasks that spawn into their own group.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use kit_sync::{BoundedHandle, Group};

use crate::{poll_once, settle, task_and_end};

#[tokio::test]
async fn a_task_that_holds_the_last_place_runs_a_nested_future_itself() {
    let mut group = Group::<&str>::bounded(1);
    let handle = group.handle();
    let task = async move {
        match handle.try_spawn(async { Err("from inside") }) {
            Ok(()) => Err("there is no place"),
            Err(future) => future.await,
        }
    };
    group.spawn(task).await;
    assert_eq!(group.wait().await, Err("from inside"));
}

/// Counts the nodes of a tree, each in a task if a place is free, and else in its parent's.
fn count(handle: BoundedHandle<&'static str>, depth: u32, nodes: Arc<AtomicUsize>) -> CountFuture {
    Box::pin(async move {
        nodes.fetch_add(1, Ordering::SeqCst);
        for _ in 0..if depth == 0 { 0 } else { 3 } {
            let child = count(handle.clone(), depth - 1, Arc::clone(&nodes));
            if let Err(child) = handle.try_spawn(child) {
                child.await?;
            }
        }
        Ok(())
    })
}

type CountFuture = Pin<Box<dyn Future<Output = Result<(), &'static str>> + Send>>;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nested_spawns_end_whatever_the_limit() {
    for limit in [1, 2, 3, 10] {
        let mut group = Group::bounded(limit);
        let nodes = Arc::new(AtomicUsize::new(0));
        let root = count(group.handle(), 6, Arc::clone(&nodes));
        group.spawn(root).await;
        assert_eq!(group.wait().await, Ok(()));
        assert_eq!(nodes.load(Ordering::SeqCst), (3_usize.pow(7) - 1) / 2);
    }
}

#[tokio::test]
async fn a_task_that_gave_up_waiting_keeps_no_other_from_its_place() {
    let mut group = Group::<&str>::bounded(2);
    let (task, end) = task_and_end();
    let handle = group.handle();
    let gave_up = async move {
        let mut gives_up = handle.spawn(async { Ok(()) });
        assert!(poll_once(&mut gives_up).is_pending());
        drop(gives_up);
        task.await
    };
    let handle = group.handle();
    let waits = async move {
        let spawned = handle.spawn(async { Ok(()) }).await;
        spawned.map_err(|_| "rejected, although the other task will end")
    };
    let (holds, let_go) = task_and_end();
    group.spawn(holds).await;
    group.spawn(gave_up).await;
    settle().await;
    let_go.send(()).unwrap();
    group.spawn(waits).await;
    settle().await;
    end.send(()).unwrap();
    assert_eq!(group.wait().await, Ok(()));
}

#[tokio::test]
async fn a_task_of_another_group_waits_for_a_place() {
    let mut group = Group::<&str>::bounded(1);
    let mut other = Group::<&str>::bounded(1);
    let (task, end) = task_and_end();
    group.spawn(task).await;
    let handle = group.handle();
    // A task, but of another group.
    let waits = async move {
        let spawned = handle.spawn(async { Ok(()) }).await;
        spawned.map_err(|_| "rejected")
    };
    other.spawn(waits).await;
    settle().await;
    end.send(()).unwrap();
    assert_eq!(other.wait().await, Ok(()));
    assert_eq!(group.wait().await, Ok(()));
}

/// Deadlocks are not detected: such a spawn waits, and leaves the line when it is dropped.
#[tokio::test]
async fn a_spawn_from_inside_a_full_group_waits() {
    let mut group = Group::<&str>::bounded(1);
    let (give_up, given_up) = tokio::sync::oneshot::channel::<()>();
    let handle = group.handle();
    let task = async move {
        tokio::select! {
            biased;
            _ = handle.spawn(async { Err("there is no place") }) => Err("it got a place"),
            _ = given_up => Ok(()),
        }
    };
    group.spawn(task).await;
    settle().await;
    {
        let mut waits = Box::pin(group.wait());
        assert!(poll_once(&mut waits).is_pending());
    }
    give_up.send(()).unwrap();
    assert_eq!(group.wait().await, Ok(()));
}

#[tokio::test]
async fn a_spawn_from_inside_a_full_group_gets_the_place_of_another_task() {
    let mut group = Group::<&str>::bounded(2);
    let (task, end) = task_and_end();
    group.spawn(task).await;
    let handle = group.handle();
    let spawns = async move {
        let spawned = handle.spawn(async { Err("from inside") }).await;
        spawned.map_err(|_| "rejected")
    };
    group.spawn(spawns).await;
    settle().await;
    end.send(()).unwrap();
    assert_eq!(group.wait().await, Err("from inside"));
}
