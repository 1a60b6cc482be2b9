//! An errgroup: a few tasks, one owner, the first error.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::panic::{Location, resume_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::AbortHandle;

use crate::panic::{Caught, catch, message};
use crate::slots::{Slot, Slots};
use crate::{BoundedGroup, Cause, StopToken};

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
pub struct Group<E> {
    inner: Arc<Inner<E>>,
}

/// A weak handle with which tasks spawn into their own group.
pub struct GroupHandle<E> {
    inner: Weak<Inner<E>>,
}

struct Inner<E> {
    runtime: Handle,
    token: StopToken,
    state: Mutex<State<E>>,
    /// Told when the last task has ended.
    empty: Notify,
}

struct State<E> {
    /// The tasks that have not ended.
    tasks: Slots,
    first: Option<First<E>>,
    ended: bool,
}

enum First<E> {
    Error(E),
    Panic(Box<dyn Any + Send>),
}

impl<E: Send + 'static> Group<E> {
    /// An empty group, whose tasks run on the current runtime.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    #[must_use]
    pub fn new() -> Group<E> {
        let state = State {
            tasks: Slots::default(),
            first: None,
            ended: false,
        };
        Group {
            inner: Arc::new(Inner {
                runtime: Handle::current(),
                token: StopToken::new(),
                state: Mutex::new(state),
                empty: Notify::new(),
            }),
        }
    }

    /// A group of at most `limit` tasks at a time, of another kind: [`BoundedGroup`].
    ///
    /// # Panics
    /// When `limit` is 0, since no task could ever start, and outside a tokio runtime.
    #[must_use]
    #[track_caller]
    pub fn bounded(limit: usize) -> BoundedGroup<E> {
        BoundedGroup::new(limit)
    }

    /// Starts a task.
    #[track_caller]
    pub fn spawn<F>(&self, future: F)
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
    {
        // Only a dropped owner refuses, and this is the owner.
        let _ = spawn(&self.inner, future, Location::caller());
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

    /// Waits until every task has ended, those included that tasks have spawned meanwhile.
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
        loop {
            let empty = self.inner.empty.notified();
            {
                let mut state = self.inner.lock();
                if state.tasks.is_empty() {
                    return match state.first.take() {
                        None => Ok(()),
                        Some(First::Error(error)) => Err(error),
                        Some(First::Panic(payload)) => {
                            drop(state);
                            resume_unwind(payload)
                        }
                    };
                }
            }
            empty.await;
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
        let aborts = {
            let mut state = self.inner.lock();
            state.ended = true;
            state.tasks.abort_handles()
        };
        self.inner.token.cancel(Cause::Dropped);
        aborts.iter().for_each(AbortHandle::abort);
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
        match self.inner.upgrade() {
            Some(inner) => spawn(&inner, future, Location::caller()),
            None => Err(future),
        }
    }
}

impl<E> Inner<E> {
    fn lock(&self) -> MutexGuard<'_, State<E>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fail(&self, first: First<E>, cause: Cause) {
        let mut state = self.lock();
        let replaced = match (&state.first, &first) {
            (None, _) | (Some(First::Error(_)), First::Panic(_)) => state.first.replace(first),
            _ => Some(first),
        };
        drop(state);
        // Foreign code runs in its drop: not under the lock.
        drop(replaced);
        self.token.cancel(cause);
    }
}

fn spawn<E, F>(
    inner: &Arc<Inner<E>>,
    future: F,
    location: &'static Location<'static>,
) -> Result<(), F>
where
    E: Send + 'static,
    F: Future<Output = Result<(), E>> + Send + 'static,
{
    let slot = {
        let mut state = inner.lock();
        if state.ended {
            return Err(future);
        }
        state.tasks.insert()
    };
    let member = Member {
        future,
        place: Place {
            inner: Arc::clone(inner),
            slot,
        },
        location,
    };
    #[expect(
        clippy::disallowed_methods,
        reason = "this is where a group's tasks start"
    )]
    let abort = inner.runtime.spawn(member).abort_handle();
    let mut state = inner.lock();
    let ended = state.ended;
    state.tasks.fill(slot, abort.clone());
    drop(state);
    if ended {
        abort.abort();
    }
    Ok(())
}

pin_project! {
    struct Member<E, F> {
        #[pin]
        future: F,
        // After the future: the place is free once the future is gone.
        place: Place<E>,
        location: &'static Location<'static>,
    }
}

struct Place<E> {
    inner: Arc<Inner<E>>,
    slot: Slot,
}

impl<E, F: Future<Output = Result<(), E>>> Future for Member<E, F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let location = || this.location.to_string();
        match catch(|| this.future.poll(cx)) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(Ok(()))) => {}
            Ok(Poll::Ready(Err(error))) => {
                let cause = Cause::Failed {
                    task: "group".to_owned(),
                    location: location(),
                };
                this.place.inner.fail(First::Error(error), cause);
            }
            Err(Caught {
                payload,
                location: known,
            }) => {
                let cause = Cause::Panicked {
                    task: "group".to_owned(),
                    message: message(&*payload),
                    location: known.unwrap_or_else(location),
                };
                this.place.inner.fail(First::Panic(payload), cause);
            }
        }
        Poll::Ready(())
    }
}

impl<E> Drop for Place<E> {
    fn drop(&mut self) {
        let mut state = self.inner.lock();
        state.tasks.remove(self.slot);
        if state.tasks.is_empty() {
            drop(state);
            self.inner.empty.notify_waiters();
        }
    }
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
        let state = self.inner.lock();
        f.debug_struct("Group")
            .field("tasks", &state.tasks.len())
            .field("failed", &state.first.is_some())
            .finish_non_exhaustive()
    }
}

impl<E> fmt::Debug for GroupHandle<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GroupHandle").finish_non_exhaustive()
    }
}
