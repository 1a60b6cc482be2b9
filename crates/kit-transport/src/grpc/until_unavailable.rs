//! Responses that end with a status when the drain begins.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::HeaderMap;
use pin_project_lite::pin_project;
use tonic::Status;
use tonic::codegen::tokio_stream::Stream;

use crate::Draining;
use crate::exchange::take_until::{TakeUntil, Taken};

/// The end of a stream at the drain, after which its client looks elsewhere.
pub(super) fn unavailable() -> Status {
    Status::unavailable("the server is draining")
}

/// The same as trailers.
pub(super) fn unavailable_trailers() -> HeaderMap {
    let mut trailers = HeaderMap::new();
    // Its text is plain, so it can be a header.
    let _ = unavailable().add_header(&mut trailers);
    trailers
}

pin_project! {
    /// A stream of messages that ends with `UNAVAILABLE` when the drain begins: see
    /// [`Draining::until_unavailable`].
    #[must_use = "a stream does nothing until it is polled"]
    pub struct UntilUnavailable<S> {
        #[pin]
        messages: TakeUntil<S>,
    }
}

impl Draining {
    /// The same stream of messages, but when the drain begins it ends with the status
    /// `UNAVAILABLE`, which tells clients to go on elsewhere. Makes the response a stream, as
    /// [`draining`](Self::draining) does.
    ///
    /// ```
    /// use kit_transport::grpc::{RequestExt as _, UntilUnavailable};
    /// use tokio_stream::{Pending, pending};
    /// use tonic::{Request, Response, Status};
    ///
    /// type News = UntilUnavailable<Pending<Result<String, Status>>>;
    ///
    /// async fn news(request: Request<()>) -> Result<Response<News>, Status> {
    ///     Ok(Response::new(request.draining()?.until_unavailable(pending())))
    /// }
    /// ```
    pub fn until_unavailable<S, T>(&self, stream: S) -> UntilUnavailable<S>
    where
        S: Stream<Item = Result<T, Status>>,
    {
        self.mark_stream();
        UntilUnavailable {
            messages: TakeUntil::new(stream, self.scope().token()),
        }
    }
}

impl<S, T> Stream for UntilUnavailable<S>
where
    S: Stream<Item = Result<T, Status>>,
{
    type Item = Result<T, Status>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let taken = self
            .project()
            .messages
            .poll_take(cx, S::poll_next, |_| false);
        taken.map(|taken| match taken {
            Taken::Item(message) => Some(message),
            Taken::Drained => Some(Err(unavailable())),
            Taken::End => None,
        })
    }
}

impl<S: fmt::Debug> fmt::Debug for UntilUnavailable<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UntilUnavailable")
            .field("stream", &self.messages.source())
            .finish_non_exhaustive()
    }
}
