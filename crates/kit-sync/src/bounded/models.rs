//! Every interleaving of small groups, with threads of loom for runners.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use super::BoundedGroup;
use super::engine::Engine;
use crate::Cause;
use crate::group_failure::GroupFailure;
use crate::sync::Notify;
use crate::sync::model::block_on;

async fn polled_once<F: Future + Unpin>(future: &mut F) -> bool {
    poll_fn(|cx| Poll::Ready(Pin::new(&mut *future).poll(cx).is_ready())).await
}

/// Two threads spawn into one place. The one that waits is woken, or the model would hang.
#[test]
fn tasks_are_never_more_than_the_limit_and_no_waiter_is_lost() {
    loom::model(|| {
        let mut group = BoundedGroup::<()>::new(1);
        let active = Arc::new(AtomicUsize::new(0));
        let task = |active: &Arc<AtomicUsize>| {
            let active = Arc::clone(active);
            async move {
                assert_eq!(active.fetch_add(1, Ordering::Relaxed), 0, "above the limit");
                active.fetch_sub(1, Ordering::Relaxed);
                Ok(())
            }
        };
        let handle = group.handle();
        let theirs = task(&active);
        let other = thread::spawn(move || block_on(handle.spawn(theirs)).is_ok());
        block_on(group.spawn(task(&active)));
        assert!(other.join().unwrap());
        assert_eq!(block_on(group.wait()), Ok(()));
    });
}

/// A task that is queued behind a pending one gets another runner.
#[test]
fn a_queued_task_does_not_wait_behind_a_pending_one() {
    loom::model(|| {
        let mut group = BoundedGroup::<()>::new(2);
        let notified = Arc::new(Notify::new());
        let notify = Arc::clone(&notified);
        block_on(async {
            let waits = async move {
                notified.notified().await;
                Ok(())
            };
            let notifies = async move {
                notify.notify_one();
                Ok(())
            };
            group.spawn(waits).await;
            group.spawn(notifies).await;
            assert_eq!(group.wait().await, Ok(()));
        });
    });
}

/// The place of a task that has ended is free, even if the next task blocks its runner before that
/// has given back a bundle of places.
#[test]
fn a_place_is_free_when_its_task_has_ended_whatever_its_runner_does_next() {
    loom::model(|| {
        let mut group = BoundedGroup::<()>::new(2);
        let notified = Arc::new(Notify::new());
        let notify = Arc::clone(&notified);
        let handle = group.handle();
        block_on(async {
            let blocks = async move {
                block_on(notified.notified());
                Ok(())
            };
            group.spawn(async { Ok(()) }).await;
            group.spawn(blocks).await;
        });
        // By this thread, which has nothing else to do: one thread less to interleave.
        assert!(block_on(handle.spawn(async { Ok(()) })).is_ok());
        notify.notify_one();
        assert_eq!(block_on(group.wait()), Ok(()));
    });
}

/// Of two errors of the same moment the first wins, once, with its cause, and the other is dropped.
#[test]
fn the_first_error_wins_exactly_once() {
    // Counted outside of the model: it has enough to do.
    type Dropped = Arc<std::sync::atomic::AtomicUsize>;
    struct Error(&'static str, Dropped);
    impl Drop for Error {
        fn drop(&mut self) {
            self.1.fetch_add(1, Ordering::Relaxed);
        }
    }
    fn fail(engine: &Engine<Error>, name: &'static str, dropped: &Dropped) {
        let cause = Cause::Requested(name.to_owned());
        engine.fail(GroupFailure::Error(Error(name, Arc::clone(dropped))), cause);
    }
    loom::model(|| {
        let engine = Engine::new(1);
        let dropped = Dropped::default();
        let other = {
            let (engine, dropped) = (Arc::clone(&engine), Arc::clone(&dropped));
            thread::spawn(move || fail(&engine, "theirs", &dropped))
        };
        fail(&engine, "ours", &dropped);
        other.join().unwrap();
        assert_eq!(dropped.load(Ordering::Relaxed), 1);
        let outcome = || block_on(engine.outcome());
        let Some(GroupFailure::Error(error)) = outcome() else {
            panic!("both failed");
        };
        let cause = engine.token.cause();
        assert_eq!(cause, Some(Cause::Requested(error.0.to_owned())));
        assert!(outcome().is_none(), "it is returned once");
    });
}

/// The stores of a task, and those of its future's drop, happen before `wait` returns: a relaxed
/// load could else miss them.
#[test]
fn the_end_of_a_task_happens_before_wait_returns() {
    struct Task(Arc<AtomicUsize>);
    impl Future for Task {
        type Output = Result<(), ()>;
        fn poll(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Self::Output> {
            self.0.store(1, Ordering::Relaxed);
            Poll::Ready(Ok(()))
        }
    }
    impl Drop for Task {
        fn drop(&mut self) {
            self.0.store(2, Ordering::Relaxed);
        }
    }
    loom::model(|| {
        let mut group = BoundedGroup::<()>::new(1);
        let value = Arc::new(AtomicUsize::new(0));
        block_on(async {
            group.spawn(Task(Arc::clone(&value))).await;
            group.spawn(async { Ok(()) }).await;
            assert_eq!(group.wait().await, Ok(()));
        });
        assert_eq!(value.load(Ordering::Relaxed), 2);
    });
}

/// The owner goes while a spawner is in line, and while a task is pending.
#[test]
fn waiters_get_their_future_back_when_the_owner_goes() {
    loom::model(|| {
        let group = BoundedGroup::<()>::new(1);
        let token = group.token().clone();
        block_on(group.spawn(std::future::pending()));
        let handle = group.handle();
        let waiter = thread::spawn(move || {
            let spawned = block_on(handle.spawn(async { Ok(()) }));
            let Err(future) = spawned else {
                panic!("there is no place");
            };
            block_on(future)
        });
        drop(group);
        assert_eq!(token.cause(), Some(Cause::Dropped));
        assert_eq!(waiter.join().unwrap(), Ok(()), "it comes back unpolled");
    });
}

/// A spawn that is dropped while it waits, with a place or without, loses none for the next in line.
#[test]
fn the_place_of_a_spawn_that_is_given_up_is_passed_on() {
    loom::model(|| {
        let mut group = BoundedGroup::<()>::new(1);
        let handle = group.handle();
        block_on(group.spawn(async { Ok(()) }));
        let other = thread::spawn(move || block_on(handle.spawn(async { Ok(()) })).is_ok());
        {
            let mut given_up = group.spawn(async { Ok(()) });
            block_on(polled_once(&mut given_up));
        }
        assert!(other.join().unwrap());
        assert_eq!(block_on(group.wait()), Ok(()));
    });
}

/// A task that is spawned while the only runner becomes pending with another one is run, also when
/// the owner does not wait.
#[test]
fn a_task_that_is_spawned_as_the_runner_becomes_pending_is_run_without_a_wait() {
    loom::model(|| {
        let mut group = BoundedGroup::<()>::new(2);
        let notified = Arc::new(Notify::new());
        let ran = Arc::new(Notify::new());
        let (notify, run) = (Arc::clone(&notified), Arc::clone(&ran));
        block_on(async {
            let waits = async move {
                notified.notified().await;
                Ok(())
            };
            let runs = async move {
                run.notify_one();
                Ok(())
            };
            group.spawn(waits).await;
            group.spawn(runs).await;
            ran.notified().await;
            notify.notify_one();
            assert_eq!(group.wait().await, Ok(()));
        });
    });
}

/// An error is kept before the place of its task is given back.
#[test]
fn an_error_is_there_when_wait_returns() {
    loom::model(|| {
        let mut group = BoundedGroup::<u8>::new(1);
        block_on(async {
            group.spawn(async { Err(1) }).await;
            assert_eq!(group.wait().await, Err(1));
        });
    });
}

/// A handle keeps the memory of a group, but no error that cannot be returned any more.
#[test]
fn an_error_of_the_moment_when_the_owner_goes_is_dropped() {
    type Dropped = Arc<std::sync::atomic::AtomicUsize>;
    struct Error(Dropped);
    impl Drop for Error {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    loom::model(|| {
        let engine = Engine::new(1);
        let dropped = Dropped::default();
        let other = {
            let (engine, error) = (Arc::clone(&engine), Error(Arc::clone(&dropped)));
            thread::spawn(move || {
                engine.fail(
                    GroupFailure::Error(error),
                    Cause::Requested("theirs".to_owned()),
                );
            })
        };
        engine.end();
        other.join().unwrap();
        assert_eq!(dropped.load(Ordering::Relaxed), 1);
    });
}

/// As [above](the_end_of_a_task_happens_before_wait_returns), of the last task.
#[test]
fn the_drop_of_the_last_future_happens_before_wait_returns() {
    struct Noted(Arc<AtomicUsize>);
    impl Drop for Noted {
        fn drop(&mut self) {
            self.0.store(1, Ordering::Relaxed);
        }
    }
    loom::model(|| {
        let mut group = BoundedGroup::<()>::new(1);
        let value = Arc::new(AtomicUsize::new(0));
        let noted = Noted(Arc::clone(&value));
        // Kept by the future itself, so it is dropped with it and not with its last poll.
        let task = poll_fn(move |_| {
            let _ = &noted;
            Poll::Ready(Ok(()))
        });
        block_on(async {
            group.spawn(task).await;
            assert_eq!(group.wait().await, Ok(()));
        });
        assert_eq!(value.load(Ordering::Relaxed), 1);
    });
}

/// Several places become free while two are in line: each gets one, and the rest is not lost.
#[test]
fn of_two_in_line_each_gets_a_place_and_no_place_is_lost() {
    loom::model(|| {
        let mut group = BoundedGroup::<()>::new(2);
        block_on(async {
            for _ in 0..2 {
                group.spawn(async { Ok(()) }).await;
            }
            {
                let mut first = group.spawn(async { Ok(()) });
                let mut second = group.spawn(async { Ok(()) });
                let first_is_done = polled_once(&mut first).await;
                let second_is_done = polled_once(&mut second).await;
                if !first_is_done {
                    first.await;
                }
                if !second_is_done {
                    second.await;
                }
            }
            assert_eq!(group.wait().await, Ok(()));
        });
    });
}

/// With a limit of 3, one place may be held back while others are queued. It comes back all the
/// same, to a spawner that is in line and to a wait.
#[test]
fn a_place_that_is_held_back_is_not_lost() {
    // Three runners are many threads: a second preemption takes a hundred times as long.
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(1);
    model.check(|| {
        let mut group = BoundedGroup::<()>::new(3);
        block_on(async {
            for _ in 0..4 {
                group.spawn(async { Ok(()) }).await;
            }
            assert_eq!(group.wait().await, Ok(()));
        });
    });
}
