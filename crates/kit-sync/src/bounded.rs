//! An errgroup with a limit: [`BoundedGroup`], and the futures of its spawns.

mod back;
mod engine;
mod front;
mod here;
mod job;
#[cfg(all(test, kit_loom))]
mod models;
mod runner;
#[cfg_attr(kit_loom, path = "bounded/stand_in.rs")]
mod runtime;
mod spawn;

use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::Location;
use std::sync::Arc;

use engine::{Engine, First};
use job::Spawned;
pub use spawn::{HandleSpawn, Rejected, Spawn};

use crate::StopToken;

/// Runs a limited number of tasks at the same time, waits for *all* of them and gives the first
/// error: a [`Group`](crate::Group) that makes whoever spawns too much wait.
///
/// It is made by [`Group::bounded`](crate::Group::bounded). What is said there of the first error,
/// of panics and of dropping the group holds here, too. A task that has not started when the first
/// error tells the [`token`](Self::token) is started all the same, and sees the token. What has
/// not started when the group is dropped is dropped.
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// use kit_sync::Group;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let mut group = Group::<std::io::Error>::bounded(8);
/// let sum = Arc::new(AtomicU64::new(0));
/// for number in 1..=100 {
///     let sum = Arc::clone(&sum);
///     // Waits while eight are active.
///     group
///         .spawn(async move {
///             sum.fetch_add(number, Ordering::Relaxed);
///             Ok(())
///         })
///         .await;
/// }
/// group.wait().await.unwrap();
/// assert_eq!(sum.load(Ordering::Relaxed), 5050);
/// # }
/// ```
///
/// # Spawning from inside
///
/// Tasks spawn into their own group through a [`handle`](Self::handle). One that waits for a place
/// while it holds the last one would wait for ever. So when every place is held by a task that
/// itself waits for a place, the one that completes the circle gets its future back as
/// [`Rejected::WouldDeadlock`], to run it itself:
///
/// ```
/// use kit_sync::Group;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let mut group = Group::<&str>::bounded(1);
/// let handle = group.handle();
/// group
///     .spawn(async move {
///         match handle.spawn(async { Err("nested") }).await {
///             Ok(()) => Ok(()),
///             Err(rejected) => rejected.into_inner().await,
///         }
///     })
///     .await;
/// assert_eq!(group.wait().await, Err("nested"));
/// # }
/// ```
///
/// A task counts as waiting while a spawn of it is in line, whatever else it does meanwhile. Seen
/// is what it awaits itself: a circle through another task, which spawns while this one waits for
/// it, is not seen, nor are places that tasks of other groups hold in turn.
///
/// # How tasks are run
///
/// A spawned future is boxed, and run by a tokio task that has run others before, a runner. So it
/// costs far less than a tokio task, and has its runner's [id](tokio::task::Id). Runners are
/// started when they are needed, at most `limit` of them, and one more should all be held up. They
/// yield after 128 tasks, stay when they have nothing to do, and end with the group.
///
/// What is queued never waits behind a task that is pending. On a runtime of several threads it
/// does not wait behind one that blocks its thread, either, for longer than a millisecond or two:
/// a timer looks after that. Where a task is spawned from a thread that runs none itself, as in
/// `block_on`, that thread, and a runner that has run out of tasks, may spin for a few
/// microseconds before they sleep, since to be woken takes longer.
pub struct BoundedGroup<E> {
    engine: Arc<Engine<E>>,
}

/// A handle with which tasks spawn into their own group: [`BoundedGroup::handle`]. It does not
/// keep the group from ending.
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

    /// Waits until fewer than [`limit`](Self::limit) tasks are active, and starts one more. Who
    /// waits is served first come first served.
    ///
    /// # Panics
    /// When it is awaited inside of a task of this group, where a
    /// [handle's](BoundedHandle::spawn) would be rejected as [`Rejected::WouldDeadlock`].
    ///
    /// # Cancel safety
    /// When dropped, it leaves the line, and the future is dropped unpolled. It may be granted its
    /// place before it is polled again, and holds it then: poll it or drop it.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> Spawn<'_, E, F>
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
    {
        Spawn::new(self, future, Location::caller())
    }

    /// Starts a task if fewer than [`limit`](Self::limit) are active.
    ///
    /// ```
    /// use std::future::pending;
    ///
    /// use kit_sync::Group;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let group = Group::<()>::bounded(1);
    /// assert!(group.try_spawn(pending()).is_ok());
    /// assert!(group.try_spawn(pending()).is_err());
    /// # }
    /// ```
    ///
    /// # Errors
    /// Gives the future back, unpolled, when no place is free.
    #[track_caller]
    pub fn try_spawn<F>(&self, future: F) -> Result<(), F>
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
    {
        let task = Spawned::new(future, Location::caller());
        let offered = self.engine.offer_now(task);
        offered.map_err(|(_, task)| task.into_future())
    }

    /// Told at the first error or panic, and when the group is dropped.
    #[must_use]
    pub fn token(&self) -> &StopToken {
        &self.engine.token
    }

    /// A handle for tasks that spawn into their own group.
    #[must_use]
    pub fn handle(&self) -> BoundedHandle<E> {
        BoundedHandle {
            engine: Arc::clone(&self.engine),
        }
    }

    /// How many tasks may be active at the same time.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.engine.limit
    }

    /// Waits until every task has ended, those included that tasks have spawned meanwhile. Their
    /// futures are dropped by then. A task that its runtime threw away, because it was shut down,
    /// has ended without an error.
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
        match poll_fn(|cx| self.engine.outcome(cx.waker())).await {
            Ok(()) => Ok(()),
            Err(First::Error(error)) => Err(error),
            Err(First::Panic(caught)) => caught.resume(),
        }
    }
}

impl<E> Drop for BoundedGroup<E> {
    fn drop(&mut self) {
        self.engine.end();
    }
}

impl<E: Send + 'static> BoundedHandle<E> {
    /// Waits until fewer than [`limit`](BoundedGroup::limit) tasks are active, and starts one
    /// more. Who waits is served first come first served.
    ///
    /// ```
    /// use kit_sync::Group;
    /// use kit_sync::bounded::Rejected;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let group = Group::<&str>::bounded(1);
    /// let handle = group.handle();
    /// drop(group);
    /// let Err(rejected) = handle.spawn(async { Err("late") }).await else {
    ///     panic!("the group is gone");
    /// };
    /// assert!(matches!(rejected, Rejected::Ended(_)));
    /// assert_eq!(rejected.into_inner().await, Err("late"));
    /// # }
    /// ```
    ///
    /// # Errors
    /// Awaited, gives the future back, unpolled, when the owner is gone, or when this would
    /// [wait for ever](BoundedGroup#spawning-from-inside).
    ///
    /// # Cancel safety
    /// When dropped, it leaves the line, and the future is dropped unpolled. It may be granted its
    /// place before it is polled again, and holds it then: poll it or drop it.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> HandleSpawn<'_, E, F>
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
    {
        HandleSpawn::new(self, future, Location::caller())
    }

    /// Starts a task if fewer than [`limit`](BoundedGroup::limit) are active.
    ///
    /// # Errors
    /// Gives the future back, unpolled, when no place is free or the owner is gone.
    #[track_caller]
    pub fn try_spawn<F>(&self, future: F) -> Result<(), F>
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
    {
        let task = Spawned::new(future, Location::caller());
        let offered = self.engine.offer_now(task);
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
