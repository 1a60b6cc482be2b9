//! What layers need of gRPC's side: services, and answers.

use std::collections::HashMap;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use ::http::{HeaderMap, Request, Response};
use axum_core::body::Body;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use crate::ApiError;
use crate::grpc::answer::{self, AnswerBody};
use crate::grpc::content_type::is_grpc;
use crate::grpc::dispatch::{Called, Dispatch};
use crate::grpc::timeout;

/// The services of a server.
pub(crate) type Services = Dispatch;

/// A call's response to come.
pub(crate) struct CallAnswer(Called);

impl Future for CallAnswer {
    type Output = Result<Response<Body>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let response = ready!(self.0.as_mut().poll(cx));
        Poll::Ready(Ok(AnswerBody::of(response).map(Body::new)))
    }
}

pub(super) fn call(services: &Services, request: Request<Body>) -> CallAnswer {
    CallAnswer(services.call(request.map(tonic::body::Body::new)))
}

/// Whether a request with these headers is a call.
pub(super) fn is_call(headers: &HeaderMap) -> bool {
    is_grpc(headers)
}

/// How long the client of a call waits.
pub(super) fn client_limit(headers: &HeaderMap) -> Option<Duration> {
    timeout::client_limit(headers)
}

/// Whether a method answers, because its service has it: a head says at once that it has not.
pub(super) fn is_implemented(response: &Response<Body>) -> bool {
    let status = response.headers().get(Status::GRPC_STATUS);
    status.is_none_or(|status| status.as_bytes() != b"12")
}

pub(crate) fn answer(error: ApiError) -> Response<Body> {
    AnswerBody::of(Status::from(error).into_http()).map(Body::new)
}

/// A call that is one too many.
pub(super) fn exhausted(
    reason: &str,
    message: String,
    retry_after: Option<Duration>,
) -> Response<Body> {
    let mut details = ErrorDetails::with_error_info(reason, "", HashMap::new());
    if retry_after.is_some() {
        details.set_retry_info(retry_after);
    }
    let status = Status::with_error_details(Code::ResourceExhausted, message, details);
    AnswerBody::of(status.into_http()).map(Body::new)
}

pub(crate) fn panicked() -> Response<Body> {
    answer::panicked().map(Body::new)
}

pub(crate) fn timed_out(limit: Duration) -> Response<Body> {
    timeout::timed_out(limit).map(Body::new)
}
