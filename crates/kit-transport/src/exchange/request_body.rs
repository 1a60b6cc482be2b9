//! A request's body, followed until it is read or left.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use crate::exchange::arrivals::Arrivals;
use crate::exchange::handle::ExchangeHandle;
use crate::wire::meter::WireMeter;

/// How much of a body that its handler did not read is read, so that the connection can go on.
const MOST: u64 = 64 << 10;

/// A request's body as it comes. On HTTP/1.1 it records whether another request can follow it: hyper
/// goes on after a body that was read to its end, and after nothing else.
pub(crate) struct RequestBody {
    /// `None` only while it is dropped.
    incoming: Option<Incoming>,
    rest: Option<Arc<Rest>>,
    arrivals: Option<Arrivals>,
}

/// The rest of an HTTP/1.1 request's body: shared by the body and the answer to its request.
#[derive(Debug)]
pub(crate) struct Rest {
    state: Mutex<State>,
    /// The client sends nothing before it has got `100 Continue`, which a read of the body sends.
    expects: bool,
    /// Bytes, if its head said it.
    length: Option<u64>,
    exchange: ExchangeHandle,
}

#[derive(Debug)]
enum State {
    /// The handler has it; whether it was asked for some of it.
    Held {
        read: bool,
    },
    /// It was dropped before its end.
    Left {
        incoming: Incoming,
        /// How many bytes of it are still read, at most.
        more: u64,
    },
    /// The answer was given while the handler had it.
    Answered,
    Whole,
    /// It has failed, or was too large to be read to its end.
    Broken,
}

/// Whether another request can follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Follows {
    Another,
    /// The rest of this body would be taken for it.
    Nothing,
}

impl RequestBody {
    /// A body of HTTP/2, where each request has its own stream, or one that is empty.
    pub(crate) fn alone(incoming: Incoming, arrivals: Option<Arrivals>) -> RequestBody {
        RequestBody {
            incoming: Some(incoming),
            rest: None,
            arrivals,
        }
    }

    /// A body of HTTP/1.1 that is not empty.
    pub(crate) fn followed(
        incoming: Incoming,
        arrivals: Option<Arrivals>,
        expects: bool,
        exchange: ExchangeHandle,
    ) -> (RequestBody, Arc<Rest>) {
        let rest = Arc::new(Rest {
            state: Mutex::new(State::Held { read: false }),
            expects,
            length: incoming.size_hint().exact(),
            exchange,
        });
        let body = RequestBody {
            incoming: Some(incoming),
            rest: Some(Arc::clone(&rest)),
            arrivals,
        };
        (body, rest)
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let this = &mut *self;
        let Some(incoming) = &mut this.incoming else {
            return Poll::Ready(None);
        };
        let polled = Pin::new(&mut *incoming).poll_frame(cx);
        if let Some(arrivals) = &mut this.arrivals {
            arrivals.record(&polled, incoming.is_end_stream());
        }
        if let Some(rest) = &this.rest {
            rest.record_poll(&polled, incoming, cx);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming
            .as_ref()
            .map_or_else(SizeHint::default, Body::size_hint)
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        let Some(rest) = &self.rest else { return };
        let Some(incoming) = self.incoming.take() else {
            return;
        };
        let mut state = rest.lock();
        // What it is not left to is dropped after the lock.
        let _unneeded = match *state {
            State::Held { read } if read || !rest.expects => {
                *state = State::Left {
                    incoming,
                    more: MOST,
                };
                None
            }
            State::Held { .. } => {
                *state = State::Broken;
                Some(incoming)
            }
            State::Left { .. } | State::Answered | State::Whole | State::Broken => Some(incoming),
        };
        drop(state);
    }
}

impl fmt::Debug for RequestBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.incoming.fmt(f)
    }
}

impl Rest {
    /// Records a poll of the body by its handler, or by the response that still holds it.
    fn record_poll<T, E>(
        &self,
        polled: &Poll<Option<Result<T, E>>>,
        incoming: &Incoming,
        cx: &Context<'_>,
    ) {
        let is_end = match polled {
            Poll::Ready(Some(Ok(_))) => incoming.is_end_stream(),
            Poll::Ready(None) => is_whole(incoming),
            Poll::Ready(Some(Err(_))) | Poll::Pending => false,
        };
        let mut state = self.lock();
        match &mut *state {
            // The answer has said already that no other request can follow.
            State::Answered if is_end => *state = State::Broken,
            State::Held { .. } if is_end => *state = State::Whole,
            State::Held { read } => {
                match polled {
                    Poll::Ready(Some(Ok(_))) | Poll::Pending => *read = true,
                    Poll::Ready(None | Some(Err(_))) => *state = State::Broken,
                }
                return;
            }
            State::Answered | State::Left { .. } | State::Whole | State::Broken => return,
        }
        drop(state);
        self.end_request(cx);
    }

    fn end_request(&self, cx: &Context<'_>) {
        let exchange = &self.exchange;
        exchange
            .exchanges()
            .end_request(exchange.key(), self.length, cx);
    }

    /// When the answer is there: reads what its handler has left of the body, as far as it has
    /// arrived, and says whether another request can follow.
    ///
    /// Nothing is waited for but hyper, which hands over what it has when it is polled next: the
    /// client has its answer at once, be its body slow, large or endless. A body that the handler
    /// still holds, perhaps to read it while it answers, may in the end be read or not; the head of
    /// the answer must say it now, and says no.
    pub(crate) fn poll_follows(&self, meter: &WireMeter, cx: &mut Context<'_>) -> Poll<Follows> {
        let mut state = self.lock();
        let (follows, next) = match &mut *state {
            State::Whole => (Follows::Another, State::Whole),
            State::Held { .. } => (Follows::Nothing, State::Answered),
            State::Answered | State::Broken => (Follows::Nothing, State::Broken),
            State::Left { incoming, more } => match ready!(drain(incoming, more, meter, cx)) {
                Follows::Another => (Follows::Another, State::Whole),
                Follows::Nothing => (Follows::Nothing, State::Broken),
            },
        };
        let left = std::mem::replace(&mut *state, next);
        drop(state);
        if matches!(left, State::Left { .. }) && follows == Follows::Another {
            self.end_request(cx);
        }
        drop(left);
        Poll::Ready(follows)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        kit_sync::lock(&self.state)
    }
}

/// Reads what has arrived, and at most `more` bytes. hyper reads the socket before it polls the
/// answer, so a body that has nothing to give while a read of the socket waits has not arrived.
fn drain(
    incoming: &mut Incoming,
    more: &mut u64,
    meter: &WireMeter,
    cx: &mut Context<'_>,
) -> Poll<Follows> {
    while incoming.size_hint().lower() <= *more {
        match Pin::new(&mut *incoming).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                let bytes = frame.data_ref().map_or(0, Bytes::len);
                *more = more.saturating_sub(u64::try_from(bytes).unwrap_or(u64::MAX));
            }
            Poll::Ready(None) if is_whole(incoming) => return Poll::Ready(Follows::Another),
            Poll::Ready(_) => break,
            Poll::Pending if meter.read_waits() => break,
            Poll::Pending => return Poll::Pending,
        }
    }
    Poll::Ready(Follows::Nothing)
}

/// Whether one that has given its end has given what its head has said.
fn is_whole(incoming: &Incoming) -> bool {
    incoming.size_hint().lower() == 0
}
