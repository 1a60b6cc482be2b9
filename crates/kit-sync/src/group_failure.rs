//! The first failure in a group, with or without a limit.

use std::panic::Location;
use std::task::Poll;

use crate::Cause;
use crate::panic::{Caught, message};

pub(crate) enum GroupFailure<E> {
    Error(E),
    Panic(Caught),
}

impl<E> GroupFailure<E> {
    /// The result of a poll in which panics were caught.
    pub(crate) fn of_poll(polled: Result<Poll<Result<(), E>>, Caught>) -> Poll<Result<(), Self>> {
        match polled {
            Ok(polled) => polled.map_err(GroupFailure::Error),
            Err(caught) => Poll::Ready(Err(GroupFailure::Panic(caught))),
        }
    }

    /// Whether this failure is kept in place of another: the first error, or the first panic.
    pub(crate) fn replaces(&self, kept: Option<&GroupFailure<E>>) -> bool {
        match (kept, self) {
            (None, _) | (Some(GroupFailure::Error(_)), GroupFailure::Panic(_)) => true,
            (Some(_), GroupFailure::Error(_))
            | (Some(GroupFailure::Panic(_)), GroupFailure::Panic(_)) => false,
        }
    }

    /// The cause with which it cancels the token, for a task that was spawned there.
    #[cold]
    pub(crate) fn cause(&self, location: &'static Location<'static>) -> Cause {
        let (task, location) = ("group".to_owned(), location.to_string());
        match self {
            GroupFailure::Error(_) => Cause::Failed { task, location },
            GroupFailure::Panic(caught) => Cause::Panicked {
                task,
                message: message(&*caught.payload).to_owned(),
                location: caught.location.clone().unwrap_or(location),
            },
        }
    }
}
