//! The back's side: what runners do.

use std::sync::{Arc, Weak};
use std::task::{Wake, Waker};

use super::super::back::Call;
use super::super::front::TaskId;
use super::super::job::Job;
use super::super::runner::Runner;
use super::{Engine, discard, settle};
use crate::sync::{Ordering, lock};

/// Why a runner asks what is next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in super::super) enum Step {
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
pub(in super::super) enum Order<E> {
    Run(Job<E>, TaskId),
    /// Come again after others had the thread.
    Yield,
    /// Come again at a nudge, or in a moment.
    Linger,
    Park,
    End,
}

impl<E: Send + 'static> Engine<E> {
    /// What a runner does next. `ended` is the task that it ran until now.
    pub(in super::super) fn next(
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
        let order = if step == Step::Tired && !back.outbox.is_empty() {
            Order::Yield
        } else if let Some((job, task)) = back.take() {
            Order::Run(job, task)
        } else if step == Step::Ended && self.runtime.has_threads() && front.may_linger() {
            self.nudge.0.store(false, Ordering::Relaxed);
            Order::Linger
        } else {
            back.park(lane);
            front.asleep |= !back.is_anybody_awake();
            Order::Park
        };
        let arm = back.arm();
        drop((front, back));
        self.follow(None, arm);
        freed.wake();
        order
    }

    /// The task that a runner has just taken is pending, so the runner takes no other.
    pub(in super::super) fn leave(self: &Arc<Self>, lane: usize) {
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

    /// Looks after runners that are held up.
    pub(super) fn look(self: &Arc<Self>) {
        let mut back = lock(&self.back.0);
        let queued = back.outbox.len() + lock(&self.front.0).queued();
        let calls = back.look(queued, self.runtime.threads());
        drop(back);
        // Who is called arms the watch again: here, that may be what has just ended.
        self.follow(calls, false);
    }

    pub(super) fn follow(self: &Arc<Self>, calls: impl IntoIterator<Item = Call>, mut arm: bool) {
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
    /// Keeps the waker of a runner.
    pub(in super::super) fn keep(&self, lane: usize, waker: Waker) {
        let old = lock(&self.back.0).keep(lane, waker);
        drop(old);
    }

    /// A runner was dropped with its runtime. What nobody is left to run is dropped, as a runtime
    /// does with its tasks.
    pub(in super::super) fn lost(&self, lane: usize, ended: Option<TaskId>) {
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
}

/// Woken by the watch.
pub(super) struct Lookout<E>(pub(super) Weak<Engine<E>>);

impl<E: Send + 'static> Wake for Lookout<E> {
    fn wake(self: Arc<Self>) {
        if let Some(engine) = self.0.upgrade() {
            engine.look();
        }
    }
}
