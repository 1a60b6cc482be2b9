//! The wrapper that sees requests.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, EXPECT};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Version};
use http_body::Body;
use hyper::body::Incoming;
use kit_sync::BoxError;
use pin_project_lite::pin_project;

use crate::exchange::arrivals::Arrivals;
use crate::exchange::body::{
    DrainTrailers, EarlyEnd, Ending, ExchangeGuard, LateTrailers, TrackedBody,
};
use crate::exchange::call_context::CallContext;
use crate::exchange::exchanges::{Exchanges, Http1Lengths, Verdict};
use crate::exchange::extensions::RequestExtensions;
use crate::exchange::handle::ExchangeHandle;
use crate::exchange::http1_head::Http1Head;
use crate::exchange::refusal::Refusal;
use crate::exchange::request_body::{Follows, RequestBody, Rest};
use crate::exchange::table::Key;
use crate::layers::http::ErrorForm;

/// What a server does with requests.
pub(crate) trait Handler: Clone + Send + Sync + 'static {
    type Body: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static;
    type Future: Future<Output = Result<Response<Self::Body>, Infallible>> + Send + 'static;

    /// The request's head has the [`CallContext`] in its extensions; `is_call` is what
    /// [`is_call`](Self::is_call) has said of its headers, and false for a `CONNECT`. The handler adds
    /// what users of its protocol expect there beside it; each entry costs about as much as everything
    /// else that the driver does. A panic is caught, here and in the future.
    ///
    /// `form` is what [`error_form`](Self::error_form) has said; it stands in the context as well.
    fn call(
        &self,
        head: Parts,
        body: RequestBody,
        is_call: bool,
        form: Option<ErrorForm>,
    ) -> Self::Future;

    /// The form in which a request with this head gets its errors, if its server has more than one.
    fn error_form(&self, _head: &Parts, _is_call: bool) -> Option<ErrorForm> {
        None
    }

    /// The answer to a request with these headers that is not handed over.
    fn refused(&self, why: Refusal, headers: &HeaderMap) -> Response<Self::Body>;

    /// The answer to a request at which the handler's code has panicked.
    fn panicked(is_call: bool) -> Response<Self::Body>;

    /// Whether a request with these headers is a gRPC call: messages in both directions, and trailers.
    fn is_call(&self, _headers: &HeaderMap) -> bool {
        false
    }

    /// The end of the stream of a [call](Self::is_call) that the driver ends at a drain.
    fn drain_trailers() -> HeaderMap {
        HeaderMap::new()
    }

    /// How long the client gives the whole call, if this is a protocol in which it can say so.
    fn client_limit(&self, _headers: &HeaderMap) -> Option<Duration> {
        None
    }

    /// The answer to a request that the handler has not answered within `limit`.
    fn timed_out(is_call: bool, limit: Duration) -> Response<Self::Body>;

    /// Gives an answer of [`timed_out`](Self::timed_out) or [`panicked`](Self::panicked) the form that the
    /// request of this future asks for.
    fn give_form(_future: &Self::Future, _response: &mut Response<Self::Body>) {}

    /// The end of a body that was not at its own within the [client's limit](Self::client_limit).
    fn late_trailers(_limit: Duration) -> HeaderMap {
        HeaderMap::new()
    }
}

/// One connection's service.
#[derive(Debug)]
pub(crate) struct RequestService<H> {
    handler: H,
    exchanges: Arc<Exchanges>,
    extensions: RequestExtensions,
    request_timeout: Option<Duration>,
    max_head: usize,
}

impl<H: Handler> RequestService<H> {
    pub(crate) fn new(
        handler: H,
        exchanges: Arc<Exchanges>,
        extensions: RequestExtensions,
        (request_timeout, max_head): (Option<Duration>, usize),
    ) -> RequestService<H> {
        RequestService {
            handler,
            exchanges,
            extensions,
            request_timeout,
            max_head,
        }
    }

    pub(crate) fn exchanges(&self) -> &Arc<Exchanges> {
        &self.exchanges
    }
}

/// What a request asks for, as far as its response goes another way for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    /// A gRPC call.
    Call,
    /// `CONNECT`: when the answer is a success, hyper makes a tunnel of it.
    Tunnel,
    /// The head alone, by HTTP/2, where hyper would send a body that is there.
    Head,
    Other,
}

impl<H: Handler> RequestService<H> {
    fn asked(&self, head: &Parts) -> Asked {
        if head.method == Method::CONNECT {
            Asked::Tunnel
        } else if self.handler.is_call(&head.headers) {
            Asked::Call
        } else if head.method == Method::HEAD && head.version >= Version::HTTP_2 {
            Asked::Head
        } else {
            Asked::Other
        }
    }

    /// Records the parts of a body as they arrive, where the server's own limit waits for the head.
    fn arrivals(&self, body: &Incoming, key: Key, asked: Asked) -> Option<Arrivals> {
        if self.request_timeout.is_none() || body.is_end_stream() {
            return None;
        }
        let is_call = asked == Asked::Call;
        Some(Arrivals::new(Arc::clone(&self.exchanges), key, is_call))
    }
}

impl<H: Handler> hyper::service::Service<Request<Incoming>> for RequestService<H> {
    type Response = Response<TrackedBody<H::Body>>;
    type Error = Infallible;
    type Future = ResponseFuture<H>;

    /// Begins an exchange. The guard in the future ends it, however the future ends. A request that
    /// the driver refuses gets its answer without the handler; all others go to the handler with their
    /// [`CallContext`], the values that the application's author added, if there are any, and a body
    /// that is followed.
    fn call(&self, request: Request<Incoming>) -> ResponseFuture<H> {
        let (mut head, incoming) = request.into_parts();
        let version = head.version;
        let client_limit = self.handler.client_limit(&head.headers);
        let limits = (self.request_timeout, client_limit);
        let http1 = (version < Version::HTTP_2).then(|| Http1Head::of(&head));
        let lengths = http1.map(|http1| Http1Lengths {
            head: http1.length,
            body: incoming.size_hint().exact(),
        });
        let key = self
            .exchanges
            .start(&head.method, &head.uri, limits, lengths);
        let exchange = ExchangeHandle::new(Arc::clone(&self.exchanges), key);
        let guard = ExchangeGuard::new(exchange.clone());
        let asked = self.asked(&head);
        let arrivals = self.arrivals(&incoming, key, asked);
        // The rest of a body concerns only HTTP/1.1, where it stands before the next request.
        let (body, rest) = if http1.is_none() || incoming.is_end_stream() {
            (RequestBody::alone(incoming, arrivals), None)
        } else {
            let expects = head.headers.contains_key(EXPECT);
            let exchange = exchange.clone();
            let (body, rest) = RequestBody::followed(incoming, arrivals, expects, exchange);
            (body, Some(rest))
        };
        let is_call = asked == Asked::Call;
        let form = self.handler.error_form(&head, is_call);
        self.extensions
            .add_to(&mut head.extensions, CallContext::new(exchange, form));
        let refused = Refusal::of(&head, http1, is_call, self.max_head);
        let last = refused.is_some();
        let (mut future, mut answer) = (None, None);
        if let Some(why) = refused {
            answer = Some(Box::new(self.handler.refused(why, &head.headers)));
        } else {
            // Written there by the call itself: each move of a future costs as much as a lock.
            let call = || future = Some(self.handler.call(head, body, is_call, form));
            if guard.catch_unnamed(call).is_err() {
                answer = Some(Box::new(H::panicked(is_call)));
            }
        }
        ResponseFuture {
            future,
            answer,
            last,
            version,
            asked,
            rest,
            bounded: client_limit.is_some(),
            waited: false,
            guard: Some(guard),
        }
    }
}

pin_project! {
    #[project = Project]
    pub(crate) struct ResponseFuture<H: Handler> {
        // `None` when it has answered.
        #[pin]
        future: Option<H::Future>,
        // The answer, while the rest of the request's body is looked for.
        answer: Option<Box<Response<H::Body>>>,
        version: Version,
        asked: Asked,
        // No other request is taken from its HTTP/1.1 connection.
        last: bool,
        rest: Option<Arc<Rest>>,
        // Its client has said how long the body may take.
        bounded: bool,
        waited: bool,
        guard: Option<ExchangeGuard>,
    }
}

impl<H: Handler> Future for ResponseFuture<H> {
    type Output = Result<Response<TrackedBody<H::Body>>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let mut answer = this.answer.take().map(|answer| *answer);
        if answer.is_none() {
            this.poll_answer(&mut answer, cx);
        }
        let Some(response) = &mut answer else {
            return Poll::Pending;
        };
        let guard = this.guard.as_ref().expect("not polled after its end");
        if let Some(rest) = this.rest {
            match rest.poll_follows(&guard.exchanges().meter, cx) {
                Poll::Ready(Follows::Another) => {}
                Poll::Ready(Follows::Nothing) => {
                    guard.exchanges().orders.mark_early();
                    *this.last = true;
                }
                Poll::Pending => {
                    *this.answer = answer.map(Box::new);
                    return Poll::Pending;
                }
            }
        }
        let guard = this.guard.take().expect("looked at above");
        // hyper makes a tunnel of it, which lives on when the response has ended.
        let tunnel = *this.asked == Asked::Tunnel && response.status().is_success();
        if *this.version >= Version::HTTP_2 {
            if tunnel {
                guard.exchanges().mark_stream(guard.key());
            }
        } else if tunnel || response.status() == StatusCode::SWITCHING_PROTOCOLS {
            guard.exchanges().orders.mark_upgraded();
        } else if *this.last || guard.exchanges().last_response.is_due() {
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(CONNECTION, close);
            // To a client of HTTP/1.0 that asked for it, hyper promises keep-alive beside this, but
            // for a response that says it is of HTTP/1.0 as well.
            *response.version_mut() = *this.version;
        }
        let is_call = *this.asked == Asked::Call;
        let call = is_call.then_some(H::drain_trailers as DrainTrailers);
        let early = EarlyEnd::of(response, call);
        if matches!(early, EarlyEnd::Events) {
            guard.exchanges().mark_graced(guard.key());
        }
        if *this.waited || *this.bounded {
            guard.exchanges().mark_head_sent(guard.key());
        }
        let ending = Ending {
            early,
            late: this.bounded.then_some(H::late_trailers as LateTrailers),
            http2: *this.version >= Version::HTTP_2,
        };
        match answer {
            Some(mut response) if *this.asked == Asked::Head => {
                keep_length(&mut response);
                Poll::Ready(Ok(
                    response.map(|body| TrackedBody::left_out(body, ending, guard))
                ))
            }
            Some(response) => Poll::Ready(Ok(
                response.map(|body| TrackedBody::new(body, ending, guard))
            )),
            None => Poll::Pending,
        }
    }
}

/// Says how long the body is that is left out, as hyper does for HTTP/1.1.
#[cold]
fn keep_length<B: Body>(response: &mut Response<B>) {
    let length = response.body().size_hint().exact();
    if let Some(length) = length.filter(|length| *length > 0) {
        let headers = response.headers_mut();
        headers.entry(CONTENT_LENGTH).or_insert(length.into());
    }
}

impl<H: Handler> Project<'_, H> {
    /// Polls the handler. Its future is dropped when the `answer` is there, and with it what it has
    /// left of the request's body; a panic in that is logged, and the answer stands.
    ///
    /// The answer is written where the caller uses it, because each move of one costs as much as a
    /// lock.
    fn poll_answer(&mut self, answer: &mut Option<Response<H::Body>>, cx: &mut Context<'_>) {
        let guard = self.guard.as_ref().expect("not polled after its end");
        let polled = guard.catch(|| {
            let future = self.future.as_mut().as_pin_mut();
            if let Poll::Ready(Ok(response)) = future.expect("it has not answered").poll(cx) {
                *answer = Some(response);
                self.future.set(None);
            }
        });
        if answer.is_some() {
            return;
        }
        let is_call = *self.asked == Asked::Call;
        let answer = answer.insert(if polled.is_ok() {
            *self.waited = true;
            let verdict = guard.exchanges().wait_for(guard.key(), cx);
            let Verdict::TimedOut(limit) = verdict else {
                return;
            };
            guard.log_timeout(limit);
            *self.bounded = false;
            H::timed_out(is_call, limit.duration())
        } else {
            H::panicked(is_call)
        });
        if let Some(future) = self.future.as_ref().as_pin_ref() {
            H::give_form(future.get_ref(), answer);
        }
        let _ = guard.catch(|| self.future.set(None));
    }
}
