//! Every interleaving of small groups, with threads of loom for runners.

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::task::Poll;

use loom::future::block_on;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use super::{BoundedGroup, Rejected};
use crate::Cause;
use crate::sync::Notify;

async fn polled_once<F: Future + Unpin>(future: &mut F) -> bool {
    poll_fn(|cx| Poll::Ready(std::pin::Pin::new(&mut *future).poll(cx).is_ready())).await
}

/// Two threads spawn into one place. Whoever waits is woken, or the model would hang.
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

/// What is queued behind a task that is pending gets a runner of its own.
#[test]
fn a_queued_task_does_not_wait_behind_a_pending_one() {
    loom::model(|| {
        let mut group = BoundedGroup::<()>::new(2);
        let told = Arc::new(Notify::new());
        let tell = Arc::clone(&told);
        block_on(async {
            let waits = async move {
                told.notified().await;
                Ok(())
            };
            let tells = async move {
                tell.notify_one();
                Ok(())
            };
            group.spawn(waits).await;
            group.spawn(tells).await;
            assert_eq!(group.wait().await, Ok(()));
        });
    });
}

/// Of two tasks that fail at the same moment the first wins, once, and the other error is dropped.
#[test]
fn the_first_error_wins_exactly_once() {
    // Counted outside of the model: it has enough to do.
    struct Error(Arc<std::sync::atomic::AtomicUsize>);
    impl Drop for Error {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    async fn fail(dropped: Arc<std::sync::atomic::AtomicUsize>) -> Result<(), Error> {
        // The first poll takes a runner, the second is the race.
        let mut polled = false;
        poll_fn(|cx| {
            if std::mem::replace(&mut polled, true) {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
        Err(Error(dropped))
    }
    loom::model(|| {
        let mut group = BoundedGroup::<Error>::new(2);
        let dropped = Arc::default();
        block_on(async {
            group.spawn(fail(Arc::clone(&dropped))).await;
            group.spawn(fail(Arc::clone(&dropped))).await;
            let error = group.wait().await.expect_err("both failed");
            assert_eq!(dropped.load(Ordering::Relaxed), 1, "the other one");
            assert!(matches!(group.token().cause(), Some(Cause::Failed { .. })));
            drop(error);
            assert!(group.wait().await.is_ok(), "the first is told once");
        });
        assert_eq!(dropped.load(Ordering::Relaxed), 2);
    });
}

/// What a task did, and what the drop of its future did, happens before `wait` returns: a relaxed
/// load would else be free to miss it.
#[test]
fn the_end_of_a_task_happens_before_wait_returns() {
    struct Written(Arc<AtomicUsize>);
    impl Drop for Written {
        fn drop(&mut self) {
            self.0.store(2, Ordering::Relaxed);
        }
    }
    loom::model(|| {
        let mut group = BoundedGroup::<()>::new(1);
        let value = Arc::new(AtomicUsize::new(0));
        let written = Written(Arc::clone(&value));
        block_on(async {
            let task = async move {
                written.0.store(1, Ordering::Relaxed);
                Ok(())
            };
            group.spawn(task).await;
            group.spawn(async { Ok(()) }).await;
            assert_eq!(group.wait().await, Ok(()));
        });
        assert_eq!(value.load(Ordering::Relaxed), 2);
    });
}

/// The owner goes while somebody is in line, and while a task is pending.
#[test]
fn waiters_get_their_future_back_when_the_owner_goes() {
    loom::model(|| {
        let group = BoundedGroup::<()>::new(1);
        let token = group.token().clone();
        block_on(group.spawn(std::future::pending()));
        let handle = group.handle();
        let waiter = thread::spawn(move || {
            let rejected = block_on(handle.spawn(async { Ok(()) })).expect_err("no place");
            assert!(matches!(rejected, Rejected::Ended(_)));
            block_on(rejected.into_inner())
        });
        drop(group);
        assert_eq!(token.cause(), Some(Cause::Dropped));
        assert_eq!(waiter.join().unwrap(), Ok(()), "it comes back unpolled");
    });
}

/// A turn that is given up, granted or not, is not lost for the next in line.
#[test]
fn a_turn_that_is_given_up_is_passed_on() {
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
