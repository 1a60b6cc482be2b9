//! What the owner, the handles and the runners of a bounded group share.

use std::any::Any;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Poll, Waker};

use super::here;
use super::lanes::{Call, Lanes, Next, Step};
use super::places::{Places, TaskId, Ticket, Turn};
use super::runner::Runner;
use super::runtime::Runtime;
use crate::panic::catch;
use crate::sync::{AtomicBool, Mutex, Ordering, lock};
use crate::{Cause, StopToken};

pub(super) struct Engine<E> {
    pub(super) token: StopToken,
    pub(super) limit: usize,
    runtime: Runtime,
    state: Mutex<State<E>>,
    first: Mutex<Option<First<E>>>,
    /// The same as in the state, for runners that need nothing else of it.
    over: AtomicBool,
}

struct State<E> {
    places: Places,
    lanes: Lanes<Job<E>>,
    started: TaskId,
    /// Who waits for the end of all tasks.
    owner: Option<Waker>,
    /// The owner is gone.
    over: bool,
}

/// A task that has a place.
pub(super) struct Job<E> {
    pub(super) future: Pin<Box<dyn Future<Output = Result<(), E>> + Send>>,
    pub(super) location: &'static Location<'static>,
}

/// What `wait` gives.
pub(super) enum First<E> {
    Error(E),
    Panic(Box<dyn Any + Send>),
}

/// Why a future was not taken.
#[derive(Debug)]
pub(super) enum No {
    Place,
    Owner,
    /// See [`Turn::Never`].
    Way,
}

/// What a runner is told.
pub(super) enum Order<E> {
    Run(Job<E>, TaskId),
    Yield,
    Park,
    End,
}

/// Who is woken for a place that became free.
#[derive(Default)]
struct Freed {
    waiter: Option<Waker>,
    owner: Option<Waker>,
}

impl<E> Engine<E> {
    pub(super) fn new(limit: usize) -> Engine<E> {
        let state = State {
            places: Places::new(limit),
            lanes: Lanes::new(limit),
            started: 0,
            owner: None,
            over: false,
        };
        Engine {
            token: StopToken::new(),
            limit,
            runtime: Runtime::current(),
            state: Mutex::new(state),
            first: Mutex::new(None),
            over: AtomicBool::new(false),
        }
    }

    /// Leaves the line.
    pub(super) fn forgo(&self, ticket: Ticket) {
        let mut state = lock(&self.state);
        if state.over {
            return;
        }
        let (mine, next) = state.places.forgo(ticket);
        let freed = state.freed(next);
        drop(state);
        drop(mine);
        freed.wake();
    }

    /// Keeps the waker of a runner.
    pub(super) fn keep(&self, lane: usize, waker: Waker) {
        let old = lock(&self.state).lanes.keep(lane, waker);
        drop(old);
    }

    /// A runner was dropped together with its runtime. What nobody is left to run is dropped, as
    /// a runtime does with its tasks.
    pub(super) fn lost(&self, lane: usize, ended: Option<TaskId>) {
        let mut state = lock(&self.state);
        let mut freed = state.end(ended);
        let waker = state.lanes.lose(lane);
        while let Some(orphan) = state.lanes.orphan() {
            drop(state);
            freed.wake();
            discard(orphan);
            state = lock(&self.state);
            let next = state.places.give_back();
            freed = state.freed(next);
        }
        drop(state);
        freed.wake();
        drop(waker);
    }

    /// Keeps the first error or panic and tells the token.
    pub(super) fn fail(&self, first: First<E>, cause: Cause) {
        let mut kept = lock(&self.first);
        let rest = match (&*kept, &first) {
            _ if self.is_over() => Some(first),
            (None, _) | (Some(First::Error(_)), First::Panic(_)) => kept.replace(first),
            _ => Some(first),
        };
        drop(kept);
        discard(rest);
        self.token.cancel(cause);
    }

    /// What the tasks came to, once all have ended.
    pub(super) fn outcome(&self, waker: &Waker) -> Poll<Result<(), First<E>>> {
        let waker = waker.clone();
        let mut state = lock(&self.state);
        if state.places.taken() > 0 {
            let old = state.owner.replace(waker);
            drop(state);
            drop(old);
            return Poll::Pending;
        }
        drop(state);
        Poll::Ready(lock(&self.first).take().map_or(Ok(()), Err))
    }

    /// The owner is gone.
    pub(super) fn end(&self) {
        let mut state = lock(&self.state);
        state.over = true;
        self.over.store(true, Ordering::Release);
        let (queue, runners) = state.lanes.dismiss();
        let waiters = state.places.dismiss();
        let owner = state.owner.take();
        drop(state);
        drop(owner);
        self.token.cancel(Cause::Dropped);
        queue.into_iter().for_each(discard);
        runners.into_iter().chain(waiters).for_each(Waker::wake);
        let first = lock(&self.first).take();
        discard(first);
    }

    pub(super) fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }

    /// Tells this group from others while it lives.
    pub(super) fn id(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// The places taken, and how many wait for one.
    pub(super) fn load(&self) -> (usize, usize) {
        let state = lock(&self.state);
        (state.places.taken(), state.places.waiting())
    }
}

impl<E: Send + 'static> Engine<E> {
    /// Takes a future if a place is free.
    pub(super) fn offer<F>(
        self: &Arc<Self>,
        future: Box<F>,
        location: &'static Location<'static>,
    ) -> Result<(), (No, Box<F>)>
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
    {
        let mut state = lock(&self.state);
        if state.over {
            return Err((No::Owner, future));
        }
        if !state.places.take() {
            return Err((No::Place, future));
        }
        let call = state.push(future, location);
        drop(state);
        self.call(call);
        Ok(())
    }

    /// Takes a future when it is its turn; until then it is in line.
    pub(super) fn ask<F>(
        self: &Arc<Self>,
        ticket: &mut Option<Ticket>,
        waker: &Waker,
        future: Box<F>,
        location: &'static Location<'static>,
    ) -> Result<(), (No, Box<F>)>
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
    {
        let inside = here::task_of(self.id());
        let waker = waker.clone();
        let mut state = lock(&self.state);
        if state.over {
            *ticket = None;
            drop(state);
            return Err((No::Owner, future));
        }
        let (turn, unused) = state.places.ask(ticket, waker, inside);
        let asked = match turn {
            Turn::Yours => Ok(state.push(future, location)),
            Turn::Wait => Err((No::Place, future)),
            Turn::Never => Err((No::Way, future)),
        };
        drop(state);
        drop(unused);
        asked.map(|call| self.call(call))
    }

    /// What a runner does next. `ended` is the task that it ran until now.
    pub(super) fn next(
        self: &Arc<Self>,
        lane: usize,
        step: Step,
        ended: Option<TaskId>,
    ) -> Order<E> {
        let mut state = lock(&self.state);
        let freed = state.end(ended);
        if state.over {
            return Order::End;
        }
        let (next, call) = state.lanes.next(lane, step);
        let order = match next {
            Next::Run(job) => {
                state.started += 1;
                Order::Run(job, state.started)
            }
            Next::Yield => Order::Yield,
            Next::Park => Order::Park,
        };
        drop(state);
        self.call(call);
        freed.wake();
        order
    }

    fn call(self: &Arc<Self>, call: Option<Call>) {
        match call {
            Some(Call::Start(lane)) => self.runtime.start(Runner::new(Arc::clone(self), lane)),
            Some(Call::Wake(waker)) => waker.wake(),
            None => {}
        }
    }
}

impl<E> State<E> {
    fn push<F>(&mut self, future: Box<F>, location: &'static Location<'static>) -> Option<Call>
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
    {
        let future = Box::into_pin(future);
        self.lanes.push(Job { future, location }, here::thread())
    }

    fn end(&mut self, ended: Option<TaskId>) -> Freed {
        match ended {
            Some(task) => {
                let next = self.places.end(task);
                self.freed(next)
            }
            None => Freed::default(),
        }
    }

    fn freed(&mut self, waiter: Option<Waker>) -> Freed {
        let owner = self.owner.take_if(|_| self.places.taken() == 0);
        Freed { waiter, owner }
    }
}

impl Freed {
    fn wake(self) {
        let woken = [self.waiter, self.owner];
        woken.into_iter().flatten().for_each(Waker::wake);
    }
}

/// Drops what is not ours. Nobody waits for the panic that this may be.
pub(super) fn discard<T>(foreign: T) {
    if let Err(caught) = catch(|| drop(foreign)) {
        // This drop might panic too.
        std::mem::forget(caught.payload);
    }
}
