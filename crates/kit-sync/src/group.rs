//! An errgroup: a few tasks, one owner, the first error.

mod count;
#[cfg(all(test, kit_loom))]
mod models;
mod shared;
mod task;

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::{Arc, Weak};

use tokio::runtime::Handle;

use crate::group_failure::GroupFailure;
use crate::sync::lock;
use crate::{BoundedGroup, StopToken};
use shared::GroupCore;
use task::GroupTask;

/// Runs tasks at the same time, waits for *all* of them and gives the first error: Go's errgroup,
/// for the fan-out inside one function.
///
/// The first error cancels [`token`](Self::token), so that the others can end early. A panic in a
/// task cancels it too, wins over errors, and goes on in the caller of [`wait`](Self::wait).
/// Dropping the group cancels the token and aborts; an aborted task ends at its next await, which
/// may be after the drop returned: to be sure of the end, await `wait`.
///
/// ```
/// use kit_sync::Group;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let mut group = Group::new();
/// group.spawn(async { Ok(()) });
/// group.spawn(async { Err("no such file") });
/// assert_eq!(group.wait().await, Err("no such file"));
/// # }
/// ```
///
/// There is one owner, and one wait at a time:
///
/// ```compile_fail,E0599
/// # fn of(group: kit_sync::Group<()>) {
/// let other = group.clone();
/// # }
/// ```
///
/// ```compile_fail,E0499
/// # async fn of(mut group: kit_sync::Group<()>) {
/// let (one, other) = tokio::join!(group.wait(), group.wait());
/// # }
/// ```
#[doc = include_str!("group/compared.md")]
pub struct Group<E> {
    core: Arc<GroupCore<E>>,
}

/// A weak handle with which tasks spawn into their own group.
pub struct GroupHandle<E> {
    core: Weak<GroupCore<E>>,
}

impl<E: Send + 'static> Group<E> {
    /// An empty group, whose tasks run on the current runtime.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    #[must_use]
    pub fn new() -> Group<E> {
        Group {
            core: Arc::new(GroupCore::new(Some(Handle::current()))),
        }
    }

    /// A group in which at most `limit` tasks are active at the same time.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let mut group = kit_sync::Group::bounded(8);
    /// for number in 1..=100 {
    ///     let fails = async move { if number < 50 { Ok(()) } else { Err(number) } };
    ///     // Waits while eight are active.
    ///     group.spawn(fails).await;
    /// }
    /// assert_eq!(group.wait().await, Err(50));
    /// # }
    /// ```
    ///
    /// # Panics
    /// When `limit` is 0: no task could ever start. Outside a tokio runtime.
    #[must_use]
    #[track_caller]
    pub fn bounded(limit: usize) -> BoundedGroup<E> {
        BoundedGroup::new(limit)
    }

    /// Starts a task. It may go to another thread and outlive its caller, so it borrows nothing:
    ///
    /// ```compile_fail,E0373
    /// # async fn of(group: kit_sync::Group<()>) {
    /// let text = String::from("borrowed");
    /// group.spawn(async {
    ///     println!("{text}");
    ///     Ok(())
    /// });
    /// # }
    /// ```
    #[track_caller]
    pub fn spawn<F>(&self, future: F)
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
    {
        self.core.count.enter();
        start(&self.core, future, Location::caller());
    }

    /// Cancelled at the first error or panic, and when the group is dropped.
    #[must_use]
    pub fn token(&self) -> &StopToken {
        &self.core.token
    }

    /// A weak handle for tasks that spawn into their own group.
    #[must_use]
    pub fn handle(&self) -> GroupHandle<E> {
        GroupHandle {
            core: Arc::downgrade(&self.core),
        }
    }

    /// Waits until every task has ended, those included that tasks have spawned meanwhile. A task
    /// that its runtime threw away, because it was shut down, has ended without an error.
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
        self.core.until_empty().await;
        match self.core.take_first() {
            None => Ok(()),
            Some(GroupFailure::Error(error)) => Err(error),
            Some(GroupFailure::Panic(caught)) => caught.resume(),
        }
    }
}

impl<E: Send + 'static> Default for Group<E> {
    fn default() -> Group<E> {
        Group::new()
    }
}

impl<E> Drop for Group<E> {
    fn drop(&mut self) {
        self.core.end();
    }
}

impl<E: Send + 'static> GroupHandle<E> {
    /// Starts a task in the group.
    ///
    /// # Errors
    /// Gives the future back, unpolled, when the group's owner is gone.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> Result<(), F>
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
    {
        let Some(core) = self.enter() else {
            return Err(future);
        };
        start(&core, future, Location::caller());
        Ok(())
    }
}

impl<E> GroupHandle<E> {
    /// Counts a task in, unless the owner is gone.
    fn enter(&self) -> Option<Arc<GroupCore<E>>> {
        let core = self.core.upgrade()?;
        core.count.try_enter().then_some(core)
    }
}

fn start<E, F>(core: &Arc<GroupCore<E>>, future: F, location: &'static Location<'static>)
where
    E: Send + 'static,
    F: Future<Output = Result<(), E>> + Send + 'static,
{
    let member = GroupTask::new(Arc::clone(core), future, location);
    let runtime = core.runtime.as_ref().expect("models spawn nothing");
    #[expect(
        clippy::disallowed_methods,
        reason = "this is where a group's tasks start"
    )]
    runtime.spawn(member);
}

impl<E> Clone for GroupHandle<E> {
    fn clone(&self) -> GroupHandle<E> {
        GroupHandle {
            core: Weak::clone(&self.core),
        }
    }
}

impl<E> fmt::Debug for Group<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Group")
            .field("tasks", &self.core.count.get())
            .field("failed", &lock(&self.core.first).is_some())
            .finish_non_exhaustive()
    }
}

impl<E> fmt::Debug for GroupHandle<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GroupHandle").finish_non_exhaustive()
    }
}
