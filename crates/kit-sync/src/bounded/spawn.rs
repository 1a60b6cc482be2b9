//! Waiting for a place.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::engine::{Engine, No};
use super::front::Ticket;
use super::job::Spawned;
use super::{BoundedGroup, BoundedHandle};

/// Waits for a place and starts a task, [as an owner](BoundedGroup::spawn).
#[must_use = "the task starts when this is awaited"]
pub struct Spawn<'a, E, F> {
    group: &'a BoundedGroup<E>,
    line: Line<F>,
}

/// Waits for a place and starts a task, [through a handle](BoundedHandle::spawn).
#[must_use = "the task starts when this is awaited"]
pub struct HandleSpawn<'a, E, F> {
    handle: &'a BoundedHandle<E>,
    line: Line<F>,
}

/// A future that was not taken. It is unpolled.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rejected<F> {
    /// The owner is gone.
    Ended(F),
    /// Every place is held by a task that waits for a place itself, so none can become free.
    WouldDeadlock(F),
}

impl<F> Rejected<F> {
    /// The future.
    pub fn into_inner(self) -> F {
        match self {
            Rejected::Ended(future) | Rejected::WouldDeadlock(future) => future,
        }
    }
}

impl<F> Rejected<F> {
    fn map<G>(self, convert: impl FnOnce(F) -> G) -> Rejected<G> {
        match self {
            Rejected::Ended(future) => Rejected::Ended(convert(future)),
            Rejected::WouldDeadlock(future) => Rejected::WouldDeadlock(convert(future)),
        }
    }
}

impl<F> fmt::Display for Rejected<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Rejected::Ended(_) => "could not spawn into a bounded group whose owner is gone",
            Rejected::WouldDeadlock(_) => {
                "could not spawn into a bounded group whose tasks all wait for a place in it"
            }
        })
    }
}

impl<F> fmt::Debug for Rejected<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Rejected::Ended(_) => "Ended(..)",
            Rejected::WouldDeadlock(_) => "WouldDeadlock(..)",
        })
    }
}

impl<F> std::error::Error for Rejected<F> {}

// === Line ===

/// A future that is to get in line, or stands there.
struct Line<F> {
    /// `None` once it was taken or rejected.
    task: Option<Box<Spawned<F>>>,
    ticket: Option<Ticket>,
}

impl<F> Line<F> {
    fn new(future: F, location: &'static Location<'static>) -> Line<F> {
        Line {
            task: Some(Spawned::new(future, location)),
            ticket: None,
        }
    }

    fn poll<E>(
        &mut self,
        engine: &Arc<Engine<E>>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Rejected<Box<Spawned<F>>>>>
    where
        E: Send + 'static,
        F: Future<Output = Result<(), E>> + Send + 'static,
    {
        let Some(task) = self.task.take() else {
            panic!("polled after it was done");
        };
        let offered = if self.ticket.is_some() {
            Err((No::Place { soon: false }, task))
        } else {
            engine.offer_patiently(task)
        };
        let asked = match offered {
            Err((No::Place { .. }, task)) => engine.ask(&mut self.ticket, cx.waker(), task),
            offered => offered,
        };
        Poll::Ready(match asked {
            Ok(()) => Ok(()),
            Err((No::Owner, task)) => Err(Rejected::Ended(task)),
            Err((No::Way, task)) => Err(Rejected::WouldDeadlock(task)),
            Err((No::Place { .. }, task)) => {
                self.task = Some(task);
                return Poll::Pending;
            }
        })
    }

    fn leave<E>(&mut self, engine: &Engine<E>) {
        if let Some(ticket) = self.ticket.take() {
            engine.forgo(ticket);
        }
    }
}

// === Spawn ===

impl<'a, E, F> Spawn<'a, E, F> {
    pub(super) fn new(
        group: &'a BoundedGroup<E>,
        future: F,
        location: &'static Location<'static>,
    ) -> Spawn<'a, E, F> {
        Spawn {
            group,
            line: Line::new(future, location),
        }
    }
}

impl<E, F> Future for Spawn<'_, E, F>
where
    E: Send + 'static,
    F: Future<Output = Result<(), E>> + Send + 'static,
{
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        this.line.poll(&this.group.engine, cx).map(|spawned| {
            // The owner is here, so it is not gone.
            if let Err(Rejected::WouldDeadlock(task)) = spawned {
                panic!(
                    "the task spawned at {} can never start: every place of its group is held by \
                     a task that waits for a place; spawn from inside a group through its handle, \
                     which gives the future back",
                    task.spawned_at()
                );
            }
        })
    }
}

impl<E, F> Drop for Spawn<'_, E, F> {
    fn drop(&mut self) {
        self.line.leave(&self.group.engine);
    }
}

impl<E, F> fmt::Debug for Spawn<'_, E, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spawn").finish_non_exhaustive()
    }
}

// === HandleSpawn ===

impl<'a, E, F> HandleSpawn<'a, E, F> {
    pub(super) fn new(
        handle: &'a BoundedHandle<E>,
        future: F,
        location: &'static Location<'static>,
    ) -> HandleSpawn<'a, E, F> {
        HandleSpawn {
            handle,
            line: Line::new(future, location),
        }
    }
}

impl<E, F> Future for HandleSpawn<'_, E, F>
where
    E: Send + 'static,
    F: Future<Output = Result<(), E>> + Send + 'static,
{
    type Output = Result<(), Rejected<F>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let spawned = this.line.poll(&this.handle.engine, cx);
        spawned.map_err(|rejected| rejected.map(|task| task.into_future()))
    }
}

impl<E, F> Drop for HandleSpawn<'_, E, F> {
    fn drop(&mut self) {
        self.line.leave(&self.handle.engine);
    }
}

impl<E, F> fmt::Debug for HandleSpawn<'_, E, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HandleSpawn").finish_non_exhaustive()
    }
}
