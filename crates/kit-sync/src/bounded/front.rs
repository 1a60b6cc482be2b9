//! Where tasks come in: the places, and the line of those who wait for one.

use std::collections::{BTreeMap, VecDeque};
use std::mem;
use std::task::Waker;

/// 1. `free` and the places that are taken make `limit`. Taken are those of tasks that are queued
///    or run, of turns that were granted and not used yet, and of ended tasks that the back still
///    counts.
/// 2. Somebody is in line only while no place is free: one that is given back goes to the first in
///    line at once, so nobody slips in between.
/// 3. `stuck` has the tasks inside of which somebody is in line. When they hold all places, none
///    can ever become free.
pub(super) struct Front<T> {
    free: usize,
    inbox: VecDeque<T>,
    /// No runner is on its way: who brings something has to call one.
    pub(super) asleep: bool,
    /// A runner watches the nudge for a moment before it parks.
    pub(super) lingering: bool,
    /// The last task came from a thread that runs no task itself.
    from_outside: bool,
    pub(super) over: bool,
    line: Box<Line>,
}

/// What most calls do not need is kept apart, so that what they need is in one cache line.
struct Line {
    limit: usize,
    waiters: BTreeMap<Ticket, Waiter>,
    tickets: Ticket,
    stuck: BTreeMap<TaskId, usize>,
    /// Waits for the end of all tasks.
    owner: Option<Waker>,
}

/// A place in line; they rise.
pub(super) type Ticket = u64;

/// A task that runs.
pub(super) type TaskId = u64;

struct Waiter {
    waker: Waker,
    inside: Option<TaskId>,
}

/// Whom to tell of a task that came in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Hail {
    /// A runner will come by.
    Nobody,
    Lingering,
    Parked,
}

/// What came of asking for a place.
#[derive(Debug, PartialEq)]
pub(super) enum Turn {
    Yours,
    Wait,
    /// Every place is held by a task that waits for one.
    Never,
}

/// Who is woken for a place that became free.
#[must_use]
#[derive(Default)]
pub(super) struct Freed {
    pub(super) waiter: Option<Waker>,
    pub(super) owner: Option<Waker>,
}

impl<T> Front<T> {
    pub(super) fn new(limit: usize) -> Front<T> {
        Front {
            free: limit,
            inbox: VecDeque::new(),
            asleep: true,
            lingering: false,
            from_outside: false,
            over: false,
            line: Box::new(Line {
                limit,
                waiters: BTreeMap::new(),
                tickets: 0,
                stuck: BTreeMap::new(),
                owner: None,
            }),
        }
    }

    /// Takes a place if one is free.
    pub(super) fn take(&mut self) -> bool {
        let free = self.free > 0;
        self.free -= usize::from(free);
        free
    }

    /// Puts a task, which has a place, into the queue.
    pub(super) fn bring(&mut self, item: T, from_outside: bool) -> Hail {
        self.inbox.push_back(item);
        self.from_outside = from_outside;
        if mem::take(&mut self.lingering) {
            Hail::Lingering
        } else if mem::take(&mut self.asleep) {
            Hail::Parked
        } else {
            Hail::Nobody
        }
    }

    /// Whether a runner that has nothing to do may linger. It pays while a thread outside of the
    /// runtime brings tasks: to wake a thread of the runtime takes many times longer than a short
    /// task.
    pub(super) fn may_linger(&mut self) -> bool {
        let is_lively = self.line.owner.is_none() && !self.is_crowded();
        let may = self.from_outside && is_lively && !self.lingering;
        self.lingering |= may;
        may
    }

    pub(super) fn queued(&self) -> usize {
        self.inbox.len()
    }

    /// Moves everything to the empty queue of the back.
    pub(super) fn fetch(&mut self, outbox: &mut VecDeque<T>) {
        self.asleep &= self.inbox.is_empty();
        mem::swap(&mut self.inbox, outbox);
    }

    /// Takes a place, or gets in line, or asks whether the turn has come. Also gives the waker
    /// that is not needed.
    pub(super) fn ask(
        &mut self,
        ticket: &mut Option<Ticket>,
        waker: Waker,
        inside: Option<TaskId>,
    ) -> (Turn, Option<Waker>) {
        let (number, old) = match ticket.take() {
            None if self.take() => return (Turn::Yours, Some(waker)),
            None => {
                self.line.tickets += 1;
                (self.line.tickets, None)
            }
            Some(number) => match self.line.waiters.remove(&number) {
                None => return (Turn::Yours, Some(waker)),
                Some(old) => {
                    self.line.left(old.inside);
                    (number, Some(old.waker))
                }
            },
        };
        if let Some(task) = inside {
            *self.line.stuck.entry(task).or_default() += 1;
        }
        if self.line.stuck.len() == self.line.limit {
            self.line.left(inside);
            return (Turn::Never, old.or(Some(waker)));
        }
        *ticket = Some(number);
        self.line.waiters.insert(number, Waiter { waker, inside });
        (Turn::Wait, old)
    }

    /// Leaves the line, or passes on a turn that was granted and not used. Gives the waker that
    /// was left in line.
    pub(super) fn forgo(&mut self, ticket: Ticket) -> (Option<Waker>, Freed) {
        match self.line.waiters.remove(&ticket) {
            Some(waiter) => {
                self.line.left(waiter.inside);
                (Some(waiter.waker), Freed::default())
            }
            None => (None, self.give_back(1)),
        }
    }

    /// A running task has ended; its place is given back apart.
    pub(super) fn end(&mut self, task: TaskId) {
        self.line.stuck.remove(&task);
    }

    /// Gives places back: one if anybody waits for it, else any number.
    pub(super) fn give_back(&mut self, places: usize) -> Freed {
        let mut freed = Freed::default();
        if let Some((_, waiter)) = self.line.waiters.pop_first() {
            debug_assert_eq!(places, 1, "places are given back one by one to a line");
            self.line.left(waiter.inside);
            freed.waiter = Some(waiter.waker);
        } else {
            self.free += places;
            freed.owner = self.line.owner.take_if(|_| self.free == self.line.limit);
        }
        freed
    }

    /// Whether anybody is in line.
    pub(super) fn is_crowded(&self) -> bool {
        !self.line.waiters.is_empty()
    }

    /// Whether all tasks have ended. If not, the owner waits; also gives the waker that is not
    /// needed.
    pub(super) fn is_empty_or_tell(&mut self, owner: Waker) -> (bool, Option<Waker>) {
        if self.free == self.line.limit {
            (true, Some(owner))
        } else {
            (false, self.line.owner.replace(owner))
        }
    }

    /// The owner is gone: gives the queue, and everybody who waits.
    pub(super) fn dismiss(&mut self) -> (VecDeque<T>, impl Iterator<Item = Waker> + use<T>) {
        self.over = true;
        let waiters = mem::take(&mut self.line.waiters).into_values();
        let wakers = waiters.map(|waiter| waiter.waker);
        let owner = self.line.owner.take();
        (mem::take(&mut self.inbox), wakers.chain(owner))
    }

    /// How many places are taken, and how many are in line for one.
    pub(super) fn load(&self) -> (usize, usize) {
        (self.line.limit - self.free, self.line.waiters.len())
    }
}

impl Line {
    fn left(&mut self, inside: Option<TaskId>) {
        // A task that has ended is no longer there.
        if let Some(task) = inside
            && let Some(waiting) = self.stuck.get_mut(&task)
        {
            *waiting -= 1;
            if *waiting == 0 {
                self.stuck.remove(&task);
            }
        }
    }
}

impl Freed {
    pub(super) fn wake(self) {
        let woken = [self.waiter, self.owner];
        woken.into_iter().flatten().for_each(Waker::wake);
    }
}
