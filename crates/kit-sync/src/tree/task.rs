//! A named task as its spawner sees it: the results it may return, and the handle to await.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::task_state::TaskState;
use crate::BoxError;

/// The output of a task: `()`, or `Result<T, BoxError>`. Just these two, so that `Ok(())` at
/// the end of an async block needs no annotation.
///
/// An error of another type is turned into that one, with `?` or by hand, and no other type
/// implements this:
///
/// ```compile_fail,E0277
/// # async fn of(scope: kit_sync::Scope) {
/// scope.spawn("remove", async { std::fs::remove_file("lock") });
/// # }
/// ```
///
/// ```compile_fail,E0277
/// struct Mine;
/// impl kit_sync::TaskResult for Mine {
///     type Value = ();
///     fn into_result(self) -> Result<(), kit_sync::BoxError> {
///         Ok(())
///     }
/// }
/// ```
pub trait TaskResult: sealed::Sealed + Send + 'static {
    /// The value that awaiting the task gives when it went well.
    type Value: Send + 'static;

    /// The value or the error.
    ///
    /// # Errors
    /// The task's own.
    fn into_result(self) -> Result<Self::Value, BoxError>;
}

impl TaskResult for () {
    type Value = ();

    fn into_result(self) -> Result<(), BoxError> {
        Ok(())
    }
}

impl<T: Send + 'static> TaskResult for Result<T, BoxError> {
    type Value = T;

    fn into_result(self) -> Result<T, BoxError> {
        self
    }
}

mod sealed {
    #[expect(unnameable_types, reason = "so that no other crate implements it")]
    pub trait Sealed {}
    impl Sealed for () {}
    impl<T> Sealed for Result<T, crate::BoxError> {}
}

/// Why a task gave no value.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TaskError {
    /// It ended with an error.
    #[error("the task failed")]
    Failed(#[source] BoxError),
    /// It panicked.
    #[error("the task panicked: {message}")]
    Panicked {
        /// The panic's message.
        message: String,
        /// Where; unknown without [the hook](crate::panic::install_hook).
        location: Option<String>,
    },
    /// It was dropped before its end.
    #[error("the task was aborted")]
    Aborted,
    /// It was never started, because its scope had ended.
    #[error("the task was refused: its scope has ended")]
    Refused,
}

/// A spawned task: awaiting it gives its value, or how it ended. Dropping it changes nothing.
///
/// # Cancel safety
/// May be awaited by reference, dropped in the middle and awaited again; once it has given its
/// value it must not be polled again.
pub struct Task<V> {
    /// Held also so that the spawner, which allocated the state, frees it: a free on another thread
    /// contends for the allocator, which costs more than the rest of the task's end.
    state: Arc<TaskState>,
    running: Running<V>,
}

#[derive(Debug)]
enum Running<V> {
    Refused,
    InRuntime(JoinHandle<Result<V, TaskError>>),
    OnThread(oneshot::Receiver<Result<V, TaskError>>),
}

impl<V> Task<V> {
    pub(super) fn in_runtime(
        state: Arc<TaskState>,
        handle: JoinHandle<Result<V, TaskError>>,
    ) -> Task<V> {
        let running = Running::InRuntime(handle);
        Task { state, running }
    }

    pub(super) fn on_thread(
        state: Arc<TaskState>,
        result: oneshot::Receiver<Result<V, TaskError>>,
    ) -> Task<V> {
        let running = Running::OnThread(result);
        Task { state, running }
    }

    pub(super) fn refused(state: Arc<TaskState>) -> Task<V> {
        let running = Running::Refused;
        Task { state, running }
    }

    /// The name that it was spawned with.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.state.name
    }

    /// Whether it has ended (or was never started).
    #[must_use]
    pub fn is_finished(&self) -> bool {
        match &self.running {
            Running::Refused => true,
            Running::InRuntime(handle) => handle.is_finished(),
            Running::OnThread(result) => result.is_terminated() || !result.is_empty(),
        }
    }
}

impl<V> fmt::Debug for Task<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task")
            .field("name", &self.name())
            .field("is_finished", &self.is_finished())
            .finish()
    }
}

impl<V> Future for Task<V> {
    type Output = Result<V, TaskError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // Panics are caught inside, so these errors are an abort (or a runtime that went away).
        let result = match &mut self.running {
            Running::Refused => return Poll::Ready(Err(TaskError::Refused)),
            Running::InRuntime(handle) => ready!(Pin::new(handle).poll(cx)).ok(),
            Running::OnThread(result) => ready!(Pin::new(result).poll(cx)).ok(),
        };
        Poll::Ready(result.unwrap_or(Err(TaskError::Aborted)))
    }
}
