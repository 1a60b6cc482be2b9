//! A group's task: how it runs, and what it tells the group.

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::{First, Inner};
use crate::Cause;
use crate::panic::{Caught, catch, message};
use crate::roster::Slot;

pin_project! {
    pub(super) struct Member<E, F> {
        #[pin]
        future: F,
        // After the future: the place is free once the future is gone.
        place: Place<E>,
        location: &'static Location<'static>,
    }
}

/// Counted in by whoever makes it.
pub(super) struct Place<E> {
    inner: Arc<Inner<E>>,
    /// Where it is listed once it has something to wait for.
    waits: Option<Slot>,
}

impl<E, F> Member<E, F> {
    pub(super) fn new(
        inner: Arc<Inner<E>>,
        future: F,
        location: &'static Location<'static>,
    ) -> Member<E, F> {
        Member {
            future,
            place: Place { inner, waits: None },
            location,
        }
    }
}

impl<E, F: Future<Output = Result<(), E>>> Future for Member<E, F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let place = this.place;
        if place.inner.is_aborting() {
            return Poll::Ready(());
        }
        match catch(|| this.future.poll(cx)) {
            Ok(Poll::Pending) => {
                if place.waits.is_none() {
                    place.waits = Some(place.inner.waiting.insert(cx.waker().clone()));
                    // The abort has found it in the list, or it finds the abort here.
                    if place.inner.is_aborting() {
                        return Poll::Ready(());
                    }
                }
                return Poll::Pending;
            }
            Ok(Poll::Ready(Ok(()))) => {}
            Ok(Poll::Ready(Err(error))) => place.inner.failed(error, this.location),
            Err(caught) => place.inner.panicked(caught, this.location),
        }
        Poll::Ready(())
    }
}

impl<E> Drop for Place<E> {
    fn drop(&mut self) {
        if let Some(slot) = self.waits {
            drop(self.inner.waiting.remove(slot));
        }
        self.inner.leave();
    }
}

impl<E> Inner<E> {
    #[cold]
    fn failed(&self, error: E, location: &'static Location<'static>) {
        let cause = Cause::Failed {
            task: "group".to_owned(),
            location: location.to_string(),
        };
        self.fail(First::Error(error), cause);
    }

    #[cold]
    fn panicked(&self, caught: Caught, location: &'static Location<'static>) {
        let cause = Cause::Panicked {
            task: "group".to_owned(),
            message: message(&*caught.payload).to_owned(),
            location: caught
                .location
                .clone()
                .unwrap_or_else(|| location.to_string()),
        };
        self.fail(First::Panic(caught), cause);
    }
}
