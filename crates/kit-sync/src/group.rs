//! An errgroup: a few tasks, one owner, the first error.

mod count;
mod member;
#[cfg(all(test, kit_loom))]
mod models;

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::{Arc, Weak};
use std::task::Waker;

use tokio::runtime::Handle;

use crate::panic::Caught;
use crate::roster::Roster;
use crate::sync::{AtomicBool, Mutex, Notify, Ordering, lock};
use crate::{BoundedGroup, Cause, StopToken};
use count::Count;
use member::Member;

/// Runs tasks at the same time, waits for *all* of them and gives the first error: Go's errgroup,
/// for the fan-out inside one function.
///
/// The first error tells [`token`](Self::token), so that the others can end early. A panic in a
/// task tells it too, wins over errors, and goes on in whoever [waits](Self::wait). Dropping the
/// group tells the token and aborts; an aborted task ends at its next await, which may be after
/// the drop returned: who must know awaits `wait`.
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
    inner: Arc<Inner<E>>,
}

/// A weak handle with which tasks spawn into their own group.
pub struct GroupHandle<E> {
    inner: Weak<Inner<E>>,
}

pub(crate) struct Inner<E> {
    runtime: Option<Handle>,
    token: StopToken,
    count: Count,
    aborting: AtomicBool,
    waiting: Roster<Waker>,
    first: Mutex<Option<First<E>>>,
    /// Told when the last task has ended and somebody waits for that.
    empty: Notify,
}

enum First<E> {
    Error(E),
    Panic(Caught),
}

impl<E: Send + 'static> Group<E> {
    /// An empty group, whose tasks run on the current runtime.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    #[must_use]
    pub fn new() -> Group<E> {
        Group {
            inner: Arc::new(Inner::new(Some(Handle::current()))),
        }
    }

    /// A group in which at most `limit` tasks are active at the same time.
    ///
    /// # Panics
    /// When `limit` is 0: no task could ever start. Outside a tokio runtime, and on one of several
    /// threads without its [timers](tokio::runtime::Builder::enable_time).
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
        self.inner.count.enter();
        start(&self.inner, future, Location::caller());
    }

    /// Told at the first error or panic, and when the group is dropped.
    #[must_use]
    pub fn token(&self) -> &StopToken {
        &self.inner.token
    }

    /// A weak handle for tasks that spawn into their own group.
    #[must_use]
    pub fn handle(&self) -> GroupHandle<E> {
        GroupHandle {
            inner: Arc::downgrade(&self.inner),
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
        self.inner.until_empty().await;
        match self.inner.take_first() {
            None => Ok(()),
            Some(First::Error(error)) => Err(error),
            Some(First::Panic(caught)) => caught.resume(),
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
        self.inner.end();
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
        let Some(inner) = self.enter() else {
            return Err(future);
        };
        start(&inner, future, Location::caller());
        Ok(())
    }
}

impl<E> GroupHandle<E> {
    /// Counts a task in, unless the owner is gone.
    fn enter(&self) -> Option<Arc<Inner<E>>> {
        let inner = self.inner.upgrade()?;
        inner.count.try_enter().then_some(inner)
    }
}

impl<E> Inner<E> {
    fn new(runtime: Option<Handle>) -> Inner<E> {
        Inner {
            runtime,
            token: StopToken::new(),
            count: Count::default(),
            aborting: AtomicBool::new(false),
            waiting: Roster::new(),
            first: Mutex::new(None),
            empty: Notify::new(),
        }
    }

    fn is_aborting(&self) -> bool {
        self.aborting.load(Ordering::Acquire)
    }

    fn leave(&self) {
        if self.count.leave() {
            self.empty.notify_waiters();
        }
    }

    async fn until_empty(&self) {
        loop {
            let empty = self.empty.notified();
            if self.count.wait_for_none() {
                return self.count.waited();
            }
            empty.await;
        }
    }

    /// The error or panic to tell, dropping any other.
    fn take_first(&self) -> Option<First<E>> {
        lock(&self.first).take()
    }

    /// Keeps the first error, or the first panic instead.
    fn fail(&self, first: First<E>, cause: Cause) {
        let mut kept = lock(&self.first);
        let replaced = match (&*kept, &first) {
            (None, _) | (Some(First::Error(_)), First::Panic(_)) => kept.replace(first),
            _ => Some(first),
        };
        drop(kept);
        // Foreign code runs in its drop: not under the lock.
        drop(replaced);
        self.token.cancel(cause);
    }

    /// The owner is gone.
    fn end(&self) {
        self.aborting.store(true, Ordering::Release);
        let alive = self.count.end();
        self.token.cancel(Cause::Dropped);
        if alive {
            self.waiting
                .collect(Waker::clone)
                .into_iter()
                .for_each(Waker::wake);
        }
    }
}

fn start<E, F>(inner: &Arc<Inner<E>>, future: F, location: &'static Location<'static>)
where
    E: Send + 'static,
    F: Future<Output = Result<(), E>> + Send + 'static,
{
    let member = Member::new(Arc::clone(inner), future, location);
    let runtime = inner.runtime.as_ref().expect("models spawn nothing");
    #[expect(
        clippy::disallowed_methods,
        reason = "this is where a group's tasks start"
    )]
    runtime.spawn(member);
}

impl<E> Clone for GroupHandle<E> {
    fn clone(&self) -> GroupHandle<E> {
        GroupHandle {
            inner: Weak::clone(&self.inner),
        }
    }
}

impl<E> fmt::Debug for Group<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Group")
            .field("tasks", &self.inner.count.get())
            .field("failed", &lock(&self.inner.first).is_some())
            .finish_non_exhaustive()
    }
}

impl<E> fmt::Debug for GroupHandle<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GroupHandle").finish_non_exhaustive()
    }
}
