//! A gRPC request, from its arrival to its response.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{Extensions, HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use tonic::Status;
use tonic::body::Body;
use tonic::transport::server::TcpConnectInfo;

use super::answer::{AnswerBody, panicked};
use super::call_body::CallBody;
use super::content_type::is_grpc;
use super::dispatch::{Called, Dispatch};
use super::timeout::{client_limit, late_trailers, timed_out};
use super::until_unavailable::unavailable_trailers;
use crate::ApiError;
use crate::exchange::call_context::CallContext;
use crate::exchange::refusal::Refusal;
use crate::exchange::request_body::RequestBody;
use crate::exchange::service::Handler;
use crate::layers::http::ErrorForm;
use crate::layers::stack::calls::{Layered, LayeredServices};
use crate::wire::tls::for_tonic::tls_connect_info;

#[derive(Clone)]
pub(crate) enum GrpcHandler {
    Bare(Dispatch),
    Layered(LayeredServices),
}

impl GrpcHandler {
    pub(super) fn new(services: Dispatch) -> GrpcHandler {
        GrpcHandler::Bare(services)
    }

    pub(super) fn layered(services: LayeredServices) -> GrpcHandler {
        GrpcHandler::Layered(services)
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
fn in_json(code: u16, reason: &str, message: &str) -> Response<Body> {
    let json =
        format!(r#"{{"code":{code},"reason":"{reason}","message":"{message}","metadata":{{}}}}"#);
    let mut response = Response::new(Body::new(http_body_util::Full::from(json)));
    *response.status_mut() = StatusCode::from_u16(code).unwrap_or(StatusCode::BAD_REQUEST);
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

impl Handler for GrpcHandler {
    type Body = CallBody;
    type Future = CallFuture;

    fn call(
        &self,
        mut head: Parts,
        body: RequestBody,
        is_call: bool,
        _: Option<ErrorForm>,
    ) -> CallFuture {
        if !is_call {
            let is_head = head.method == Method::HEAD;
            return CallFuture::NoCall { is_head };
        }
        add_connect_info(&mut head.extensions);
        match self {
            GrpcHandler::Bare(services) => {
                let request = Request::from_parts(head, Body::new(body));
                let called = services.call(request);
                CallFuture::Bare { called }
            }
            GrpcHandler::Layered(services) => {
                let request = Request::from_parts(head, axum_core::body::Body::new(body));
                let called = services.call(request);
                CallFuture::Layered { called }
            }
        }
    }

    fn refused(&self, why: Refusal, headers: &HeaderMap) -> Response<CallBody> {
        let response = if is_grpc(headers) && matches!(why, Refusal::Head(_)) {
            Status::from(ApiError::too_many_requests(why.reason(), why.message())).into_http()
        } else {
            in_json(why.code(), why.reason(), &why.message())
        };
        AnswerBody::of(response).map(CallBody::bare)
    }

    fn panicked(_is_call: bool) -> Response<CallBody> {
        panicked().map(CallBody::bare)
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

    fn timed_out(_is_call: bool, limit: Duration) -> Response<CallBody> {
        timed_out(limit).map(CallBody::bare)
    }

    fn late_trailers(limit: Duration) -> HeaderMap {
        late_trailers(limit)
    }
}

/// The service's response to come, or 415 for a request that is not gRPC, as the protocol's
/// specification asks.
pub(crate) enum CallFuture {
    Bare { called: Called },
    Layered { called: Layered },
    NoCall { is_head: bool },
}

impl Future for CallFuture {
    type Output = Result<Response<CallBody>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(Ok(match &mut *self {
            CallFuture::Bare { called } => {
                let response = ready!(called.as_mut().poll(cx));
                AnswerBody::of(response).map(CallBody::bare)
            }
            CallFuture::Layered { called } => {
                ready!(called.as_mut().poll(cx)).map(CallBody::layered)
            }
            CallFuture::NoCall { is_head } => {
                let mut refused = in_json(
                    StatusCode::UNSUPPORTED_MEDIA_TYPE.as_u16(),
                    "CONTENT_TYPE_UNSUPPORTED",
                    "this server takes gRPC calls, whose content type is application/grpc",
                );
                if *is_head {
                    *refused.body_mut() = Body::empty();
                }
                AnswerBody::of(refused).map(CallBody::bare)
            }
        }))
    }
}
