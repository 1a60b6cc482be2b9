//! Which poll each thread is in: what a watchdog reads.

use crate::sync::{AtomicU64, Ordering, fence};

/// What a thread is polling, written by that thread alone and read by others without a lock.
///
/// `turn` is odd inside a poll, and never the same for two polls. It guards the others like
/// the counter of a sequence lock: a reader that finds the same turn before and after has read
/// what belongs to that turn. The errand may change within a turn, and is then one of that turn's.
#[derive(Debug, Default)]
pub(crate) struct PollCell {
    turn: AtomicU64,
    scope: AtomicU64,
    task: AtomicU64,
    /// Which of the things that the task does it does now; 0 when it does not say.
    errand: AtomicU64,
}

/// A poll that a thread was in when somebody looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Polling {
    /// The same as long as it is the same poll.
    pub(crate) turn: u64,
    pub(crate) scope: u64,
    pub(crate) task: u64,
    pub(crate) errand: u64,
}

/// What of a scope is polled.
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

/// What a thread is polling.
#[derive(Debug)]
pub(crate) struct ThreadPolling {
    /// A number of the thread.
    pub(crate) thread: usize,
    pub(crate) name: Option<String>,
    pub(crate) polling: Polling,
}

impl PollCell {
    #[cfg(not(kit_loom))]
    const fn new() -> PollCell {
        PollCell {
            turn: AtomicU64::new(0),
            scope: AtomicU64::new(0),
            task: AtomicU64::new(0),
            errand: AtomicU64::new(0),
        }
    }

    // Inlined always, here and where it is used: a tracked poll may cost a tenth more than a bare
    // one, and a call with its saved registers would be half of that.
    /// Begins a poll; what is given back goes to [`leave`](Self::leave).
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
        // Before what follows: a reader of the new scope or task must find the last turn gone by.
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
    /// Relaxed is enough: it is stored after the fence of its own turn's [`begin`](Self::begin), so
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

#[cfg(not(kit_loom))]
pub use threads::on_errand;
#[cfg(not(kit_loom))]
pub(crate) use threads::{all, here, polling};

#[cfg(not(kit_loom))]
mod threads {
    use std::cell::Cell;
    use std::num::NonZeroU64;
    use std::sync::{Mutex, MutexGuard};

    use super::{Mark, PollCell, Polling, ThreadPolling};

    /// Cells are never freed, so that a thread finds its own without a check; those of threads
    /// that are gone are used again.
    static THREADS: Mutex<Vec<Thread>> = Mutex::new(Vec::new());

    struct Thread {
        cell: &'static PollCell,
        /// `None` when the thread is gone.
        owner: Option<Owner>,
    }

    struct Owner {
        name: Option<String>,
    }

    thread_local! {
        static HERE: Cell<Option<&'static PollCell>> = const { Cell::new(None) };
        static GOING: Going = const { Going };
    }

    /// Gives the cell of a thread back when the thread ends.
    struct Going;

    impl Drop for Going {
        fn drop(&mut self) {
            let Some(cell) = HERE.replace(None) else {
                return;
            };
            let mut threads = threads();
            let mine = threads
                .iter_mut()
                .find(|thread| std::ptr::eq(thread.cell, cell));
            if let Some(mine) = mine {
                mine.owner = None;
            }
        }
    }

    #[cold]
    fn begin() -> &'static PollCell {
        /// For threads that are being torn down: nobody would give a cell back for them.
        static NOWHERE: PollCell = PollCell::new();
        if GOING.try_with(|_| ()).is_err() {
            return &NOWHERE;
        }
        let name = std::thread::current().name().map(str::to_owned);
        let owner = Some(Owner { name });
        let mut threads = threads();
        let free = threads.iter_mut().find(|thread| thread.owner.is_none());
        let cell = if let Some(free) = free {
            free.owner = owner;
            free.cell
        } else {
            let cell: &'static PollCell = Box::leak(Box::default());
            threads.push(Thread { cell, owner });
            cell
        };
        HERE.set(Some(cell));
        cell
    }

    fn threads() -> MutexGuard<'static, Vec<Thread>> {
        crate::lock(&THREADS)
    }

    /// Runs a poll of this task on this thread, where others can see it. `poll` does not unwind.
    #[inline(always)]
    pub(crate) fn polling<R>(scope: u64, mark: Mark, poll: impl FnOnce() -> R) -> R {
        let cell = HERE.get().unwrap_or_else(begin);
        let outer = cell.enter(scope, mark.into());
        let polled = poll();
        cell.leave(outer);
        polled
    }

    /// Runs part of a poll and says meanwhile what it is for: one of the many things that a task does
    /// or that tasks spawned at one place do, by a number of its own. A [`Watchdog`](crate::Watchdog)
    /// that finds the poll stuck asks the [scope](crate::Scope::describe_errands) for its words.
    ///
    /// It costs three loads and stores, takes no lock and allocates nothing. Outside a poll of a task
    /// of a tree it does nothing.
    ///
    /// ```
    /// use std::num::NonZeroU64;
    ///
    /// use kit_sync::{TaskTree, on_errand};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let tree = TaskTree::new("shop");
    /// let orders = tree.scope().child("orders");
    /// orders.describe_errands(|number| Some(format!("order {number}")));
    /// orders.spawn("worker", async {
    ///     for order in 1..=3 {
    ///         on_errand(NonZeroU64::new(order).expect("from 1"), || { /* may take long */ });
    ///     }
    /// });
    /// # }
    /// ```
    #[inline]
    pub fn on_errand<R>(errand: NonZeroU64, part: impl FnOnce() -> R) -> R {
        /// The errand ends however the part does.
        struct Back(&'static PollCell, u64);

        impl Drop for Back {
            fn drop(&mut self) {
                self.0.set_errand(self.1);
            }
        }

        let _back = HERE
            .get()
            .map(|cell| Back(cell, cell.set_errand(errand.get())));
        part()
    }

    /// The poll that this thread is in.
    pub(crate) fn here() -> Option<Polling> {
        HERE.get()?.read()
    }

    /// What every thread is polling now.
    pub(crate) fn all() -> Vec<ThreadPolling> {
        let threads = threads();
        let polls = threads.iter().enumerate().filter_map(|(thread, of)| {
            let owner = of.owner.as_ref()?;
            Some(ThreadPolling {
                thread,
                name: owner.name.clone(),
                polling: of.cell.read()?,
            })
        });
        polls.collect()
    }
}

#[cfg(kit_loom)]
pub(crate) fn all() -> Vec<ThreadPolling> {
    Vec::new()
}

/// As the other one; in a model nothing is noted.
#[cfg(kit_loom)]
pub fn on_errand<R>(_: std::num::NonZeroU64, part: impl FnOnce() -> R) -> R {
    part()
}

#[cfg(kit_loom)]
pub(crate) fn here() -> Option<Polling> {
    None
}

/// A model has threads of its own, and no watchdog.
#[cfg(kit_loom)]
pub(crate) fn polling<R>(_: u64, _: Mark, poll: impl FnOnce() -> R) -> R {
    poll()
}

#[cfg(all(test, kit_loom))]
mod models;

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
