//! An HTTP request, from its arrival to its response; or a gRPC request on the same port.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::IntoResponse as _;
use axum::routing::future::RouteFuture;
use http::request::Parts;
use http::{Extensions, HeaderMap, Request, Response};
use http_body_util::Limited;
use hyper::body::Body as _;
use pin_project_lite::pin_project;
use tower_service::Service as _;

use super::error_form::ErrorForm;
use crate::ApiError;
use crate::error::http::shape::ErrorShape;
use crate::exchange::call_context::CallContext;
use crate::exchange::refusal::Refusal;
use crate::exchange::request_body::RequestBody;
use crate::exchange::service::Handler;
use crate::layers::http as answers;

/// Another protocol on the port of an HTTP server.
pub(super) trait Beside: Handler {
    /// Whether a request with these headers is for it.
    fn takes(headers: &HeaderMap) -> bool;
}

/// The routes of a server, with another protocol beside them or without.
#[derive(Clone)]
pub(super) struct HttpHandler<B> {
    pub(super) router: Router,
    pub(super) max_body: Option<u64>,
    /// Whether requests have axum's `ConnectInfo`.
    pub(super) connect_info: bool,
    pub(super) error_shape: ErrorShape,
    pub(super) beside: Option<B>,
}

impl<B: Beside> HttpHandler<B> {
    fn beside(&self, headers: &HeaderMap) -> Option<&B> {
        self.beside.as_ref().filter(|_| B::takes(headers))
    }
}

/// Adds what axum's extractor `ConnectInfo` reads. A client of a Unix socket has no such address.
fn add_connect_info(extensions: &mut Extensions) {
    let remote = CallContext::of(extensions).and_then(|call| call.peer().ip());
    if let Some(remote) = remote {
        extensions.insert(ConnectInfo(remote));
    }
}

impl<B: Beside> Handler for HttpHandler<B> {
    type Body = Body;
    type Future = Answering<B::Future>;

    fn call(
        &self,
        mut head: Parts,
        body: RequestBody,
        is_call: bool,
        form: Option<ErrorForm>,
    ) -> Answering<B::Future> {
        if let Some(beside) = self.beside.as_ref().filter(|_| is_call) {
            let future = beside.call(head, body, is_call, None);
            return Answering::Beside { future };
        }
        if self.connect_info {
            add_connect_info(&mut head.extensions);
        }
        let size = body.size_hint();
        if let Some(max) = self.max_body
            && size.lower() > max
        {
            return Answering::TooLarge { max, form };
        }
        let body = match self.max_body {
            // One allocation less for most requests.
            _ if body.is_end_stream() => Body::empty(),
            Some(max) if size.exact().is_none() => Body::new(Limited::new(
                body,
                usize::try_from(max).unwrap_or(usize::MAX),
            )),
            _ => Body::new(body),
        };
        let mut router = self.router.clone();
        // A router is always ready. Its future is large, and is written where the caller wants it.
        Answering::Http {
            future: router.call(Request::from_parts(head, body)),
            form,
        }
    }

    fn refused(&self, why: Refusal, headers: &HeaderMap) -> Response<Body> {
        match self.beside(headers) {
            Some(beside) => beside.refused(why, headers).map(Body::new),
            None => {
                let error = ApiError::new(why.code(), why.reason(), why.message());
                let mut response = error.into_response();
                ErrorForm::of_headers(self.error_shape, headers).apply_to_own(&mut response);
                response
            }
        }
    }

    fn error_form(&self, head: &Parts, is_call: bool) -> Option<ErrorForm> {
        (!is_call).then(|| ErrorForm::of(self.error_shape, &head.method, &head.headers))
    }

    fn panicked(is_call: bool) -> Response<Body> {
        if is_call {
            return B::panicked(is_call).map(Body::new);
        }
        answers::panicked()
    }

    fn give_form(future: &Answering<B::Future>, response: &mut Response<Body>) {
        if let Answering::Http {
            form: Some(form), ..
        } = future
        {
            form.apply_to_own(response);
        }
    }

    fn is_call(&self, headers: &HeaderMap) -> bool {
        self.beside(headers).is_some()
    }

    fn drain_trailers() -> HeaderMap {
        B::drain_trailers()
    }

    fn client_limit(&self, headers: &HeaderMap) -> Option<Duration> {
        self.beside.as_ref()?.client_limit(headers)
    }

    fn timed_out(is_call: bool, limit: Duration) -> Response<Body> {
        if is_call {
            return B::timed_out(is_call, limit).map(Body::new);
        }
        answers::timed_out(limit)
    }

    fn late_trailers(limit: Duration) -> HeaderMap {
        B::late_trailers(limit)
    }
}

pin_project! {
    /// The response to come, of the routes or of the protocol beside them.
    #[project = Project]
    pub(super) enum Answering<F> {
        Http { #[pin] future: RouteFuture<Infallible>, form: Option<ErrorForm> },
        TooLarge { max: u64, form: Option<ErrorForm> },
        Beside { #[pin] future: F },
    }
}

impl<F, B> Future for Answering<F>
where
    F: Future<Output = Result<Response<B>, Infallible>>,
    B: hyper::body::Body<Data = bytes::Bytes, Error: Into<axum::BoxError>> + Send + 'static,
{
    type Output = Result<Response<Body>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            Project::Http { future, form } => {
                let mut polled = future.poll(cx);
                if let (Poll::Ready(Ok(response)), Some(form)) = (&mut polled, form) {
                    form.apply(response, cx);
                }
                polled
            }
            Project::TooLarge { max, form } => {
                let mut response = answers::too_large(*max);
                if let Some(form) = form {
                    form.apply_to_own(&mut response);
                }
                Poll::Ready(Ok(response))
            }
            Project::Beside { future } => {
                let polled = future.poll(cx);
                polled.map_ok(|response| response.map(Body::new))
            }
        }
    }
}
