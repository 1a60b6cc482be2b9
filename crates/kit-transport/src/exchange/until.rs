//! Streams that end when the drain begins.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use kit_sync::StopToken;
use pin_project_lite::pin_project;

use crate::exchange::take_until::{TakeUntil, Taken};

pin_project! {
    /// A stream that ends when the drain begins: see
    /// [`Draining::until`](crate::Draining::until).
    #[must_use = "a stream does nothing until it is polled"]
    pub struct Until<S> {
        #[pin]
        items: TakeUntil<S>,
    }
}

impl<S> Until<S> {
    pub(crate) fn new(stream: S, token: &StopToken) -> Until<S> {
        Until {
            items: TakeUntil::new(stream, token),
        }
    }
}

impl<S: Stream> Stream for Until<S> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let taken = self.project().items.poll_take(cx, S::poll_next, |_| false);
        taken.map(|taken| match taken {
            Taken::Item(item) => Some(item),
            Taken::Drained | Taken::End => None,
        })
    }
}

impl<S: fmt::Debug> fmt::Debug for Until<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Until")
            .field("stream", &self.items.source())
            .finish_non_exhaustive()
    }
}
