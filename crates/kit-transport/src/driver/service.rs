//! The wrapper that sees requests.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE};
use http::{Extensions, HeaderValue, Method, Request, Response, StatusCode, Version};
use http_body::Body;
use hyper::body::Incoming;
use kit_sync::{BoxError, Scope};
use pin_project_lite::pin_project;

use super::body::{Guard, TrackedBody};
use super::conn::Conn;
use super::draining::Draining;
use super::peer::Peer;

/// What a server does with requests.
pub(crate) trait Handler: Clone + Send + Sync + 'static {
    type Body: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static;
    type Future: Future<Output = Result<Response<Self::Body>, Infallible>> + Send + 'static;

    /// Whatever can panic does so in the future.
    fn call(&self, request: Request<Incoming>) -> Self::Future;

    /// The answer in place of the one that this future would have given, had it not panicked.
    fn panicked(future: &Self::Future) -> Response<Self::Body>;

    /// What the users of this protocol expect to find in a request's extensions, beside
    /// [`Draining`]. Each costs about as much as everything else that the driver does.
    fn extend(&self, extensions: &mut Extensions, peer: &Peer, scope: &Scope);
}

/// One connection's service.
#[derive(Debug)]
pub(super) struct RequestService<H> {
    handler: H,
    conn: Arc<Conn>,
    /// What every request of the connection finds in its extensions.
    extensions: Extensions,
}

impl<H: Handler> RequestService<H> {
    pub(super) fn new(handler: H, conn: Arc<Conn>, ctx: &crate::Context) -> RequestService<H> {
        let mut extensions = ctx.extensions().clone();
        handler.extend(&mut extensions, &conn.peer(), ctx.scope());
        extensions.insert(Draining::new(Arc::clone(&conn), ctx.scope().clone()));
        RequestService {
            handler,
            conn,
            extensions,
        }
    }
}

impl<H: Handler> hyper::service::Service<Request<Incoming>> for RequestService<H> {
    type Response = Response<TrackedBody<H::Body>>;
    type Error = Infallible;
    type Future = ResponseFuture<H>;

    fn call(&self, mut request: Request<Incoming>) -> ResponseFuture<H> {
        let key = self.conn.start(request.method(), request.uri());
        let guard = Guard::new(Arc::clone(&self.conn), key);
        let mut extensions = self.extensions.clone();
        if let Some(draining) = extensions.get_mut::<Draining>() {
            draining.set_key(key);
        }
        let given = std::mem::replace(request.extensions_mut(), extensions);
        if !given.is_empty() {
            request.extensions_mut().extend(given);
        }
        let version = request.version();
        let connect = request.method() == Method::CONNECT;
        ResponseFuture {
            future: self.handler.call(request),
            version,
            connect,
            guard: Some(guard),
        }
    }
}

pin_project! {
    pub(super) struct ResponseFuture<H: Handler> {
        #[pin]
        future: H::Future,
        version: Version,
        connect: bool,
        guard: Option<Guard>,
    }
}

impl<H: Handler> Future for ResponseFuture<H> {
    type Output = Result<Response<TrackedBody<H::Body>>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let guard = this.guard.as_ref().expect("not polled after its end");
        let mut response = match guard.catch(|| this.future.as_mut().poll(cx)) {
            Ok(polled) => ready!(polled).unwrap_or_else(|never| match never {}),
            Err(()) => H::panicked(&this.future),
        };
        let guard = this.guard.take().expect("looked at above");
        // hyper makes a tunnel of it, which lives on when the response has ended.
        let tunnel = *this.connect && response.status().is_success();
        if *this.version >= Version::HTTP_2 {
            if tunnel {
                guard.conn().is_stream(guard.key());
            }
        } else {
            if tunnel || response.status() == StatusCode::SWITCHING_PROTOCOLS {
                guard.conn().switched();
            } else if guard.conn().closes() {
                response
                    .headers_mut()
                    .insert(CONNECTION, HeaderValue::from_static("close"));
            }
        }
        let events = sends_events(&response);
        if events {
            guard.conn().sends_events(guard.key());
        }
        Poll::Ready(Ok(
            response.map(|body| TrackedBody::new(body, events, guard))
        ))
    }
}

fn sends_events<B: Body>(response: &Response<B>) -> bool {
    // A body of known length ends by itself.
    response.body().size_hint().exact().is_none()
        && response
            .headers()
            .get(CONTENT_TYPE)
            .is_some_and(|value| value.as_bytes().starts_with(b"text/event-stream"))
}
