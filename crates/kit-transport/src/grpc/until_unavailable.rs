//! Responses that end with a status when the drain begins.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use tonic::Status;
use tonic::codegen::tokio_stream::Stream;

use super::until_drain;
use crate::Draining;

pin_project! {
    /// A stream of messages that ends with `UNAVAILABLE` when the drain begins: see
    /// [`Draining::until_unavailable`].
    #[must_use = "a stream does nothing until it is polled"]
    pub struct UntilUnavailable<S> {
        // `None` when it has ended.
        #[pin]
        stream: Option<S>,
        told: Pin<Box<dyn Future<Output = ()> + Send>>,
    }
}

impl Draining {
    /// The same stream of messages, but when the drain begins it ends with the status
    /// `UNAVAILABLE`, which tells clients to go on elsewhere. Makes the response a stream, as
    /// [`draining`](Self::draining) does.
    ///
    /// ```
    /// use kit_transport::Draining;
    /// use kit_transport::grpc::UntilUnavailable;
    /// use tokio_stream::{Pending, pending};
    /// use tonic::{Request, Response, Status};
    ///
    /// type News = UntilUnavailable<Pending<Result<String, Status>>>;
    ///
    /// async fn news(request: Request<()>) -> Result<Response<News>, Status> {
    ///     let draining = request.extensions().get::<Draining>();
    ///     let draining = draining.ok_or_else(|| Status::internal("not served by Kit"))?;
    ///     Ok(Response::new(draining.until_unavailable(pending())))
    /// }
    /// ```
    pub fn until_unavailable<S, T>(&self, stream: S) -> UntilUnavailable<S>
    where
        S: Stream<Item = Result<T, Status>>,
    {
        UntilUnavailable {
            stream: Some(stream),
            told: Box::pin(self.draining()),
        }
    }
}

impl<S, T> Stream for UntilUnavailable<S>
where
    S: Stream<Item = Result<T, Status>>,
{
    type Item = Result<T, Status>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        let Some(stream) = this.stream.as_mut().as_pin_mut() else {
            return Poll::Ready(None);
        };
        // First, so that a stream that is never at a loss for messages ends, too.
        if this.told.as_mut().poll(cx).is_ready() {
            this.stream.set(None);
            return Poll::Ready(Some(Err(until_drain::draining())));
        }
        let item = stream.poll_next(cx);
        if matches!(item, Poll::Ready(None)) {
            this.stream.set(None);
        }
        item
    }
}

impl<S: fmt::Debug> fmt::Debug for UntilUnavailable<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UntilUnavailable")
            .field("stream", &self.stream)
            .finish_non_exhaustive()
    }
}
