//! Streams that end when the drain begins.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use pin_project_lite::pin_project;

use crate::exchange::draining::Draining;

pin_project! {
    /// A stream that ends when the drain begins: see [`Draining::until`].
    #[must_use = "a stream does nothing until it is polled"]
    pub struct Until<S> {
        // `None` when it has ended.
        #[pin]
        stream: Option<S>,
        told: Pin<Box<dyn Future<Output = ()> + Send>>,
    }
}

impl Draining {
    /// The same stream, but it ends when the drain begins, whatever is left of it. Makes the
    /// response a stream, as [`draining`](Self::draining) does. A body of server-sent events that
    /// is made of it ends in good order:
    ///
    /// ```
    /// use std::convert::Infallible;
    ///
    /// use axum::response::sse::{Event, Sse};
    /// use kit_transport::Draining;
    /// use tokio_stream::{Stream, StreamExt as _, pending};
    ///
    /// async fn events(draining: Draining) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    ///     let news = pending::<&str>().map(|news| Ok(Event::default().data(news)));
    ///     Sse::new(draining.until(news))
    /// }
    /// ```
    pub fn until<S: Stream>(&self, stream: S) -> Until<S> {
        Until {
            stream: Some(stream),
            told: Box::pin(self.draining()),
        }
    }
}

impl<S: Stream> Stream for Until<S> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let mut this = self.project();
        let Some(stream) = this.stream.as_mut().as_pin_mut() else {
            return Poll::Ready(None);
        };
        // First, so that a stream that is never at a loss for items ends, too.
        if this.told.as_mut().poll(cx).is_pending() {
            let item = stream.poll_next(cx);
            if !matches!(item, Poll::Ready(None)) {
                return item;
            }
        }
        this.stream.set(None);
        Poll::Ready(None)
    }
}

impl<S: fmt::Debug> fmt::Debug for Until<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Until")
            .field("stream", &self.stream)
            .finish_non_exhaustive()
    }
}
