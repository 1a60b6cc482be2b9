//! What the owner, the handles and the runners of a bounded group share.

use std::any::Any;
use std::future::Future;
use std::hint;
use std::sync::Arc;
use std::task::{Poll, Wake, Waker};

use super::back::{Back, Call};
use super::front::{Freed, Front, Hail, TaskId, Ticket, Turn};
use super::here;
use super::job::{Job, Spawned};
use super::runner::Runner;
use super::runtime::{BUNDLE, PATIENCE, Runtime, WHILE};
use crate::panic::catch;
use crate::sync::{AtomicBool, Mutex, Ordering, lock};
use crate::{Cause, StopToken};

/// A group has a front, where tasks come in, and a back, from where runners take them. Whoever
/// brings tasks and whoever runs them meet only when the back has run out of tasks, or has a
/// bundle of places to give back. Of the two locks, the back's is taken first.
pub(super) struct Engine<E> {
    pub(super) token: StopToken,
    pub(super) limit: usize,
    bundle: usize,
    runtime: Runtime,
    first: Mutex<Option<First<E>>>,
    /// The same as in front and back, for runners that need nothing else of them.
    over: AtomicBool,
    front: Apart<Mutex<Front<Job<E>>>>,
    back: Apart<Mutex<Back<Job<E>>>>,
    /// For the runner that lingers.
    nudge: Apart<AtomicBool>,
}

/// In cache lines of its own.
#[repr(align(128))]
struct Apart<T>(T);

/// What `wait` gives.
pub(super) enum First<E> {
    Error(E),
    Panic(Box<dyn Any + Send>),
}

/// Why a future was not taken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum No {
    /// No place is free. One may be `soon`, since a runner is at work.
    Place {
        soon: bool,
    },
    Owner,
    /// See [`Turn::Never`].
    Way,
}

/// Why a runner asks what is next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Step {
    /// It was woken and has no task.
    Woken,
    /// Its task has ended.
    Ended,
    /// Its task has ended, and it has kept its thread for long enough.
    Tired,
    /// It has lingered.
    Lingered,
}

/// What is next.
pub(super) enum Order<E> {
    Run(Job<E>, TaskId),
    /// Come again after others had the thread.
    Yield,
    /// Come again at a nudge, or in a moment.
    Linger,
    Park,
    End,
}

impl<E: Send + 'static> Engine<E> {
    pub(super) fn new(limit: usize) -> Arc<Engine<E>> {
        Arc::new_cyclic(|engine| Engine {
            token: StopToken::new(),
            limit,
            bundle: (limit / 4).clamp(*BUNDLE.start(), *BUNDLE.end()),
            runtime: Runtime::current(|| Waker::from(Arc::new(Lookout(engine.clone())))),
            first: Mutex::new(None),
            over: AtomicBool::new(false),
            front: Apart(Mutex::new(Front::new(limit))),
            back: Apart(Mutex::new(Back::new(limit))),
            nudge: Apart(AtomicBool::new(false)),
        })
    }

    /// Takes a future if a place is known to be free.
    pub(super) fn offer<F>(
        self: &Arc<Self>,
        task: Box<Spawned<F>>,
    ) -> Result<(), (No, Box<Spawned<F>>)>
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
    {
        let mut front = lock(&self.front.0);
        if front.over {
            return Err((No::Owner, task));
        }
        if !front.take() {
            let soon = !front.asleep;
            return Err((No::Place { soon }, task));
        }
        let hail = front.bring(Box::into_pin(task), here::is_outside());
        drop(front);
        self.hail(hail);
        Ok(())
    }

    /// Takes a future if a place is free.
    pub(super) fn offer_now<F>(
        self: &Arc<Self>,
        task: Box<Spawned<F>>,
    ) -> Result<(), (No, Box<Spawned<F>>)>
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
    {
        match self.offer(task) {
            Err((No::Place { .. }, task)) => {
                let mut back = lock(&self.back.0);
                let freed = settle(&mut back, &mut lock(&self.front.0), None);
                drop(back);
                freed.wake();
                self.offer(task)
            }
            offered => offered,
        }
    }

    /// Takes a future if a place is free, or becomes free in a moment. For a thread that waits in
    /// `block_on` it takes many times longer to sleep and be woken than to run a short task, and
    /// nobody else wants it meanwhile.
    pub(super) fn offer_patiently<F>(
        self: &Arc<Self>,
        task: Box<Spawned<F>>,
    ) -> Result<(), (No, Box<Spawned<F>>)>
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
    {
        let mut offered = self.offer(task);
        if offered.is_err() && self.runtime.has_threads() && here::is_outside() {
            for _ in 0..PATIENCE {
                let Err((No::Place { soon: true }, task)) = offered else {
                    break;
                };
                (0..WHILE).for_each(|_| hint::spin_loop());
                offered = self.offer(task);
            }
        }
        offered
    }

    /// Takes a future when its turn has come; until then it is in line.
    pub(super) fn ask<F>(
        self: &Arc<Self>,
        ticket: &mut Option<Ticket>,
        waker: &Waker,
        task: Box<Spawned<F>>,
    ) -> Result<(), (No, Box<Spawned<F>>)>
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
    {
        let inside = here::task_of(self.id());
        let waker = waker.clone();
        let mut back = lock(&self.back.0);
        let mut front = lock(&self.front.0);
        if front.over {
            *ticket = None;
            drop((front, back));
            return Err((No::Owner, task));
        }
        let freed = settle(&mut back, &mut front, None);
        let (turn, unused) = front.ask(ticket, waker, inside);
        let asked = match turn {
            Turn::Yours => Ok(front.bring(Box::into_pin(task), here::is_outside())),
            Turn::Wait => {
                back.crowded = true;
                Err((No::Place { soon: false }, task))
            }
            Turn::Never => Err((No::Way, task)),
        };
        drop((front, back));
        drop(unused);
        freed.wake();
        asked.map(|hail| self.hail(hail))
    }

    /// What a runner does next. `ended` is the task that it ran until now.
    pub(super) fn next(
        self: &Arc<Self>,
        lane: usize,
        step: Step,
        ended: Option<TaskId>,
    ) -> Order<E> {
        let mut back = lock(&self.back.0);
        if back.over {
            return Order::End;
        }
        if !back.arrive(lane) {
            return Order::Park;
        }
        back.ended += usize::from(ended.is_some());
        if step == Step::Ended
            && !back.crowded
            && back.ended < self.bundle
            && let Some((job, task)) = back.take()
        {
            let arm = back.arm();
            drop(back);
            self.follow(None, arm);
            return Order::Run(job, task);
        }
        let mut front = lock(&self.front.0);
        let freed = settle(&mut back, &mut front, ended);
        if step == Step::Lingered {
            front.lingering = false;
        }
        if back.outbox.is_empty() {
            front.fetch(&mut back.outbox);
        }
        let order = if back.outbox.is_empty() {
            if step == Step::Ended && self.runtime.has_threads() && front.may_linger() {
                self.nudge.0.store(false, Ordering::Relaxed);
                Order::Linger
            } else {
                back.park(lane);
                front.asleep |= !back.is_anybody_awake();
                Order::Park
            }
        } else if step == Step::Tired {
            Order::Yield
        } else {
            match back.take() {
                Some((job, task)) => Order::Run(job, task),
                None => Order::Park,
            }
        };
        let arm = back.arm();
        drop((front, back));
        self.follow(None, arm);
        freed.wake();
        order
    }

    /// The task that a runner has just taken is pending, so the runner takes no other.
    pub(super) fn leave(self: &Arc<Self>, lane: usize) {
        let mut back = lock(&self.back.0);
        back.leave(lane);
        let mut front = lock(&self.front.0);
        let freed = settle(&mut back, &mut front, None);
        let is_idle = back.outbox.is_empty() && front.queued() == 0;
        let call = if is_idle || back.is_anybody_awake() {
            None
        } else {
            back.call()
        };
        front.asleep |= !back.is_anybody_awake();
        let arm = back.arm();
        drop((front, back));
        self.follow(call, arm);
        freed.wake();
    }

    /// What the tasks came to, once all have ended.
    pub(super) fn outcome(self: &Arc<Self>, waker: &Waker) -> Poll<Result<(), First<E>>> {
        let waker = waker.clone();
        let mut back = lock(&self.back.0);
        let mut front = lock(&self.front.0);
        let freed = settle(&mut back, &mut front, None);
        let (is_empty, unused) = front.is_empty_or_tell(waker);
        back.crowded |= !is_empty;
        // Nobody brings more, so the threads may as well share what there is.
        let queued = back.outbox.len() + front.queued();
        let calls = back.call_more(queued, self.runtime.threads());
        let arm = back.arm();
        drop((front, back));
        drop(unused);
        freed.wake();
        self.follow(calls, arm);
        if is_empty {
            Poll::Ready(lock(&self.first).take().map_or(Ok(()), Err))
        } else {
            Poll::Pending
        }
    }

    fn hail(self: &Arc<Self>, hail: Hail) {
        match hail {
            Hail::Nobody => {}
            Hail::Lingering => self.nudge.0.store(true, Ordering::Relaxed),
            Hail::Parked => {
                let mut back = lock(&self.back.0);
                if !back.over {
                    let call = back.call();
                    let arm = back.arm();
                    drop(back);
                    self.follow(call, arm);
                }
            }
        }
    }

    /// Looks after runners that are held up.
    fn look(self: &Arc<Self>) {
        let mut back = lock(&self.back.0);
        let queued = back.outbox.len() + lock(&self.front.0).queued();
        let calls = back.look(queued, self.runtime.threads());
        drop(back);
        // Who is called arms the watch again: here, that may be what has just ended.
        self.follow(calls, false);
    }

    fn follow(self: &Arc<Self>, calls: impl IntoIterator<Item = Call>, mut arm: bool) {
        for call in calls {
            match call {
                Call::Wake(waker) => waker.wake(),
                Call::Start(lane) => self.runtime.start(Runner::new(Arc::clone(self), lane)),
            }
        }
        while arm && self.runtime.arm() {
            self.look();
            arm = lock(&self.back.0).arm();
        }
    }
}

impl<E> Engine<E> {
    /// Leaves the line.
    pub(super) fn forgo(&self, ticket: Ticket) {
        let mut front = lock(&self.front.0);
        if front.over {
            return;
        }
        let (mine, freed) = front.forgo(ticket);
        drop(front);
        drop(mine);
        freed.wake();
    }

    /// Keeps the waker of a runner.
    pub(super) fn keep(&self, lane: usize, waker: Waker) {
        let old = lock(&self.back.0).keep(lane, waker);
        drop(old);
    }

    /// A runner was dropped with its runtime. What nobody is left to run is dropped, as a runtime
    /// does with its tasks.
    pub(super) fn lost(&self, lane: usize, ended: Option<TaskId>) {
        self.runtime.has_ended();
        let mut back = lock(&self.back.0);
        if back.over {
            return;
        }
        back.ended += usize::from(ended.is_some());
        let waker = back.lose(lane);
        let mut front = lock(&self.front.0);
        front.asleep |= !back.is_anybody_awake();
        let mut freed = settle(&mut back, &mut front, ended);
        loop {
            if back.outbox.is_empty() {
                front.fetch(&mut back.outbox);
            }
            let orphan = if back.is_deserted() {
                back.take()
            } else {
                None
            };
            drop((front, back));
            freed.wake();
            if orphan.is_none() {
                break;
            }
            discard(orphan);
            back = lock(&self.back.0);
            front = lock(&self.front.0);
            freed = front.give_back(1);
        }
        drop(waker);
    }

    /// Keeps the first error, or the first panic, and tells the token.
    pub(super) fn fail(&self, first: First<E>, cause: Cause) {
        let mut kept = lock(&self.first);
        let wins = match (&*kept, &first) {
            _ if self.is_over() => false,
            (None, _) | (Some(First::Error(_)), First::Panic(_)) => true,
            _ => false,
        };
        let rest = if wins {
            kept.replace(first)
        } else {
            Some(first)
        };
        drop(kept);
        // Only then, so that the cause is that of the error that is kept.
        if wins {
            self.token.cancel(cause);
        }
        discard(rest);
    }

    /// The owner is gone.
    pub(super) fn end(&self) {
        let mut back = lock(&self.back.0);
        let mut front = lock(&self.front.0);
        let (outbox, runners) = back.dismiss();
        let (inbox, waiters) = front.dismiss();
        self.over.store(true, Ordering::Release);
        drop((front, back));
        self.token.cancel(Cause::Dropped);
        outbox.into_iter().chain(inbox).for_each(discard);
        runners.into_iter().chain(waiters).for_each(Waker::wake);
        let first = lock(&self.first).take();
        discard(first);
    }

    pub(super) fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }

    /// Whether the runner that lingers was nudged.
    pub(super) fn is_nudged(&self) -> bool {
        self.nudge.0.load(Ordering::Relaxed)
    }

    /// Tells this group from others while it lives.
    pub(super) fn id(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// How many places are taken, and how many are in line for one.
    pub(super) fn load(&self) -> (usize, usize) {
        let back = lock(&self.back.0);
        let (taken, waiting) = lock(&self.front.0).load();
        (taken - back.ended, waiting)
    }
}

/// Gives back the places of tasks that have ended, the one of `ended` included.
fn settle<T>(back: &mut Back<T>, front: &mut Front<T>, ended: Option<TaskId>) -> Freed {
    let places = std::mem::take(&mut back.ended);
    if places == 0 {
        return Freed::default();
    }
    if let Some(task) = ended
        && back.crowded
    {
        front.end(task);
    }
    let freed = front.give_back(places);
    if back.crowded {
        back.crowded = front.is_crowded();
    }
    freed
}

/// Woken by the watch.
struct Lookout<E>(std::sync::Weak<Engine<E>>);

impl<E: Send + 'static> Wake for Lookout<E> {
    fn wake(self: Arc<Self>) {
        if let Some(engine) = self.0.upgrade() {
            engine.look();
        }
    }
}

/// Drops what is not ours. Nobody waits for the panic that this may be.
pub(super) fn discard<T>(foreign: T) {
    if let Err(caught) = catch(|| drop(foreign)) {
        // This drop might panic too.
        std::mem::forget(caught.payload);
    }
}
