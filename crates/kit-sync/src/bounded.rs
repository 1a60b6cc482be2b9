//! An errgroup with a limit: [`BoundedGroup`], and the futures of its spawns.

mod engine;
mod member;
#[cfg(all(test, kit_loom))]
mod models;
#[cfg_attr(kit_loom, path = "bounded/stand_in.rs")]
mod runtime;

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::PollSemaphore;

use crate::StopToken;
use crate::group_failure::GroupFailure;
use engine::Engine;
use member::Site;

/// Runs a limited number of tasks at the same time, waits for *all* of them and gives the first
/// error: a [`Group`](crate::Group) in which a spawn waits while the limit is reached.
///
/// [`Group::bounded`](crate::Group::bounded) makes it. The first error, panics and a drop of the
/// group act as in a `Group`. A task that has not started when the first error cancels the
/// [`token`](Self::token) starts all the same; at a drop of the group it is dropped.
///
/// # Spawning from inside
///
/// Tasks spawn into their own group through a [`handle`](Self::handle). **Warning:** a task that
/// awaits such a spawn keeps its place. When every place is held by a task that waits for one, all
/// of them wait until the group is dropped: deadlocks are not detected. A task that may hold the
/// last place uses `try_spawn`, and runs the future that it gets back itself:
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let mut group = kit_sync::Group::bounded(1);
/// let handle = group.handle();
/// let outer = async move {
///     match handle.try_spawn(async { Err("nested") }) {
///         Ok(()) => Ok(()),
///         Err(future) => future.await,
///     }
/// };
/// group.spawn(outer).await;
/// assert_eq!(group.wait().await, Err("nested"));
/// # }
/// ```
///
/// # How tasks are run
///
/// Runners, at most `limit` tokio tasks, take the spawned futures from a queue and run one after
/// another, which is cheaper than a tokio task for each; a task sees its runner's
/// [id](tokio::task::Id). Runners are started on demand, yield after 128 tasks, stay when they are
/// idle, and end with the group. A queued task, and a spawner that was woken, do not wait for a
/// pending task, nor, while a thread is free, for one that blocks its thread. Any other
/// task that a task of the group wakes may wait for those that the same runner runs next. While
/// tasks are queued, the places of ended tasks, up to half of the limit, are held back, so that a
/// spawner is woken once for several: a free thread gives them back, as does the next spawn.
pub struct BoundedGroup<E>(BoundedHandle<E>);

/// Spawns tasks into a group of another owner: [`BoundedGroup::handle`]. It does not keep the group
/// from ending.
pub struct BoundedHandle<E>(Arc<Engine<E>>);

impl<E: Send + 'static> BoundedGroup<E> {
    #[track_caller]
    pub(crate) fn new(limit: usize) -> BoundedGroup<E> {
        assert!(limit > 0, "a limit of at least one task is needed");
        BoundedGroup(BoundedHandle(Engine::new(limit)))
    }

    /// Waits until fewer than [`limit`](Self::limit) tasks are active, and starts one more; first
    /// come, first served. From inside, it may [never get a place](Self#spawning-from-inside).
    ///
    /// # Cancel safety
    /// When dropped, it leaves the line, and the future is dropped unpolled. It may be granted its
    /// place before it is polled again, and holds it then: poll it or drop it.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> Spawn<'_, E, F>
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
    {
        Spawn(self.0.spawn(future))
    }

    /// Starts a task if fewer than [`limit`](Self::limit) are active.
    ///
    /// # Errors
    /// Gives the future back, unpolled, when no place is free or the runtime is gone.
    #[track_caller]
    pub fn try_spawn<F>(&self, future: F) -> Result<(), F>
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
    {
        self.0.try_spawn(future)
    }

    /// Cancelled at the first error or panic, and when the group is dropped.
    #[must_use]
    pub fn token(&self) -> &StopToken {
        &self.0.0.token
    }

    /// A handle for tasks that spawn into their own group.
    #[must_use]
    pub fn handle(&self) -> BoundedHandle<E> {
        self.0.clone()
    }

    /// How many tasks may be active at the same time.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.0.0.limit
    }

    /// Waits until every task, those included that tasks have spawned meanwhile, has ended and its
    /// future is dropped. A task that a shutdown of its runtime dropped has ended without an error.
    ///
    /// # Errors
    /// The first error. Later ones are dropped.
    ///
    /// # Panics
    /// With the payload of the first task that panicked.
    ///
    /// # Cancel safety
    /// Nothing is lost when dropped; call it again.
    pub async fn wait(&mut self) -> Result<(), E> {
        match self.0.0.outcome().await {
            None => Ok(()),
            Some(GroupFailure::Error(error)) => Err(error),
            Some(GroupFailure::Panic(caught)) => caught.resume(),
        }
    }
}

impl<E> Drop for BoundedGroup<E> {
    fn drop(&mut self) {
        self.0.0.end();
    }
}

impl<E: Send + 'static> BoundedHandle<E> {
    /// Starts a task as [`BoundedGroup::spawn`] does, with the same order and cancel safety. A task
    /// that awaits it may [never get a place](BoundedGroup#spawning-from-inside).
    ///
    /// # Errors
    /// Awaited, gives the future back, unpolled, when the owner or the runtime is gone.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> HandleSpawn<'_, E, F>
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
    {
        HandleSpawn {
            engine: &self.0,
            future: Some(Box::new(future)),
            spawned_at: Location::caller(),
            line: None,
        }
    }

    /// Starts a task if fewer than [`limit`](BoundedGroup::limit) are active.
    ///
    /// # Errors
    /// Gives the future back, unpolled, when no place is free, or the owner or the runtime is gone.
    #[track_caller]
    pub fn try_spawn<F>(&self, future: F) -> Result<(), F>
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
    {
        if !self.0.take_place() {
            return Err(future);
        }
        let pushed = self.0.push(Box::new(future), Location::caller());
        pushed.map_err(|future| *future)
    }
}

/// Waits for a place and starts a task, [as an owner](BoundedGroup::spawn).
#[must_use = "the task starts when this is awaited"]
pub struct Spawn<'a, E, F>(HandleSpawn<'a, E, F>);

/// Waits for a place and starts a task, [through a handle](BoundedHandle::spawn).
#[must_use = "the task starts when this is awaited"]
pub struct HandleSpawn<'a, E, F> {
    engine: &'a Arc<Engine<E>>,
    /// `None` once it was queued or given back.
    future: Option<Box<F>>,
    spawned_at: Site,
    line: Option<PollSemaphore>,
}

impl<E: Send + 'static, F> Future for HandleSpawn<'_, E, F>
where
    F: Future<Output = Result<(), E>> + Send + 'static,
{
    type Output = Result<(), F>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        assert!(this.future.is_some(), "polled after it was done");
        let engine = this.engine;
        if this.line.is_some() || !engine.take_place() {
            let new = || PollSemaphore::new(Arc::clone(&engine.places));
            let line = this.line.get_or_insert_with(new);
            // Without a place, the owner is gone, and the future is given back.
            ready!(line.poll_acquire(cx)).map(OwnedSemaphorePermit::forget);
        }
        let future = this.future.take();
        let pushed = future.map_or(Ok(()), |future| engine.push(future, this.spawned_at));
        Poll::Ready(pushed.map_err(|future| *future))
    }
}

impl<E: Send + 'static, F> Future for Spawn<'_, E, F>
where
    F: Future<Output = Result<(), E>> + Send + 'static,
{
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // The owner is borrowed, so it is not gone.
        Pin::new(&mut self.0).poll(cx).map(drop)
    }
}

impl<E> Clone for BoundedHandle<E> {
    fn clone(&self) -> BoundedHandle<E> {
        BoundedHandle(Arc::clone(&self.0))
    }
}

impl<E> fmt::Debug for BoundedGroup<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BoundedGroup {{ limit: {}, .. }}", self.0.0.limit)
    }
}

impl<E> fmt::Debug for BoundedHandle<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BoundedHandle { .. }")
    }
}

impl<E, F> fmt::Debug for HandleSpawn<'_, E, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HandleSpawn { .. }")
    }
}

impl<E, F> fmt::Debug for Spawn<'_, E, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Spawn { .. }")
    }
}
