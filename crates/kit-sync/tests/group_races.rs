//! Many tasks at one moment: the error that wins, the cancels, and the tasks that are left.

use std::any::Any;
use std::panic::{AssertUnwindSafe, panic_any};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use kit_sync::{BoundedGroup, Cause, Group};
use tokio::sync::{Barrier, oneshot};
use tokio::task::JoinSet;

/// An error that is counted when it is dropped.
#[derive(Debug)]
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// All start their last step at the same moment.
async fn fails_with_the_others(
    moment: Arc<Barrier>,
    ended: Arc<AtomicUsize>,
    error: Counted,
) -> Result<(), Counted> {
    moment.wait().await;
    ended.fetch_add(1, Ordering::SeqCst);
    Err(error)
}

const RACERS: usize = 1000;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_thousand_errors_one_wins_and_the_others_are_dropped() {
    let mut group = Group::new();
    let moment = Arc::new(Barrier::new(RACERS));
    let (ended, dropped) = <(Arc<AtomicUsize>, Arc<AtomicUsize>)>::default();
    for _ in 0..RACERS {
        group.spawn(fails_with_the_others(
            Arc::clone(&moment),
            Arc::clone(&ended),
            Counted(Arc::clone(&dropped)),
        ));
    }
    let first = group.wait().await.expect_err("all fail");
    assert_eq!(ended.load(Ordering::SeqCst), RACERS, "wait waits for all");
    assert_eq!(dropped.load(Ordering::SeqCst), RACERS - 1);
    assert!(matches!(group.token().cause(), Some(Cause::Failed { .. })));
    drop(first);
    assert_eq!(dropped.load(Ordering::SeqCst), RACERS);
    assert!(group.wait().await.is_ok(), "it was given");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_thousand_errors_in_a_bounded_group_one_wins_and_the_others_are_dropped() {
    for limit in [RACERS, 10] {
        let mut group = Group::bounded(limit);
        let moment = Arc::new(Barrier::new(limit));
        let (ended, dropped) = <(Arc<AtomicUsize>, Arc<AtomicUsize>)>::default();
        for _ in 0..RACERS {
            let racer = fails_with_the_others(
                Arc::clone(&moment),
                Arc::clone(&ended),
                Counted(Arc::clone(&dropped)),
            );
            group.spawn(racer).await;
        }
        let first = group.wait().await.expect_err("all fail");
        assert_eq!(ended.load(Ordering::SeqCst), RACERS, "wait waits for all");
        assert_eq!(dropped.load(Ordering::SeqCst), RACERS - 1);
        assert!(matches!(group.token().cause(), Some(Cause::Failed { .. })));
        drop(first);
        assert_eq!(dropped.load(Ordering::SeqCst), RACERS);
        assert!(group.wait().await.is_ok(), "it was given");
    }
}

/// The payload of a panic goes on in the waiter.
async fn payload_of<F: Future>(wait: F) -> Box<dyn Any + Send> {
    let mut wait = pin!(wait);
    std::future::poll_fn(|cx| {
        std::panic::catch_unwind(AssertUnwindSafe(|| wait.as_mut().poll(cx)))
            .map_or_else(std::task::Poll::Ready, |polled| {
                polled.map(|_| panic!("no panic went on"))
            })
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_panic_wins_over_errors_of_the_same_moment() {
    for _ in 0..100 {
        let mut group = Group::<&str>::new();
        let moment = Arc::new(Barrier::new(3));
        for racer in 0..3 {
            let moment = Arc::clone(&moment);
            group.spawn(async move {
                moment.wait().await;
                match racer {
                    1 => panic_any(racer),
                    _ => Err("an error"),
                }
            });
        }
        let payload = payload_of(group.wait()).await;
        assert_eq!(payload.downcast_ref(), Some(&1));
        assert_eq!(group.wait().await, Ok(()), "it was given");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_panic_in_a_bounded_group_wins_over_errors_of_the_same_moment() {
    for _ in 0..100 {
        let mut group = Group::<&str>::bounded(3);
        let moment = Arc::new(Barrier::new(3));
        for racer in 0..3 {
            let moment = Arc::clone(&moment);
            let task = async move {
                moment.wait().await;
                match racer {
                    1 => panic_any(racer),
                    _ => Err("an error"),
                }
            };
            group.spawn(task).await;
        }
        let payload = payload_of(group.wait()).await;
        assert_eq!(payload.downcast_ref(), Some(&1));
        assert_eq!(group.wait().await, Ok(()), "it was given");
    }
}

/// Held by a task: its receiver sees when the task is dropped.
type Held = oneshot::Sender<&'static str>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_that_drops_its_own_group_ends_at_its_next_await() {
    for _ in 0..100 {
        let owner = Arc::new(Mutex::new(None));
        let group = Group::<()>::new();
        let (token, handle) = (group.token().clone(), group.handle());
        let (held, freed): (Held, _) = oneshot::channel();
        let mine = Arc::clone(&owner);
        let (go, gone) = oneshot::channel::<()>();
        group.spawn(async move {
            gone.await.map_err(drop)?;
            drop(mine.lock().unwrap().take());
            std::future::pending::<()>().await;
            held.send("went on").map_err(drop)
        });
        *owner.lock().unwrap() = Some(group);
        go.send(()).unwrap();
        assert!(freed.await.is_err(), "the future was dropped at its await");
        assert_eq!(token.cause(), Some(Cause::Dropped));
        assert!(handle.spawn(async { Ok(()) }).is_err());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_that_drops_its_own_bounded_group_ends_at_its_next_await() {
    for _ in 0..100 {
        let owner = Arc::new(Mutex::new(None));
        let group = Group::<()>::bounded(1);
        let (token, handle) = (group.token().clone(), group.handle());
        let (held, freed): (Held, _) = oneshot::channel();
        let mine = Arc::clone(&owner);
        let (go, gone) = oneshot::channel::<()>();
        let task = async move {
            gone.await.map_err(drop)?;
            drop(mine.lock().unwrap().take());
            std::future::pending::<()>().await;
            held.send("went on").map_err(drop)
        };
        group.spawn(task).await;
        *owner.lock().unwrap() = Some(group);
        go.send(()).unwrap();
        assert!(freed.await.is_err(), "the future was dropped at its await");
        assert_eq!(token.cause(), Some(Cause::Dropped));
        assert!(handle.try_spawn(async { Ok(()) }).is_err());
        assert!(handle.spawn(async { Ok(()) }).await.is_err());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_waiter_for_a_place_gets_the_future_back_when_the_group_is_dropped() {
    for _ in 0..50 {
        let group: BoundedGroup<u32> = Group::bounded(2);
        for _ in 0..2 {
            group.spawn(std::future::pending()).await;
        }
        let mut spawners = JoinSet::new();
        for number in 0..50 {
            let handle = group.handle();
            spawners.spawn(async move {
                let Err(future) = handle.spawn(async move { Err(number) }).await else {
                    panic!("there is no place");
                };
                assert_eq!(future.await, Err(number), "unpolled");
            });
        }
        // Some are in line by now, and some come later.
        tokio::task::yield_now().await;
        drop(group);
        while let Some(joined) = spawners.join_next().await {
            joined.unwrap();
        }
    }
}
