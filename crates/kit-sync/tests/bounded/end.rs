//! How a group ends, and that nothing is left of it.

use std::cell::Cell;

use kit_sync::bounded::{HandleSpawn, Spawn};
use kit_sync::{BoundedGroup, BoundedHandle, Cause, Group};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio::task::yield_now;

use crate::{poll_once, settle, task_and_end};

fn alive() -> usize {
    Handle::current().metrics().num_alive_tasks()
}

#[tokio::test]
async fn wait_is_cancel_safe_and_waits_for_nested_tasks() {
    let mut group = Group::<&str>::bounded(2);
    let handle = group.handle();
    let (task, end) = task_and_end();
    let outer = async move {
        let spawned = handle.spawn(task).await;
        spawned.map_err(|_| "rejected")
    };
    group.spawn(outer).await;
    {
        let mut waits = Box::pin(group.wait());
        assert!(poll_once(&mut waits).is_pending());
        settle().await;
        assert!(poll_once(&mut waits).is_pending());
    }
    end.send(()).unwrap();
    assert_eq!(group.wait().await, Ok(()));
}

#[tokio::test]
async fn runners_are_not_more_than_the_limit_and_end_with_the_owner() {
    let before = alive();
    let mut group = Group::<&str>::bounded(3);
    for _ in 0..100 {
        let yields = async {
            yield_now().await;
            Ok(())
        };
        group.spawn(yields).await;
        assert!(alive() <= before + 3);
    }
    let handle = group.handle();
    assert_eq!(group.wait().await, Ok(()));
    assert!(alive() <= before + 3, "idle ones stay");
    drop(group);
    settle().await;
    assert_eq!(alive(), before, "also while there is a handle");
    assert!(handle.try_spawn(async { Ok(()) }).is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tasks_are_aborted_with_the_owner_and_end_at_their_next_await() {
    let before = alive();
    let group = Group::<()>::bounded(4);
    let (held, mut freed) = mpsc::channel::<()>(1);
    for _ in 0..4 {
        let held = held.clone();
        let task = async move {
            let _held = held;
            std::future::pending().await
        };
        group.spawn(task).await;
    }
    drop((group, held));
    assert_eq!(freed.recv().await, None, "every future was dropped");
    while alive() > before {
        yield_now().await;
    }
}

#[tokio::test]
async fn a_queued_task_is_dropped_with_the_owner() {
    let group = Group::<()>::bounded(2);
    let token = group.token().clone();
    let (held, freed) = oneshot::channel::<()>();
    let task = async move {
        let _held = held;
        Ok(())
    };
    assert!(group.try_spawn(task).is_ok());
    drop(group);
    assert_eq!(token.cause(), Some(Cause::Dropped));
    assert!(freed.await.is_err(), "unpolled");
}

#[tokio::test]
async fn handles_give_futures_back_when_the_owner_is_gone() {
    let group = Group::<u8>::bounded(1);
    group.spawn(std::future::pending()).await;
    let handle = group.handle();
    let mut waits = handle.spawn(async { Err(7) });
    assert!(poll_once(&mut waits).is_pending());
    drop(group);
    let Err(given_back) = waits.await else {
        panic!("the owner is gone");
    };
    assert_eq!(given_back.await, Err(7), "unpolled");
    let late = handle.clone().try_spawn(async { Err(8) }).unwrap_err();
    assert_eq!(late.await, Err(8));
}

#[test]
fn a_group_whose_runtime_is_gone_drops_its_tasks_and_waits_for_nothing() {
    let runtime = || {
        tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .unwrap()
    };
    let gone = runtime();
    let mut group = gone.block_on(async {
        let group = Group::<&str>::bounded(2);
        for _ in 0..2 {
            group.spawn(std::future::pending()).await;
        }
        group
    });
    drop(gone);
    runtime().block_on(async {
        assert_eq!(group.wait().await, Ok(()));
        group.spawn(std::future::pending()).await;
        assert_eq!(group.wait().await, Ok(()));
    });
}

#[test]
fn the_first_future_comes_back_when_the_runtime_is_gone() {
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap()
    };
    let gone = runtime();
    let mut group = gone.block_on(async { Group::<u8>::bounded(2) });
    let handle = group.handle();
    drop(gone);
    let refused = handle.try_spawn(async { Err(7) });
    let refused_later = group.try_spawn(async { Err(8) });
    runtime().block_on(async {
        assert_eq!(refused.unwrap_err().await, Err(7), "unpolled");
        assert_eq!(refused_later.unwrap_err().await, Err(8), "unpolled");
        let Err(given_back) = handle.spawn(async { Err(9) }).await else {
            panic!("the runtime is gone");
        };
        assert_eq!(given_back.await, Err(9), "unpolled");
        assert_eq!(group.wait().await, Ok(()));
    });
}

#[test]
fn groups_handles_and_their_futures_go_to_any_thread() {
    fn require_send<T: Send>() {}
    fn require_sync<T: Sync>() {}
    type Task = std::future::Ready<Result<(), Cell<u8>>>;
    require_send::<BoundedGroup<Cell<u8>>>();
    require_sync::<BoundedGroup<Cell<u8>>>();
    require_send::<BoundedHandle<Cell<u8>>>();
    require_sync::<BoundedHandle<Cell<u8>>>();
    require_send::<Spawn<'_, Cell<u8>, Task>>();
    require_send::<HandleSpawn<'_, Cell<u8>, Task>>();
}
