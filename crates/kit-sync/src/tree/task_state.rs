//! The state of a task as seen from outside, while it runs and once it has ended.

use std::borrow::Cow;
use std::panic::Location;
use std::sync::{Arc, OnceLock};
use std::task::Waker;
use std::time::Duration;

use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::ending::{Ending, Kind};
use super::outcome::Outcome;
use crate::sync::{AtomicU64, Mutex, Ordering, lock};

/// Shared by a named task, its handle, its node and the reports that name it. Of a member or a
/// hold there is one only for the report of its failure.
#[derive(Debug)]
pub(super) struct TaskState {
    pub(super) name: Cow<'static, str>,
    pub(super) is_named: bool,
    /// `None` for a member whose place has [no number](super::sites::Sites).
    pub(super) location: Option<&'static Location<'static>>,
    pub(super) spawned: Instant,
    pub(super) ending: Ending,
    pub(super) kind: Kind,
    /// Twice the number of polls, less one while in a poll. Written by the task alone.
    polls: AtomicU64,
    /// There while the task waits for something.
    nudge: Mutex<Option<Nudge>>,
    /// Unset for a task that completed. Most do, and their spawner frees this on another thread: it
    /// would have to fetch the lines that the task has written.
    outcome: OnceLock<Box<Outcome>>,
    /// At the end, in nanoseconds. Zero for a task that no report names: reading the clock for
    /// each task costs more than the rest of its end.
    age: AtomicU64,
}

/// A way to make a task look whether it must end.
///
/// A task leaves it and then looks for the flag that says that the task must end; an abort raises
/// the flag and then takes the nudge. Both go through the task's lock, so either the nudge is found
/// or the flag is seen.
#[derive(Clone, Debug)]
pub(super) enum Nudge {
    Wake(Waker),
    /// Blocking work waits for a thread: until it has one, it can be taken back.
    TakeBack(AbortHandle),
}

impl Nudge {
    pub(super) fn give(self) {
        match self {
            Nudge::Wake(waker) => waker.wake(),
            Nudge::TakeBack(queued) => queued.abort(),
        }
    }
}

impl TaskState {
    pub(super) fn new(
        name: Cow<'static, str>,
        location: &'static Location<'static>,
        ending: Ending,
        kind: Kind,
    ) -> TaskState {
        TaskState {
            name,
            is_named: true,
            location: Some(location),
            spawned: Instant::now(),
            ending,
            kind,
            polls: AtomicU64::new(0),
            nudge: Mutex::new(None),
            outcome: OnceLock::new(),
            age: AtomicU64::new(0),
        }
    }

    /// Of a member or a hold that has failed, for the report of it. Neither keeps the time of its
    /// begin: there may be too many.
    pub(super) fn of_unnamed(
        name: &'static str,
        location: Option<&'static Location<'static>>,
        outcome: Outcome,
    ) -> Arc<TaskState> {
        let state = TaskState {
            is_named: false,
            location,
            ..TaskState::new(
                name.into(),
                Location::caller(),
                Ending::default(),
                Kind::Future,
            )
        };
        state.set_outcome(outcome);
        Arc::new(state)
    }

    /// A copy with the outcome and the age of this moment, for the report of a close that did not
    /// see the end.
    pub(super) fn still_running(&self) -> Arc<TaskState> {
        let state = TaskState {
            is_named: self.is_named,
            location: self.location,
            spawned: self.spawned,
            ..TaskState::new(
                self.name.clone(),
                Location::caller(),
                self.ending.clone(),
                self.kind,
            )
        };
        state.set_outcome(self.outcome_of_running());
        state.record_age();
        Arc::new(state)
    }

    /// Whether its node waits for it.
    pub(super) fn counts(&self) -> bool {
        !matches!(self.ending, Ending::MayBeLeftBehind { .. })
    }

    /// Polls begun so far, and whether one of them has not returned. Orders nothing: it is for
    /// people and for the watchdog.
    pub(super) fn polls(&self) -> (u64, bool) {
        let polls = self.polls.load(Ordering::Relaxed);
        (polls.div_ceil(2), polls % 2 == 1)
    }

    /// Counts the begin or the end of a poll; of work that is not polled, the begin on its thread.
    pub(super) fn count_turn(&self) {
        // One writer, so no read-modify-write.
        let polls = self.polls.load(Ordering::Relaxed);
        self.polls.store(polls + 1, Ordering::Relaxed);
    }

    /// Afterwards the task must look for the flag that ends it.
    pub(super) fn leave_nudge(&self, nudge: Nudge) {
        *lock(&self.nudge) = Some(nudge);
    }

    pub(super) fn nudge(&self) -> Option<Nudge> {
        lock(&self.nudge).clone()
    }

    /// Reports keep the state of a task; a waker would keep the task's memory, too.
    pub(super) fn drop_nudge(&self) {
        drop(lock(&self.nudge).take());
    }

    /// Sets how it ended, if it did not complete. The first outcome stays.
    pub(super) fn set_outcome(&self, outcome: Outcome) {
        if !matches!(outcome, Outcome::Completed) {
            let _ = self.outcome.set(Box::new(outcome));
        }
    }

    /// How it ended; only of a task that is gone.
    pub(super) fn outcome(&self) -> &Outcome {
        self.outcome
            .get()
            .map_or(&Outcome::Completed, |outcome| outcome)
    }

    /// Keeps its age as it is now, for the reports that will name it. They are handed on through
    /// locks, so the number itself orders nothing.
    pub(super) fn record_age(&self) {
        let nanos = u64::try_from(self.spawned.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.age.store(nanos, Ordering::Relaxed);
    }

    /// As it was [recorded](Self::record_age).
    pub(super) fn age(&self) -> Duration {
        Duration::from_nanos(self.age.load(Ordering::Relaxed))
    }

    fn outcome_of_running(&self) -> Outcome {
        let why = match (&self.ending, self.kind) {
            (Ending::MayBeLeftBehind { reason }, _) => {
                let reason = reason.to_string();
                return Outcome::LeftBehind { reason };
            }
            (_, Kind::Future) if self.polls().1 => "it did not come back from its poll",
            (_, Kind::Future) => "the runtime has not polled it again yet",
            (_, Kind::Blocking) if self.polls().1 => "blocking work cannot be aborted",
            (_, Kind::Blocking) => "it never got a thread of the pool",
            (_, Kind::Thread) => "a thread cannot be aborted",
        };
        Outcome::Stuck {
            why: why.to_owned(),
        }
    }
}
