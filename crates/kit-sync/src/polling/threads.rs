//! The cells of all threads.

use std::cell::Cell;
use std::num::NonZeroU64;
use std::sync::{Mutex, MutexGuard};

use super::cell::{Mark, PollCell, Polling, ThreadPolling};

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
    /// For threads that are being torn down: their cell would never be given back.
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

/// Runs part of a poll under the number of an errand: one of the many things that a task does, or
/// that tasks spawned at one place do. A [`Watchdog`](crate::Watchdog)
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
    struct ErrandGuard(&'static PollCell, u64);

    impl Drop for ErrandGuard {
        fn drop(&mut self) {
            self.0.set_errand(self.1);
        }
    }

    let _back = HERE
        .get()
        .map(|cell| ErrandGuard(cell, cell.set_errand(errand.get())));
    part()
}

/// The poll that this thread is in.
pub(crate) fn here() -> Option<Polling> {
    HERE.get()?.read()
}

/// The polls that all threads are in now.
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
