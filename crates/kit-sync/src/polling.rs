//! Which poll each thread is in: what a watchdog reads.

use crate::sync::{AtomicU64, Ordering, fence};

/// What a thread is polling, written by that thread alone and read by others without a lock.
///
/// `turn` is odd inside a poll, and never the same for two polls. It guards the other two like
/// the counter of a sequence lock: a reader that finds the same turn before and after has read
/// what belongs to that turn.
#[derive(Debug, Default)]
pub(crate) struct PollCell {
    turn: AtomicU64,
    scope: AtomicU64,
    task: AtomicU64,
}

/// A poll that a thread was in when somebody looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Polling {
    /// The same as long as it is the same poll.
    pub(crate) turn: u64,
    pub(crate) scope: u64,
    pub(crate) task: u64,
}

/// What of a scope is polled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// The named task with this key.
    Task(u32),
    /// A member from the place with this number.
    Member(u16),
}

impl From<Mark> for u64 {
    #[inline]
    fn from(mark: Mark) -> u64 {
        match mark {
            Mark::Task(key) => u64::from(key) << 1 | 1,
            Mark::Member(site) => u64::from(site) << 1,
        }
    }
}

impl Polling {
    pub(crate) fn is_member(&self, scope: u64, site: u16) -> bool {
        (self.scope, self.task) == (scope, Mark::Member(site).into())
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "the reverse of `From<Mark>`"
    )]
    pub(crate) fn mark(&self) -> Mark {
        match self.task % 2 {
            0 => Mark::Member((self.task >> 1) as u16),
            _ => Mark::Task((self.task >> 1) as u32),
        }
    }
}

/// What a thread is polling.
#[derive(Debug)]
pub(crate) struct ThreadPolling {
    /// A number of the thread.
    pub(crate) thread: usize,
    pub(crate) name: Option<String>,
    pub(crate) polling: Polling,
}

impl PollCell {
    /// Begins a poll, and says what to [go back](Self::leave) to.
    #[inline]
    pub(crate) fn enter(&self, scope: u64, task: u64) -> Outer {
        let turn = self.turn.load(Ordering::Relaxed);
        let outer = Outer {
            scope: self.scope.load(Ordering::Relaxed),
            task: self.task.load(Ordering::Relaxed),
            inside: turn % 2 == 1,
        };
        // A poll inside a poll ends the turn of the outer one.
        let between = turn + turn % 2;
        self.turn.store(between, Ordering::Relaxed);
        // Before what follows: a reader of the new scope or task must find the turn gone by.
        fence(Ordering::Release);
        self.scope.store(scope, Ordering::Relaxed);
        self.task.store(task, Ordering::Relaxed);
        // After them: a reader of the new turn must find both.
        self.turn.store(between + 1, Ordering::Release);
        outer
    }

    #[inline]
    pub(crate) fn leave(&self, outer: Outer) {
        let turn = self.turn.load(Ordering::Relaxed);
        self.turn.store(turn + 1, Ordering::Relaxed);
        if outer.inside {
            self.enter(outer.scope, outer.task);
        }
    }

    pub(crate) fn read(&self) -> Option<Polling> {
        let turn = self.turn.load(Ordering::Acquire);
        let scope = self.scope.load(Ordering::Relaxed);
        let task = self.task.load(Ordering::Relaxed);
        // Pairs with the fence in `enter`.
        fence(Ordering::Acquire);
        let same = self.turn.load(Ordering::Relaxed) == turn;
        (turn % 2 == 1 && same).then_some(Polling { turn, scope, task })
    }
}

/// The poll around a poll, if there is one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outer {
    scope: u64,
    task: u64,
    inside: bool,
}

#[cfg(not(kit_loom))]
pub(crate) use threads::{all, polling};

#[cfg(not(kit_loom))]
mod threads {
    use std::sync::{Arc, Mutex, PoisonError, Weak};

    use super::{Mark, PollCell, ThreadPolling};

    struct Thread {
        cell: Weak<PollCell>,
        name: Option<String>,
    }

    static THREADS: Mutex<Vec<Thread>> = Mutex::new(Vec::new());

    thread_local! {
        static HERE: Arc<PollCell> = here();
    }

    fn here() -> Arc<PollCell> {
        let cell = Arc::new(PollCell::default());
        let mut threads = THREADS.lock().unwrap_or_else(PoisonError::into_inner);
        threads.retain(|thread| thread.cell.strong_count() > 0);
        threads.push(Thread {
            cell: Arc::downgrade(&cell),
            name: std::thread::current().name().map(str::to_owned),
        });
        cell
    }

    /// Runs a poll of this task on this thread, where others can see it. `poll` does not unwind.
    #[inline]
    pub(crate) fn polling<R>(scope: u64, mark: Mark, poll: impl FnOnce() -> R) -> R {
        // A thread that is being torn down has no cell any more.
        let outer = HERE.try_with(|cell| cell.enter(scope, mark.into()));
        let polled = poll();
        if let Ok(outer) = outer {
            let _ = HERE.try_with(|cell| cell.leave(outer));
        }
        polled
    }

    /// What every thread is polling now.
    pub(crate) fn all() -> Vec<ThreadPolling> {
        let threads = THREADS.lock().unwrap_or_else(PoisonError::into_inner);
        let cells = threads.iter().filter_map(|thread| {
            let cell = thread.cell.upgrade()?;
            let polling = cell.read()?;
            Some(ThreadPolling {
                thread: Arc::as_ptr(&cell).addr(),
                name: thread.name.clone(),
                polling,
            })
        });
        cells.collect()
    }
}

#[cfg(kit_loom)]
pub(crate) fn all() -> Vec<ThreadPolling> {
    Vec::new()
}

/// A model has threads of its own, and no watchdog.
#[cfg(kit_loom)]
pub(crate) fn polling<R>(_: u64, _: Mark, poll: impl FnOnce() -> R) -> R {
    poll()
}

#[cfg(all(test, not(kit_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_poll_inside_a_poll_is_seen_and_then_the_outer_one_again() {
        let cell = PollCell::default();
        assert_eq!(cell.read(), None);
        let none = cell.enter(1, 10);
        let first = cell.read().unwrap();
        let outer = cell.enter(2, 20);
        assert_eq!(
            cell.read().map(|inner| (inner.scope, inner.task)),
            Some((2, 20))
        );
        cell.leave(outer);
        let again = cell.read().unwrap();
        assert_eq!((again.scope, again.task), (1, 10));
        assert_ne!(again.turn, first.turn);
        cell.leave(none);
        assert_eq!(cell.read(), None);
    }
}

#[cfg(all(test, kit_loom))]
mod models {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn what_is_read_belongs_to_one_poll() {
        loom::model(|| {
            let cell = Arc::new(PollCell::default());
            let reader = {
                let cell = Arc::clone(&cell);
                loom::thread::spawn(move || {
                    if let Some(polling) = cell.read() {
                        assert_eq!(polling.scope, polling.task, "two halves of two polls");
                        assert_eq!(polling.turn, 2 * polling.scope - 1);
                    }
                })
            };
            for poll in 1..=2 {
                let outer = cell.enter(poll, poll);
                cell.leave(outer);
            }
            reader.join().unwrap();
        });
    }
}
