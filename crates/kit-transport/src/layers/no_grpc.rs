//! Layers without the feature `grpc`: there are no services.

use std::convert::Infallible;
use std::future::Pending;
use std::time::Duration;

use ::http::{HeaderMap, Request, Response};
use axum_core::body::Body;

use crate::ApiError;

/// In place of the services of a server.
pub(crate) type Services = Infallible;

/// In place of a call's response to come.
pub(crate) type CallAnswer = Pending<Result<Response<Body>, Infallible>>;

pub(super) fn call(services: &Services, _request: Request<Body>) -> CallAnswer {
    match *services {}
}

pub(super) fn is_call(_headers: &HeaderMap) -> bool {
    false
}

pub(super) fn client_limit(_headers: &HeaderMap) -> Option<Duration> {
    None
}

pub(super) fn is_implemented(_response: &Response<Body>) -> bool {
    unreachable!("without services there is no call")
}

pub(crate) fn answer(_error: ApiError) -> Response<Body> {
    unreachable!("without services there is no call")
}

pub(super) fn exhausted(
    _reason: &str,
    _message: String,
    _retry_after: Option<Duration>,
) -> Response<Body> {
    unreachable!("without services there is no call")
}

pub(crate) fn panicked() -> Response<Body> {
    unreachable!("without services there is no call")
}

pub(crate) fn timed_out(_limit: Duration) -> Response<Body> {
    unreachable!("without services there is no call")
}
