//! The task that runs the tasks of a bounded group.

use std::future::Future;
use std::hint;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::engine::{Engine, First, Order, Step, discard};
use super::front::TaskId;
use super::here::Inside;
use super::job::Job;
use super::runtime::{BREATH, MOMENT};
use crate::Cause;
use crate::panic::{catch, message};

/// How many futures are run before others get the thread.
const SLICE: usize = 128;

pub(super) struct Runner<E> {
    engine: Arc<Engine<E>>,
    lane: usize,
    /// The one that the engine knows.
    waker: Option<Waker>,
    job: Option<Job<E>>,
    /// The task whose place is not given back yet.
    task: Option<TaskId>,
    ended: bool,
}

impl<E> Runner<E> {
    pub(super) fn new(engine: Arc<Engine<E>>, lane: usize) -> Runner<E> {
        Runner {
            engine,
            lane,
            waker: None,
            job: None,
            task: None,
            ended: false,
        }
    }

    /// Polls the job. When it is done, its future is gone.
    fn turn(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let _inside = self.task.map(|task| Inside::enter(self.engine.id(), task));
        let mut location = None;
        let job = &mut self.job;
        let polled = catch(|| {
            let polled = job.as_mut()?.as_mut().poll(cx);
            if polled.is_ready() {
                location = job.as_ref().map(|job| job.location());
                *job = None;
            }
            Some(polled)
        });
        if polled.is_err() {
            location = location.or(self.job.as_ref().map(|job| job.location()));
            discard(self.job.take());
        }
        let spawned_at = || location.map(ToString::to_string).unwrap_or_default();
        match polled {
            Ok(Some(Poll::Pending)) => return Poll::Pending,
            Ok(None | Some(Poll::Ready(Ok(())))) => {}
            Ok(Some(Poll::Ready(Err(error)))) => {
                let cause = Cause::Failed {
                    task: "group".to_owned(),
                    location: spawned_at(),
                };
                self.engine.fail(First::Error(error), cause);
            }
            Err(caught) => {
                let cause = Cause::Panicked {
                    task: "group".to_owned(),
                    message: message(&*caught.payload).to_owned(),
                    location: caught.location.clone().unwrap_or_else(spawned_at),
                };
                self.engine.fail(First::Panic(caught), cause);
            }
        }
        Poll::Ready(())
    }
}

impl<E: Send + 'static> Future for Runner<E> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        if !this
            .waker
            .as_ref()
            .is_some_and(|known| known.will_wake(cx.waker()))
        {
            this.waker = Some(cx.waker().clone());
            this.engine.keep(this.lane, cx.waker().clone());
        }
        if this.engine.is_over() {
            this.ended = true;
            discard(this.job.take());
            return Poll::Ready(());
        }
        let mut step = Step::Woken;
        let mut turns = 0;
        loop {
            let is_new = this.job.is_none();
            if is_new {
                match this.engine.next(this.lane, step, this.task.take()) {
                    Order::Run(job, task) => {
                        this.job = Some(job);
                        this.task = Some(task);
                    }
                    Order::Park => return Poll::Pending,
                    Order::Yield => {
                        cx.waker().wake_by_ref();
                        return Poll::Pending;
                    }
                    Order::Linger => {
                        linger(&this.engine);
                        step = Step::Lingered;
                        continue;
                    }
                    Order::End => {
                        this.ended = true;
                        return Poll::Ready(());
                    }
                }
            }
            if this.turn(cx).is_pending() {
                if is_new {
                    this.engine.leave(this.lane);
                }
                return Poll::Pending;
            }
            turns += 1;
            step = if turns < SLICE {
                Step::Ended
            } else {
                Step::Tired
            };
        }
    }
}

fn linger<E>(engine: &Engine<E>) {
    let mut moment = 0..MOMENT;
    while !engine.is_nudged() && moment.next().is_some() {
        hint::spin_loop();
    }
    if engine.is_nudged() {
        (0..BREATH).for_each(|_| hint::spin_loop());
    }
}

impl<E> Drop for Runner<E> {
    fn drop(&mut self) {
        if !self.ended {
            discard(self.job.take());
            self.engine.lost(self.lane, self.task.take());
        }
    }
}
