//! The drain, as a response sees it.

use std::fmt;
use std::time::Duration;

use futures_core::Stream;
use kit_sync::Scope;

use crate::exchange::handle::ExchangeHandle;
use crate::exchange::until::Until;

/// Shows a long-running response that the server drains: an extractor for axum; on a
/// request of tonic, `grpc::RequestExt::draining` gives it.
///
/// A response whose handler asks is a *stream*: it is expected to end soon after the drain begins,
/// and a cut is no failure. Server-sent events, and a gRPC response that gives more than a unary call's
/// one message or has to be waited for after its head, are streams in any case: the driver ends them
/// after the [grace of a stream](crate::ConnectionOptions::stream_grace), or after the time that
/// [`finish_within`](Self::finish_within) asks for. Every other response in flight is a *request*,
/// which is waited for, and whose cut at the deadline makes the exit code 1.
///
/// ```
/// use kit_transport::Draining;
///
/// async fn next_or_goodbye(draining: Draining, next: impl Future<Output = String>) -> String {
///     tokio::select! {
///         next = next => next,
///         () = draining.draining() => "goodbye".to_owned(),
///     }
/// }
/// ```
#[derive(Clone)]
pub struct Draining {
    pub(crate) exchange: ExchangeHandle,
}

impl Draining {
    pub(crate) fn new(exchange: ExchangeHandle) -> Draining {
        Draining { exchange }
    }

    pub(crate) fn scope(&self) -> &Scope {
        self.exchange.about().scope()
    }

    /// Makes this response a stream.
    pub(crate) fn mark_stream(&self) {
        self.exchange.mark_stream();
    }

    /// Resolves when the drain begins. Calling it makes this response a stream.
    ///
    /// # Cancel safety
    /// May be dropped and called again at any time.
    pub fn draining(&self) -> impl Future<Output = ()> + Send + 'static + use<> {
        self.mark_stream();
        self.scope().token().cancelled_owned()
    }

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
        self.mark_stream();
        Until::new(stream, self.scope().token())
    }

    /// At a drain, gives this response the time `limit` from the beginning of the drain instead of the
    /// [grace of a stream](crate::ConnectionOptions::stream_grace), if that is longer: for an export
    /// that ends by itself, and would be cut after the grace. The deadline of the stop still holds: a
    /// tenth of a second before it a response that asked for more is ended, so that its client gets
    /// the status. Makes the response a stream, whose cut is no failure.
    ///
    /// It is for responses that the driver ends: gRPC streams, with `UNAVAILABLE`, and server-sent
    /// events. Others are waited for until the deadline.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use kit_transport::grpc::RequestExt as _;
    /// use tokio_stream::{Stream, iter};
    /// use tonic::{Request, Response, Status};
    ///
    /// type Rows = Box<dyn Stream<Item = Result<String, Status>> + Send + Unpin>;
    ///
    /// async fn export(request: Request<()>) -> Result<Response<Rows>, Status> {
    ///     request.draining()?.finish_within(Duration::from_secs(20));
    ///     Ok(Response::new(Box::new(iter([Ok("row".to_owned())]))))
    /// }
    /// ```
    pub fn finish_within(&self, limit: Duration) {
        self.exchange.set_finish_within(limit);
    }

    /// Whether the drain has begun. Asking this leaves the response what it is.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.scope().is_cancelled()
    }
}

impl fmt::Debug for Draining {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Draining")
            .field("is_draining", &self.is_draining())
            .finish_non_exhaustive()
    }
}
