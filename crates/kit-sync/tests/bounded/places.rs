//! Places, and the line of spawns that wait for one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use kit_sync::Group;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::{poll_once, settle, task_and_end};

#[tokio::test]
async fn spawn_waits_for_a_place() {
    let mut group = Group::bounded(1);
    assert_eq!(group.limit(), 1);
    let (task, end) = task_and_end();
    group.spawn(task).await;
    {
        let mut second = group.spawn(async { Ok(()) });
        assert!(poll_once(&mut second).is_pending());
        end.send(()).unwrap();
        second.await;
    }
    assert_eq!(group.wait().await, Ok(()));
}

#[tokio::test]
async fn try_spawn_gives_the_future_back_unpolled_when_no_place_is_free() {
    let group = Group::<u8>::bounded(1);
    assert!(group.try_spawn(std::future::pending()).is_ok());
    let Err(refused) = group.try_spawn(async { Err(7) }) else {
        panic!("the place is taken");
    };
    assert_eq!(refused.await, Err(7));
    let Err(refused) = group.handle().try_spawn(async { Err(8) }) else {
        panic!("the place is taken");
    };
    assert_eq!(refused.await, Err(8));
}

#[tokio::test]
async fn the_future_is_dropped_before_its_place_is_free() {
    struct Dropped(Arc<AtomicUsize>);
    impl Drop for Dropped {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    let mut group = Group::<&str>::bounded(1);
    let dropped = Arc::new(AtomicUsize::new(0));
    for before in 0..1000 {
        let held = Dropped(Arc::clone(&dropped));
        let task = async move {
            let _held = held;
            Ok(())
        };
        group.spawn(task).await;
        assert!(dropped.load(Ordering::SeqCst) >= before);
    }
    assert_eq!(group.wait().await, Ok(()));
    assert_eq!(dropped.load(Ordering::SeqCst), 1000, "before wait returns");
}

#[tokio::test]
async fn waiters_are_served_first_come_first_served() {
    let mut group = Group::<&str>::bounded(1);
    let (task, end) = task_and_end();
    group.spawn(task).await;
    let (started, mut starts) = mpsc::unbounded_channel();
    let mut waiters = JoinSet::new();
    for number in 0..100 {
        let (handle, started) = (group.handle(), started.clone());
        waiters.spawn(async move {
            let task = async move { started.send(number).map_err(|_| "the test has ended") };
            handle.spawn(task).await.map_err(drop)
        });
    }
    settle().await;
    end.send(()).unwrap();
    while let Some(spawned) = waiters.join_next().await {
        assert_eq!(spawned.unwrap(), Ok(()));
    }
    assert_eq!(group.wait().await, Ok(()));
    for number in 0..100 {
        assert_eq!(starts.recv().await, Some(number));
    }
}

#[tokio::test]
async fn a_dropped_spawn_loses_its_turn() {
    let mut group = Group::<&str>::bounded(1);
    let (task, end) = task_and_end();
    group.spawn(task).await;
    let mut gives_up = group.spawn(async { Err("was given up") });
    assert!(poll_once(&mut gives_up).is_pending());
    let mut next = group.spawn(async { Ok(()) });
    assert!(poll_once(&mut next).is_pending());
    drop(gives_up);
    end.send(()).unwrap();
    next.await;
    assert_eq!(group.wait().await, Ok(()));
}

#[tokio::test]
async fn a_dropped_spawn_passes_on_the_place_that_it_was_granted() {
    let mut group = Group::<&str>::bounded(1);
    let (task, end) = task_and_end();
    group.spawn(task).await;
    let mut gives_up = group.spawn(async { Err("was given up") });
    assert!(poll_once(&mut gives_up).is_pending());
    let mut next = group.spawn(async { Ok(()) });
    assert!(poll_once(&mut next).is_pending());
    end.send(()).unwrap();
    settle().await;
    assert!(poll_once(&mut next).is_pending(), "it is not the first");
    drop(gives_up);
    assert!(poll_once(&mut next).is_ready());
    drop(next);
    assert_eq!(group.wait().await, Ok(()));
}

#[tokio::test]
async fn a_granted_place_that_was_not_used_is_free_again() {
    let group = Group::<&str>::bounded(1);
    let (task, end) = task_and_end();
    group.spawn(task).await;
    let mut gives_up = group.spawn(async { Ok(()) });
    assert!(poll_once(&mut gives_up).is_pending());
    end.send(()).unwrap();
    settle().await;
    assert!(group.try_spawn(async { Ok(()) }).is_err(), "it is granted");
    drop(gives_up);
    assert!(group.try_spawn(async { Ok(()) }).is_ok());
}
