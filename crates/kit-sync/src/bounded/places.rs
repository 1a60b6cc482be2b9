//! The places of a bounded group, and who waits for one.

use std::collections::BTreeMap;
use std::task::Waker;

/// 1. `taken` counts the places of tasks that are queued or run, and the turns that were granted
///    and not used yet. It is never above `limit`.
/// 2. Somebody waits only while every place is taken: a place that is given back goes to the
///    first waiter at once, so nobody slips in between.
/// 3. `stuck` has the tasks inside which somebody waits, with their number. When there are as
///    many as places, no place can ever become free.
pub(super) struct Places {
    limit: usize,
    taken: usize,
    waiters: BTreeMap<Ticket, Waiter>,
    tickets: Ticket,
    stuck: BTreeMap<TaskId, usize>,
}

/// A place in the line; they rise.
pub(super) type Ticket = u64;

/// A running task.
pub(super) type TaskId = u64;

struct Waiter {
    waker: Waker,
    inside: Option<TaskId>,
}

/// What came of asking for a place.
#[derive(Debug, PartialEq)]
pub(super) enum Turn {
    Yours,
    Wait,
    /// Every place is held by a task that waits for one.
    Never,
}

impl Places {
    pub(super) fn new(limit: usize) -> Places {
        Places {
            limit,
            taken: 0,
            waiters: BTreeMap::new(),
            tickets: 0,
            stuck: BTreeMap::new(),
        }
    }

    pub(super) fn taken(&self) -> usize {
        self.taken
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiters.len()
    }

    /// Takes a place if one is free.
    pub(super) fn take(&mut self) -> bool {
        let free = self.taken < self.limit;
        self.taken += usize::from(free);
        free
    }

    /// Takes a place, or gets in line, or asks whether the turn has come. Also gives a waker that
    /// is not needed any more.
    pub(super) fn ask(
        &mut self,
        ticket: &mut Option<Ticket>,
        waker: Waker,
        inside: Option<TaskId>,
    ) -> (Turn, Option<Waker>) {
        let (number, old) = match ticket.take() {
            None if self.take() => return (Turn::Yours, Some(waker)),
            None => {
                self.tickets += 1;
                (self.tickets, None)
            }
            Some(number) => match self.waiters.remove(&number) {
                None => return (Turn::Yours, Some(waker)),
                Some(old) => {
                    self.left(old.inside);
                    (number, Some(old.waker))
                }
            },
        };
        if let Some(task) = inside {
            *self.stuck.entry(task).or_default() += 1;
        }
        if self.stuck.len() == self.limit {
            self.left(inside);
            return (Turn::Never, old.or(Some(waker)));
        }
        *ticket = Some(number);
        self.waiters.insert(number, Waiter { waker, inside });
        (Turn::Wait, old)
    }

    /// Leaves the line, or passes on a turn that was granted and not used. Gives the waker that
    /// was left there, and the one to wake.
    pub(super) fn forgo(&mut self, ticket: Ticket) -> (Option<Waker>, Option<Waker>) {
        match self.waiters.remove(&ticket) {
            Some(waiter) => {
                self.left(waiter.inside);
                (Some(waiter.waker), None)
            }
            None => (None, self.give_back()),
        }
    }

    /// A running task has ended.
    pub(super) fn end(&mut self, task: TaskId) -> Option<Waker> {
        self.stuck.remove(&task);
        self.give_back()
    }

    /// Gives a place back; whoever it went to is to be woken.
    pub(super) fn give_back(&mut self) -> Option<Waker> {
        let Some((_, waiter)) = self.waiters.pop_first() else {
            self.taken -= 1;
            return None;
        };
        self.left(waiter.inside);
        Some(waiter.waker)
    }

    /// Everybody leaves the line.
    pub(super) fn dismiss(&mut self) -> impl Iterator<Item = Waker> + use<> {
        let waiters = std::mem::take(&mut self.waiters);
        waiters.into_values().map(|waiter| waiter.waker)
    }

    fn left(&mut self, inside: Option<TaskId>) {
        // A task that has ended is no longer there.
        let Some((task, waiting)) = inside.and_then(|task| Some((task, self.stuck.get_mut(&task)?)))
        else {
            return;
        };
        *waiting -= 1;
        if *waiting == 0 {
            self.stuck.remove(&task);
        }
    }
}
