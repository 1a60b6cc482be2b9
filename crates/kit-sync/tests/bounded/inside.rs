//! Tasks that spawn into their own group.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use kit_sync::bounded::Rejected;
use kit_sync::{BoundedHandle, Group};
use tokio::sync::mpsc;

use crate::{payload_of, poll_once, settle, task_and_end};

#[tokio::test]
async fn a_task_that_holds_the_last_place_runs_nested_futures_itself() {
    let mut group = Group::<&str>::bounded(1);
    let handle = group.handle();
    let task = async move {
        let rejected = handle.spawn(async { Err("from inside") }).await;
        let Err(Rejected::WouldDeadlock(future)) = rejected else {
            return Err("there is no place");
        };
        future.await
    };
    group.spawn(task).await;
    assert_eq!(group.wait().await, Err("from inside"));
}

/// Counts the nodes of a tree, each by a task where there is a place, and else by its parent.
fn count(handle: BoundedHandle<&'static str>, depth: u32, nodes: Arc<AtomicUsize>) -> CountFuture {
    Box::pin(async move {
        nodes.fetch_add(1, Ordering::SeqCst);
        for _ in 0..if depth == 0 { 0 } else { 3 } {
            let child = count(handle.clone(), depth - 1, Arc::clone(&nodes));
            if let Err(rejected) = handle.spawn(child).await {
                assert!(matches!(rejected, Rejected::WouldDeadlock(_)));
                rejected.into_inner().await?;
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
async fn only_the_task_that_completes_the_circle_is_rejected() {
    let mut group = Group::<&str>::bounded(2);
    let (told, mut tells) = mpsc::unbounded_channel();
    let nested = |name: &'static str| {
        let (handle, told) = (group.handle(), told.clone());
        async move {
            let spawned = handle.spawn(async { Ok(()) }).await;
            let how = match spawned {
                Ok(()) => "got a place",
                Err(Rejected::WouldDeadlock(_)) => "was rejected",
                Err(_) => "was refused",
            };
            told.send((name, how)).map_err(|_| "nobody listens")
        }
    };
    group.spawn(nested("first")).await;
    group.spawn(nested("second")).await;
    assert_eq!(tells.recv().await, Some(("second", "was rejected")));
    assert_eq!(tells.recv().await, Some(("first", "got a place")));
    assert_eq!(group.wait().await, Ok(()));
}

#[tokio::test]
async fn a_task_that_gave_up_waiting_does_not_count_as_waiting() {
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
async fn waiting_outside_of_the_group_is_no_circle() {
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

#[tokio::test]
async fn the_owner_s_own_spawn_panics_where_a_handle_s_would_be_rejected() {
    let group = Arc::new(Group::<()>::bounded(1));
    let owner = Arc::clone(&group);
    let task = async move {
        owner.spawn(async { Ok(()) }).await;
        Ok(())
    };
    group.spawn(task).await;
    settle().await;
    let mut group = Arc::into_inner(group).expect("the task is gone");
    let payload = payload_of(group.wait()).await;
    let message = payload.downcast_ref::<String>().expect("a text");
    assert!(message.contains(file!()), "{message}");
    assert!(message.contains("through its handle"), "{message}");
}
