//! Tasks of a group that end, fail and come while their owner waits or goes.

use std::future::Future;
use std::future::{pending, poll_fn};
use std::panic::AssertUnwindSafe;
use std::panic::Location;
use std::sync::Arc;
use std::task::{Poll, Waker};

use loom::thread::{self, JoinHandle};

use super::count::Count;
use super::*;
use crate::Cause;
use crate::sync::model::{Done, block_on};

fn group() -> Group<u8> {
    Group {
        core: Arc::new(GroupCore::new(None)),
    }
}

/// Plays a task that its owner spawns.
fn start<F>(group: &Group<u8>, future: F) -> JoinHandle<()>
where
    F: Future<Output = Result<(), u8>> + 'static,
{
    group.core.count.enter();
    let member = GroupTask::new(Arc::clone(&group.core), future, Location::caller());
    thread::spawn(move || block_on(member))
}

/// Plays a task that is spawned through a handle, on this thread. Whether it was taken.
fn run<F>(handle: &GroupHandle<u8>, future: F) -> bool
where
    F: Future<Output = Result<(), u8>>,
{
    let core = handle.enter();
    let member = core.map(|core| GroupTask::new(core, future, Location::caller()));
    member.map(block_on).is_some()
}

/// Ends at once and notes its drop, which is the last that a task does.
fn note_dropped(done: Done) -> impl Future<Output = Result<(), u8>> {
    let mut polled = None;
    poll_fn(move |_| {
        let _ = polled.insert(done.on_drop());
        Poll::Ready(Ok(()))
    })
}

#[test]
fn the_end_of_the_last_task_is_never_missed_and_what_all_did_is_seen() {
    loom::model(|| {
        let (mut group, done) = (group(), Done::default());
        let tasks = [(); 2].map(|()| start(&group, note_dropped(done.clone())));
        assert_eq!(block_on(group.wait()), Ok(()));
        assert_eq!(done.seen(), 2);
        for task in tasks {
            task.join().unwrap();
        }
    });
}

#[test]
fn a_wait_that_was_given_up_is_taken_up_again() {
    loom::model(|| {
        let (mut group, done) = (group(), Done::default());
        let task = start(&group, note_dropped(done.clone()));
        let mut context = std::task::Context::from_waker(Waker::noop());
        let _ = std::pin::pin!(group.core.until_empty()).poll(&mut context);
        assert_eq!(block_on(group.wait()), Ok(()));
        assert_eq!(done.seen(), 1);
        task.join().unwrap();
    });
}

#[test]
fn a_group_can_be_filled_and_waited_for_again() {
    loom::model(|| {
        let (mut group, done) = (group(), Done::default());
        for tasks in 1..=2 {
            let task = start(&group, note_dropped(done.clone()));
            assert_eq!(block_on(group.wait()), Ok(()));
            assert_eq!(done.seen(), tasks);
            task.join().unwrap();
        }
    });
}

#[test]
fn what_a_task_starts_is_waited_for() {
    loom::model(|| {
        let (mut group, done) = (group(), Done::default());
        let (handle, noted) = (group.handle(), done.clone());
        let task = start(&group, async move {
            let core = handle.enter().expect("the owner waits");
            let member = GroupTask::new(core, note_dropped(noted), Location::caller());
            thread::spawn(move || block_on(member));
            Ok(())
        });
        assert_eq!(block_on(group.wait()), Ok(()));
        assert_eq!(done.seen(), 1);
        task.join().unwrap();
    });
}

#[test]
fn one_error_is_the_first_and_is_returned() {
    loom::model(|| {
        let mut group = group();
        let tasks = [1, 2].map(|error| start(&group, async move { Err(error) }));
        let error = block_on(group.wait()).unwrap_err();
        assert!([1, 2].contains(&error));
        assert!(matches!(group.token().cause(), Some(Cause::Failed { .. })));
        assert_eq!(block_on(group.wait()), Ok(()), "and only once");
        for task in tasks {
            task.join().unwrap();
        }
    });
}

#[test]
fn a_panic_wins_over_an_error_whichever_comes_first() {
    loom::model(|| {
        let mut group = group();
        let tasks = [
            start(&group, async { Err(1) }),
            start(&group, async {
                // Without the hook, which would print each of thousands.
                std::panic::resume_unwind(Box::new(2_u8))
            }),
        ];
        let waited = std::panic::catch_unwind(AssertUnwindSafe(|| block_on(group.wait())));
        assert_eq!(waited.unwrap_err().downcast_ref(), Some(&2_u8));
        for task in tasks {
            task.join().unwrap();
        }
    });
}

#[test]
fn an_error_cancels_the_token_that_tasks_wait_for() {
    loom::model(|| {
        let mut group = group();
        let stop = group.token().clone();
        let tasks = [
            start(&group, async { Err(1) }),
            start(&group, async move {
                stop.cancelled().await;
                Err(2)
            }),
        ];
        assert_eq!(block_on(group.wait()), Err(1));
        for task in tasks {
            task.join().unwrap();
        }
    });
}

#[test]
fn a_task_that_comes_to_wait_is_woken_or_sees_that_its_owner_is_gone() {
    loom::model(|| {
        let group = group();
        let task = start(&group, pending());
        drop(group);
        task.join().unwrap();
    });
}

#[test]
fn a_task_that_comes_when_the_owner_goes_is_refused_or_ends() {
    loom::model(|| {
        let group = group();
        let (token, handle) = (group.token().clone(), group.handle());
        let spawner = thread::spawn(move || {
            run(&handle, pending());
            handle
        });
        drop(group);
        assert_eq!(token.cause(), Some(Cause::Dropped));
        let handle = spawner.join().unwrap();
        assert!(!run(&handle, pending()));
    });
}

#[test]
fn what_comes_when_the_owner_goes_is_refused_or_counted_by_it() {
    loom::model(|| {
        let count = Arc::new(Count::default());
        let comes = {
            let count = Arc::clone(&count);
            thread::spawn(move || count.try_enter())
        };
        let alive = count.end();
        assert_eq!(comes.join().unwrap(), alive);
    });
}
