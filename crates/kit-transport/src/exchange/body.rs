//! A response's body, followed to its end.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Response};
use http_body::{Body, Frame, SizeHint};
use kit_sync::BoxError;
use pin_project_lite::pin_project;

use crate::exchange::allowance::ResponseLimit;
use crate::exchange::exchanges::{Exchanges, Verdict};
use crate::exchange::handle::ExchangeHandle;
use crate::exchange::table::Key;

/// A request, from the call of the service to the end of its response's body, however that ends.
#[derive(Debug)]
pub(crate) struct ExchangeGuard {
    exchange: ExchangeHandle,
    /// The body has come to its end.
    whole: bool,
}

impl ExchangeGuard {
    pub(crate) fn new(exchange: ExchangeHandle) -> ExchangeGuard {
        ExchangeGuard {
            exchange,
            whole: false,
        }
    }

    pub(crate) fn exchanges(&self) -> &Exchanges {
        self.exchange.exchanges()
    }

    pub(crate) fn key(&self) -> Key {
        self.exchange.key()
    }

    /// Runs part of the handler, which a watchdog can name meanwhile. A panic of it is an answer like
    /// any other, and a line in the log.
    pub(crate) fn catch<T>(&self, poll: impl FnOnce() -> T) -> Result<T, ()> {
        let errand = self.exchanges().errand(self.key());
        self.catch_unnamed(|| kit_sync::on_errand(errand, poll))
    }

    /// The same for a part that is done in no time, which no watchdog need name.
    pub(crate) fn catch_unnamed<T>(&self, part: impl FnOnce() -> T) -> Result<T, ()> {
        let done = self.exchange.catch(part);
        if done.is_err() {
            self.exchanges().mark_panicked(self.key());
        }
        done
    }

    /// Logs that it takes too long.
    pub(crate) fn log_timeout(&self, limit: ResponseLimit) {
        self.exchange.log_timeout(limit);
    }
}

impl Drop for ExchangeGuard {
    fn drop(&mut self) {
        self.exchanges().end(self.key(), self.whole);
    }
}

/// Makes the trailers of a body that has not ended within this limit of its client's.
pub(crate) type LateTrailers = fn(Duration) -> HeaderMap;

/// Makes the trailers of a gRPC stream that the driver ends at a drain.
pub(crate) type DrainTrailers = fn() -> HeaderMap;

/// How the driver may end a body at a drain.
#[derive(Clone, Copy, Debug)]
pub(crate) enum EarlyEnd {
    /// Not at all: it ends by itself.
    Never,
    /// Server-sent events just end.
    Events,
    /// A gRPC call ends with these trailers if it is a stream. It is one when its body had nothing to
    /// give at a poll, or gives more than a part and the trailers: the body of a unary call is one
    /// part, which is there with its head.
    Call { parts: u8, trailers: DrainTrailers },
    /// A gRPC stream.
    Stream { trailers: DrainTrailers },
}

impl EarlyEnd {
    /// The end of a response to a gRPC `call`, if it is to one, or to another request.
    pub(crate) fn of<B: Body>(response: &Response<B>, call: Option<DrainTrailers>) -> EarlyEnd {
        // A body of known length ends by itself.
        if response.body().size_hint().exact().is_some() {
            return EarlyEnd::Never;
        }
        if let Some(trailers) = call {
            return EarlyEnd::Call { parts: 0, trailers };
        }
        let content_type = response.headers().get(CONTENT_TYPE);
        match content_type.map(HeaderValue::as_bytes) {
            Some(value) if value.starts_with(b"text/event-stream") => EarlyEnd::Events,
            _ => EarlyEnd::Never,
        }
    }

    /// Records a poll of the body; whether it shows that the body is a gRPC stream, which was not
    /// known before.
    fn record_poll<T>(&mut self, polled: &Poll<Option<T>>) -> bool {
        let EarlyEnd::Call { parts, trailers } = self else {
            return false;
        };
        *parts = parts.saturating_add(u8::from(polled.is_ready()));
        let is_stream = polled.is_pending() || *parts > 2;
        if is_stream {
            *self = EarlyEnd::Stream {
                trailers: *trailers,
            };
        }
        is_stream
    }

    /// The last frame of a body that the driver ends.
    fn last_frame(self) -> Option<Frame<Bytes>> {
        match self {
            EarlyEnd::Stream { trailers } => Some(Frame::trailers(trailers())),
            EarlyEnd::Never | EarlyEnd::Events | EarlyEnd::Call { .. } => None,
        }
    }
}

/// How a body may end other than by itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ending {
    pub(crate) early: EarlyEnd,
    /// Its client has said how long it may take.
    pub(crate) late: Option<LateTrailers>,
    /// On HTTP/2 it is asked for more only when its client has room.
    pub(crate) http2: bool,
}

impl Ending {
    /// Whether the driver may end the body before the next part.
    fn can_come(self) -> bool {
        matches!(self.early, EarlyEnd::Events | EarlyEnd::Stream { .. }) || self.late.is_some()
    }
}

pin_project! {
    /// The body with its request's guard: hyper drops it when it has taken the last byte.
    #[derive(Debug)]
    pub(crate) struct TrackedBody<B> {
        // `None` when it was ended from outside, has panicked, or is not asked for.
        #[pin]
        body: Option<B>,
        ending: Ending,
        guard: ExchangeGuard,
    }
}

impl<B: Body> TrackedBody<B> {
    pub(crate) fn new(body: B, ending: Ending, mut guard: ExchangeGuard) -> TrackedBody<B> {
        guard.whole = body.is_end_stream();
        if ending.http2 && !guard.whole {
            guard.exchanges().set_awaits_client(guard.key(), true);
        }
        TrackedBody {
            body: Some(body),
            ending,
            guard,
        }
    }

    /// The end of a response whose head alone was asked for.
    pub(crate) fn left_out(body: B, ending: Ending, mut guard: ExchangeGuard) -> TrackedBody<B> {
        guard.whole = true;
        // A panic of it is logged.
        let _ = guard.catch(|| drop(body));
        TrackedBody {
            body: None,
            ending,
            guard,
        }
    }
}

impl<B> Body for TrackedBody<B>
where
    B: Body<Data = Bytes, Error: Into<BoxError>>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let mut this = self.project();
        // Before the body is asked, so that one that is never at a loss for more ends, too.
        if this.body.is_some() && this.ending.can_come() {
            match this.guard.exchanges().wait_for(this.guard.key(), cx) {
                Verdict::Wait => {}
                Verdict::Cut => {
                    this.body.set(None);
                    let last = this.ending.early.last_frame();
                    this.guard.whole = last.is_some();
                    return Poll::Ready(last.map(Ok));
                }
                Verdict::TimedOut(limit) => {
                    this.body.set(None);
                    this.guard.whole = true;
                    let trailers = this
                        .ending
                        .late
                        .map(|late| Frame::trailers(late(limit.duration())));
                    return Poll::Ready(trailers.map(Ok));
                }
            }
        }
        let Some(mut body) = this.body.as_mut().as_pin_mut() else {
            return Poll::Ready(None);
        };
        let poll = || body.as_mut().poll_frame(cx).map_err(Into::into);
        let Ok(polled) = this.guard.catch(poll) else {
            this.body.set(None);
            return Poll::Ready(Some(Err("the handler panicked".into())));
        };
        this.guard.whole = matches!(polled, Poll::Ready(None)) || body.is_end_stream();
        if !this.guard.whole && this.ending.early.record_poll(&polled) {
            let (exchanges, key) = (this.guard.exchanges(), this.guard.key());
            exchanges.mark_graced(key);
            if polled.is_pending() && exchanges.wait_for(key, cx) != Verdict::Wait {
                cx.waker().wake_by_ref();
            }
        }
        if this.ending.http2 && !this.guard.whole {
            let exchanges = this.guard.exchanges();
            exchanges.set_awaits_client(this.guard.key(), polled.is_ready());
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        // A body that was dropped before its end ends with an error, which hyper has not asked for yet.
        let body = self.body.as_ref();
        body.map_or(self.guard.whole, Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body
            .as_ref()
            .map_or_else(SizeHint::new, Body::size_hint)
    }
}
