//! The poll that one thread is in: written by that thread, read by others.

use crate::sync::{AtomicU64, Ordering, fence};

/// The poll that a thread is in, written by that thread alone and read by others without a lock.
///
/// `turn` is odd inside a poll, and never the same for two polls. It guards the others like
/// the counter of a sequence lock: a reader that finds the same turn before and after has read
/// values of that turn. The errand may change within a turn, and is then one of that turn's.
#[derive(Debug, Default)]
pub(crate) struct PollCell {
    turn: AtomicU64,
    scope: AtomicU64,
    task: AtomicU64,
    /// Which of the things that the task does it does now; 0 when it does not say.
    errand: AtomicU64,
}

/// The poll that a thread was in when its cell was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Polling {
    /// The same as long as it is the same poll.
    pub(crate) turn: u64,
    pub(crate) scope: u64,
    pub(crate) task: u64,
    pub(crate) errand: u64,
}

/// The part of a scope that is polled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// The named task with this key.
    Task(u32),
    /// A member from the place with this number.
    Member(u16),
}

const TASK: u64 = 1 << 32;

impl From<Mark> for u64 {
    #[inline(always)]
    fn from(mark: Mark) -> u64 {
        match mark {
            Mark::Task(key) => TASK | u64::from(key),
            Mark::Member(site) => u64::from(site),
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
        match self.task & TASK {
            0 => Mark::Member(self.task as u16),
            _ => Mark::Task(self.task as u32),
        }
    }
}

/// The poll that a thread is in.
#[derive(Debug)]
pub(crate) struct ThreadPolling {
    /// A number of the thread.
    pub(crate) thread: usize,
    pub(crate) name: Option<String>,
    pub(crate) polling: Polling,
}

impl PollCell {
    // Not const with the atomics of loom, whose models have no static cell.
    #[cfg(not(kit_loom))]
    pub(super) const fn new() -> PollCell {
        PollCell {
            turn: AtomicU64::new(0),
            scope: AtomicU64::new(0),
            task: AtomicU64::new(0),
            errand: AtomicU64::new(0),
        }
    }

    // Inlined always, here and where it is used: a tracked poll may cost a tenth more than a bare
    // one, and a call with its saved registers would be half of that.
    /// Begins a poll; the result goes to [`leave`](Self::leave).
    #[inline(always)]
    pub(crate) fn enter(&self, scope: u64, task: u64) -> Option<Box<Outer>> {
        let turn = self.turn.load(Ordering::Relaxed);
        if turn % 2 == 1 {
            return self.interrupt(scope, task);
        }
        self.begin(turn, scope, task, 0);
        None
    }

    #[inline(always)]
    pub(crate) fn leave(&self, outer: Option<Box<Outer>>) {
        // Read again: there may have been polls inside.
        self.turn
            .store(self.turn.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        if let Some(outer) = outer {
            self.resume(*outer);
        }
    }

    #[cold]
    fn resume(&self, outer: Outer) {
        let turn = self.turn.load(Ordering::Relaxed);
        self.begin(turn, outer.scope, outer.task, outer.errand);
    }

    /// `turn` is even, and stored already.
    #[inline(always)]
    fn begin(&self, turn: u64, scope: u64, task: u64, errand: u64) {
        // Before the stores that follow: a reader of the new scope or task must find the last turn
        // gone by.
        fence(Ordering::Release);
        self.scope.store(scope, Ordering::Relaxed);
        self.task.store(task, Ordering::Relaxed);
        self.errand.store(errand, Ordering::Relaxed);
        // After them: a reader of the new turn must find all.
        self.turn.store(turn + 1, Ordering::Release);
    }

    /// A poll inside a poll ends the turn of the outer one, which then gets a new one.
    #[cold]
    fn interrupt(&self, scope: u64, task: u64) -> Option<Box<Outer>> {
        let outer = Outer {
            scope: self.scope.load(Ordering::Relaxed),
            task: self.task.load(Ordering::Relaxed),
            errand: self.errand.load(Ordering::Relaxed),
        };
        self.leave(None);
        self.begin(self.turn.load(Ordering::Relaxed), scope, task, 0);
        Some(Box::new(outer))
    }

    pub(crate) fn read(&self) -> Option<Polling> {
        let turn = self.turn.load(Ordering::Acquire);
        let scope = self.scope.load(Ordering::Relaxed);
        let task = self.task.load(Ordering::Relaxed);
        let errand = self.errand.load(Ordering::Relaxed);
        // Pairs with the fence in `enter`.
        fence(Ordering::Acquire);
        let same = self.turn.load(Ordering::Relaxed) == turn;
        (turn % 2 == 1 && same).then_some(Polling {
            turn,
            scope,
            task,
            errand,
        })
    }

    /// Within a poll, which ends the errand; gives the one before.
    ///
    /// Relaxed is enough: it is stored after the fence of its turn's [`begin`](Self::begin), so
    /// a reader that finds it finds no earlier turn, and that of a later one is behind a fence.
    pub(crate) fn set_errand(&self, errand: u64) -> u64 {
        let before = self.errand.load(Ordering::Relaxed);
        self.errand.store(errand, Ordering::Relaxed);
        before
    }
}

/// The poll around a poll.
#[derive(Debug)]
pub(crate) struct Outer {
    scope: u64,
    task: u64,
    errand: u64,
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
        assert_eq!((cell.set_errand(7), first.errand), (0, 0));
        let outer = cell.enter(2, 20);
        let inner = cell.read().unwrap();
        assert_eq!((inner.scope, inner.task, inner.errand), (2, 20, 0));
        cell.leave(outer);
        let again = cell.read().unwrap();
        assert_eq!((again.scope, again.task, again.errand), (1, 10, 7));
        assert_ne!(again.turn, first.turn);
        cell.leave(none);
        assert_eq!(cell.read(), None);
    }
}
