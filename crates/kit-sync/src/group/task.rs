//! A group's task: how it runs, and how its end reaches the group.

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::shared::GroupCore;
use crate::group_failure::GroupFailure;
use crate::panic::catch;
use crate::roster::Slot;

pin_project! {
    pub(super) struct GroupTask<E, F> {
        #[pin]
        future: F,
        // After the future: the place is free once the future is gone.
        place: GroupPlace<E>,
        location: &'static Location<'static>,
    }
}

/// Counted in before it is made.
pub(super) struct GroupPlace<E> {
    core: Arc<GroupCore<E>>,
    /// Where it is listed once it has something to wait for.
    waits: Option<Slot>,
}

impl<E, F> GroupTask<E, F> {
    pub(super) fn new(
        core: Arc<GroupCore<E>>,
        future: F,
        location: &'static Location<'static>,
    ) -> GroupTask<E, F> {
        GroupTask {
            future,
            place: GroupPlace { core, waits: None },
            location,
        }
    }
}

impl<E, F: Future<Output = Result<(), E>>> Future for GroupTask<E, F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let place = this.place;
        if place.core.is_aborting() {
            return Poll::Ready(());
        }
        let failure = match GroupFailure::of_poll(catch(|| this.future.poll(cx))) {
            Poll::Ready(Ok(())) => return Poll::Ready(()),
            Poll::Ready(Err(failure)) => failure,
            Poll::Pending => {
                if place.waits.is_none() {
                    place.waits = Some(place.core.waiting.insert(cx.waker().clone()));
                    // The abort has found it in the list, or it finds the abort here.
                    if place.core.is_aborting() {
                        return Poll::Ready(());
                    }
                }
                return Poll::Pending;
            }
        };
        let cause = failure.cause(this.location);
        place.core.fail(failure, cause);
        Poll::Ready(())
    }
}

impl<E> Drop for GroupPlace<E> {
    fn drop(&mut self) {
        if let Some(slot) = self.waits {
            drop(self.core.waiting.remove(slot));
        }
        self.core.leave();
    }
}
