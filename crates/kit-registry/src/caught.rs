//! A call of a backend whose panic is an error.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use kit_sync::panic::{message, take_location};

use crate::Error;

/// The output of `call`, or its panic as [`Error::Panicked`].
pub(crate) async fn caught<T>(attempt: String, call: impl Future<Output = T>) -> Result<T, Error> {
    let mut call = pin!(call);
    let polled = poll_fn(|cx| {
        // It is not polled again after a panic.
        let poll = catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(cx)));
        match poll {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Err(panic) => Poll::Ready(Err(message(&*panic).to_owned())),
        }
    });
    polled.await.map_err(|message| Error::Panicked {
        attempt,
        panic: match take_location() {
            Some(place) => format!("at {place}: {message}"),
            None => message,
        },
    })
}
