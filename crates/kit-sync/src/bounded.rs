//! An errgroup with a limit: [`BoundedGroup`].

mod back;
mod engine;
mod front;
mod here;
mod job;
#[cfg(all(test, kit_loom))]
mod models;
mod runner;
mod runtime;
mod spawn;

use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::{Location, resume_unwind};
use std::sync::Arc;

use engine::{Engine, First};
use job::Spawned;
pub use spawn::{HandleSpawn, Rejected, Spawn};

use crate::StopToken;

/// A group that runs a limited number of tasks at the same time, and makes whoever spawns more
/// wait.
pub struct BoundedGroup<E> {
    engine: Arc<Engine<E>>,
}

/// A handle with which tasks spawn into their own group. It does not keep the group alive.
pub struct BoundedHandle<E> {
    engine: Arc<Engine<E>>,
}

impl<E: Send + 'static> BoundedGroup<E> {
    #[track_caller]
    pub(crate) fn new(limit: usize) -> BoundedGroup<E> {
        assert!(
            limit > 0,
            "a bounded group needs a limit of at least one task"
        );
        BoundedGroup {
            engine: Engine::new(limit),
        }
    }

    /// Waits for a place and starts a task.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> Spawn<'_, E, F>
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
    {
        Spawn::new(self, future, Location::caller())
    }

    /// Starts a task if a place is free.
    ///
    /// # Errors
    /// Gives the future back
    #[track_caller]
    pub fn try_spawn<F>(&self, future: F) -> Result<(), F>
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
    {
        let offered = self
            .engine
            .offer_now(Spawned::new(future, Location::caller()));
        offered.map_err(|(_, task)| task.into_future())
    }

    /// Told
    #[must_use]
    pub fn token(&self) -> &StopToken {
        &self.engine.token
    }

    /// A handle
    #[must_use]
    pub fn handle(&self) -> BoundedHandle<E> {
        BoundedHandle {
            engine: Arc::clone(&self.engine),
        }
    }

    /// How many tasks may run at the same time.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.engine.limit
    }

    /// Waits until every task has ended, those included that tasks have spawned meanwhile.
    ///
    /// # Errors
    /// The first error
    ///
    /// # Panics
    /// With
    ///
    /// # Cancel safety
    /// Nothing is lost when dropped; call it again.
    pub async fn wait(&mut self) -> Result<(), E> {
        match poll_fn(|cx| self.engine.outcome(cx.waker())).await {
            Ok(()) => Ok(()),
            Err(First::Error(error)) => Err(error),
            Err(First::Panic(payload)) => resume_unwind(payload),
        }
    }
}

impl<E> Drop for BoundedGroup<E> {
    fn drop(&mut self) {
        self.engine.end();
    }
}

impl<E: Send + 'static> BoundedHandle<E> {
    /// Waits for a place and starts a task.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> HandleSpawn<'_, E, F>
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
    {
        HandleSpawn::new(self, future, Location::caller())
    }

    /// Starts a task if a place is free.
    ///
    /// # Errors
    /// Gives the future back
    #[track_caller]
    pub fn try_spawn<F>(&self, future: F) -> Result<(), F>
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
    {
        let offered = self
            .engine
            .offer_now(Spawned::new(future, Location::caller()));
        offered.map_err(|(_, task)| task.into_future())
    }
}

impl<E> Clone for BoundedHandle<E> {
    fn clone(&self) -> BoundedHandle<E> {
        BoundedHandle {
            engine: Arc::clone(&self.engine),
        }
    }
}

impl<E> fmt::Debug for BoundedGroup<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (taken, waiting) = self.engine.load();
        f.debug_struct("BoundedGroup")
            .field("limit", &self.engine.limit)
            .field("taken", &taken)
            .field("waiting", &waiting)
            .finish_non_exhaustive()
    }
}

impl<E> fmt::Debug for BoundedHandle<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoundedHandle").finish_non_exhaustive()
    }
}
