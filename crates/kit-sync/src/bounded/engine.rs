//! What the owner, the handles and the runners of a bounded group share.

mod offer;
mod serve;

use std::sync::Arc;
use std::task::{Poll, Waker};

pub(super) use offer::No;
use serve::Lookout;
pub(super) use serve::{Order, Step};

use super::back::Back;
use super::front::{Freed, Front, TaskId};
use super::job::Job;
use super::runtime::{BUNDLE, Runtime};
use crate::panic::{Caught, catch};
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
    Panic(Caught),
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

    /// What the tasks came to, once all have ended.
    pub(super) fn outcome(self: &Arc<Self>, waker: &Waker) -> Poll<Result<(), First<E>>> {
        let waker = waker.clone();
        let mut back = lock(&self.back.0);
        let mut front = lock(&self.front.0);
        let freed = settle(&mut back, &mut front, None);
        let (is_empty, unused) = front.is_empty_or_tell(waker);
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
}

impl<E> Engine<E> {
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

/// Drops what is not ours. Nobody waits for the panic that this may be.
pub(super) fn discard<T>(foreign: T) {
    if let Err(caught) = catch(|| drop(foreign)) {
        // This drop might panic too.
        std::mem::forget(caught.payload);
    }
}
