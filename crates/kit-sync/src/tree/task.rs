//! One named task: how it is spawned, run, and awaited.

use std::borrow::Cow;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tokio::task::{AbortHandle, JoinHandle};
use tokio::time::Instant;

use super::node::Node;
use super::report::{Outcome, TaskReport};
use crate::BoxError;
use crate::panic::{Caught, catch, message};

/// What a task may end in: `()`, or `Result<T, BoxError>`. Just these two, so that `Ok(())` at
/// the end of an async block needs no annotation.
pub trait TaskResult: sealed::Sealed + Send + 'static {
    /// What awaiting the task gives when it went well.
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
    #[expect(unnameable_types, reason = "so that nobody else implements it")]
    pub trait Sealed {}
    impl Sealed for () {}
    impl<T> Sealed for Result<T, crate::BoxError> {}
}

/// When a task will end: the question that every spawn answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ending {
    /// When its scope's token tells it; waited for until the deadline. The common case.
    #[default]
    WhenTold,
    /// When its work is done, whatever the token says; waited for until the deadline.
    Finite,
    /// At any await: it is dropped at once when its scope is told.
    MayBeDropped,
    /// Perhaps never: nobody waits for it, and the report prints the reason.
    MayBeLeftBehind {
        /// Why nobody has to wait.
        reason: Cow<'static, str>,
    },
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
#[derive(Debug)]
pub struct Task<V> {
    /// `None` when it was refused.
    running: Option<JoinHandle<Result<V, TaskError>>>,
}

impl<V> Task<V> {
    pub(super) fn running(handle: JoinHandle<Result<V, TaskError>>) -> Task<V> {
        Task {
            running: Some(handle),
        }
    }

    pub(super) fn refused() -> Task<V> {
        Task { running: None }
    }

    /// Whether it has ended (or was never started).
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.running.as_ref().is_none_or(JoinHandle::is_finished)
    }
}

impl<V> Future for Task<V> {
    type Output = Result<V, TaskError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(running) = &mut self.running else {
            return Poll::Ready(Err(TaskError::Refused));
        };
        // Panics are caught inside, so a join error is an abort (or a runtime that went away).
        Poll::Ready(ready!(Pin::new(running).poll(cx)).unwrap_or(Err(TaskError::Aborted)))
    }
}

/// What is known of a named task from outside.
#[derive(Debug)]
pub(super) struct TaskState {
    pub(super) name: Cow<'static, str>,
    pub(super) location: &'static Location<'static>,
    pub(super) spawned: Instant,
    pub(super) ending: Ending,
    /// Empty for a thread.
    pub(super) abort: OnceLock<AbortHandle>,
}

impl TaskState {
    pub(super) fn report(&self, node: &Node, outcome: Outcome) -> TaskReport {
        TaskReport {
            path: format!("{}/{}", node.path(), self.name),
            spawned_at: self.location.to_string(),
            age: self.spawned.elapsed(),
            outcome,
        }
    }
}

/// Holds a named task's place in its node, and leaves it with the task's outcome when dropped.
#[derive(Debug)]
pub(super) struct TaskPlace {
    pub(super) node: Arc<Node>,
    pub(super) key: usize,
    pub(super) task: Arc<TaskState>,
    pub(super) outcome: Option<Outcome>,
}

impl Drop for TaskPlace {
    fn drop(&mut self) {
        let outcome = self.outcome.take().unwrap_or_else(|| {
            if self.task.ending == Ending::MayBeDropped && self.node.is_cancelled() {
                Outcome::Cancelled
            } else {
                Outcome::Aborted
            }
        });
        self.node.task_ended(self.key, &self.task, outcome);
    }
}

pin_project! {
    /// The future of a named task.
    pub(super) struct Named<F> {
        #[pin]
        pub(super) future: F,
        // After the future: the place is left once the future is gone.
        pub(super) place: TaskPlace,
    }
}

impl<F> Future for Named<F>
where
    F: Future<Output: TaskResult>,
{
    type Output = Result<<F::Output as TaskResult>::Value, TaskError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let polled = catch(|| this.future.poll(cx));
        let (outcome, result) = judge(match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(result)) => Ok(result),
            Err(caught) => Err(caught),
        });
        this.place.outcome = Some(outcome);
        Poll::Ready(result)
    }
}

/// How a task ended, for the report and for its handle.
pub(super) fn judge<R: TaskResult>(
    ended: Result<R, Caught>,
) -> (Outcome, Result<R::Value, TaskError>) {
    match ended.map(TaskResult::into_result) {
        Ok(Ok(value)) => (Outcome::Completed, Ok(value)),
        Ok(Err(error)) => (
            Outcome::Failed {
                error: chain(&*error),
            },
            Err(TaskError::Failed(error)),
        ),
        Err(Caught { payload, location }) => {
            let message = message(&*payload);
            let outcome = Outcome::Panicked {
                message: message.clone(),
                location: location.clone(),
            };
            (outcome, Err(TaskError::Panicked { message, location }))
        }
    }
}

/// An error and its sources in one line.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let sources = std::iter::successors(error.source(), |error| error.source());
    sources.fold(error.to_string(), |text, source| {
        format!("{text}: {source}")
    })
}
