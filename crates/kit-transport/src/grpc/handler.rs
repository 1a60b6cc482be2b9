//! A gRPC request, from its arrival to its response.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{Extensions, HeaderMap, HeaderValue, Request, Response, StatusCode};
use pin_project_lite::pin_project;
use tonic::Status;
use tonic::body::Body;
use tonic::transport::server::TcpConnectInfo;

use super::answer::AnswerBody;
use super::content_type::is_grpc;
use super::dispatch::{Called, Dispatch};
use super::timeout::{client_limit, late_trailers, timed_out};
use super::until_unavailable::unavailable_trailers;
use crate::exchange::call_context::CallContext;
use crate::exchange::refusal::Refusal;
use crate::exchange::request_body::RequestBody;
use crate::exchange::service::Handler;
use crate::wire::tls::for_tonic::tls_connect_info;

#[derive(Clone)]
pub(crate) struct GrpcHandler {
    services: Dispatch,
}

impl GrpcHandler {
    pub(super) fn new(services: Dispatch) -> GrpcHandler {
        GrpcHandler { services }
    }
}

/// Adds what `tonic::Request::remote_addr`, `local_addr` and `peer_certs` read, as tonic's own server
/// does.
fn add_connect_info(extensions: &mut Extensions) {
    let Some(call) = CallContext::of(extensions) else {
        return;
    };
    let peer = call.peer();
    let addresses = TcpConnectInfo {
        local_addr: peer.local.ip(),
        remote_addr: peer.remote.ip(),
    };
    let identity = tls_connect_info(peer);
    extensions.insert(addresses);
    if let Some(identity) = identity {
        extensions.insert(identity);
    }
}

/// The response to a request that is not gRPC, as an HTTP server gives it.
fn in_json(why: Refusal) -> Response<Body> {
    let (code, reason, message) = (why.code(), why.reason(), why.message());
    let json =
        format!(r#"{{"code":{code},"reason":"{reason}","message":"{message}","metadata":{{}}}}"#);
    let mut response = Response::new(Body::new(http_body_util::Full::from(json)));
    *response.status_mut() = StatusCode::from_u16(code).unwrap_or(StatusCode::BAD_REQUEST);
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

impl Handler for GrpcHandler {
    type Body = AnswerBody;
    type Future = CallFuture;

    fn call(&self, mut head: Parts, body: RequestBody, is_call: bool) -> CallFuture {
        let called = is_call.then(|| {
            add_connect_info(&mut head.extensions);
            let request = Request::from_parts(head, Body::new(body));
            self.services.call(request)
        });
        CallFuture { called }
    }

    fn refused(&self, why: Refusal, headers: &HeaderMap) -> Response<AnswerBody> {
        let response = if is_grpc(headers) && matches!(why, Refusal::Head(_)) {
            Status::resource_exhausted(why.message()).into_http()
        } else {
            in_json(why)
        };
        AnswerBody::of(response)
    }

    fn panicked(_is_call: bool) -> Response<AnswerBody> {
        AnswerBody::of(Status::internal("internal error").into_http())
    }

    fn is_call(&self, headers: &HeaderMap) -> bool {
        is_grpc(headers)
    }

    fn drain_trailers() -> HeaderMap {
        unavailable_trailers()
    }

    fn client_limit(&self, headers: &HeaderMap) -> Option<Duration> {
        client_limit(headers)
    }

    fn timed_out(_is_call: bool, limit: Duration) -> Response<AnswerBody> {
        AnswerBody::of(timed_out(limit))
    }

    fn late_trailers(limit: Duration) -> HeaderMap {
        late_trailers(limit)
    }
}

pin_project! {
    /// The service's response to come, or 415 for a request that is not gRPC, as the protocol's
    /// specification asks.
    pub(crate) struct CallFuture {
        called: Option<Called>,
    }
}

impl Future for CallFuture {
    type Output = Result<Response<AnswerBody>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(Ok(AnswerBody::of(match self.project().called {
            Some(called) => ready!(called.as_mut().poll(cx)),
            None => {
                let mut refused = Response::new(Body::empty());
                *refused.status_mut() = StatusCode::UNSUPPORTED_MEDIA_TYPE;
                refused
            }
        })))
    }
}
