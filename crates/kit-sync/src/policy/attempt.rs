//! One run of some work, whose panic is a value.

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::Failure;
use crate::panic::{Caught, catch, message};
use crate::{BoxError, Cause, TaskResult};

/// How a run failed, with all that it takes to let the failure go on.
pub(super) enum Broken {
    Error(BoxError),
    Panic(Caught),
}

impl Broken {
    /// As without a policy: the error is returned, the panic goes on.
    pub(super) fn go_on<T>(self) -> Result<T, BoxError> {
        match self {
            Broken::Error(error) => Err(error),
            Broken::Panic(caught) => caught.resume(),
        }
    }

    pub(super) fn cause(&self, task: String, called_at: &Location<'_>) -> Cause {
        match self {
            Broken::Error(_) => Cause::Failed {
                task,
                location: called_at.to_string(),
            },
            Broken::Panic(caught) => Cause::Panicked {
                task,
                message: message(&*caught.payload).to_owned(),
                location: caught
                    .location
                    .clone()
                    .unwrap_or_else(|| called_at.to_string()),
            },
        }
    }
}

impl From<Broken> for Failure {
    fn from(broken: Broken) -> Failure {
        match broken {
            Broken::Error(error) => Failure::Failed(error),
            Broken::Panic(Caught { payload, location }) => Failure::Panicked {
                message: message(&*payload).to_owned(),
                location,
            },
        }
    }
}

/// Runs `future` and gives the result of `then` on its end. A future by hand, and no async block,
/// because that would keep two places for the future that it is given.
pub(super) fn attempt<F, T, R>(future: F, then: T) -> Attempt<F, T>
where
    F: Future<Output: TaskResult>,
    T: FnOnce(Result<<F::Output as TaskResult>::Value, Broken>) -> R,
{
    Attempt {
        future,
        then: Some(then),
    }
}

pin_project! {
    pub(super) struct Attempt<F, T> {
        #[pin]
        future: F,
        then: Option<T>,
    }
}

impl<F, T, R> Future for Attempt<F, T>
where
    F: Future<Output: TaskResult>,
    T: FnOnce(Result<<F::Output as TaskResult>::Value, Broken>) -> R,
{
    type Output = R;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<R> {
        let this = self.project();
        let ended = match catch(|| this.future.poll(cx)) {
            Ok(polled) => ready!(polled).into_result().map_err(Broken::Error),
            Err(caught) => Err(Broken::Panic(caught)),
        };
        let then = this.then.take().expect("polled after its end");
        Poll::Ready(then(ended))
    }
}
