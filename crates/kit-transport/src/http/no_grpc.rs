//! An HTTP server without the feature `grpc`: the types that it would have on its port, of which
//! there is no value.

use std::convert::Infallible;
use std::pin::Pin;
use std::task;
use std::time::Duration;

use axum::body::Body;
use http::request::Parts;
use http::{HeaderMap, Response};

use super::handler::Beside;
use crate::exchange::refusal::Refusal;
use crate::exchange::request_body::RequestBody;
use crate::exchange::service::Handler;
use crate::layers::http::ErrorForm;
use crate::layers::stack::Layers;
use crate::{Context, StartError};

/// In place of `grpc::Services`.
#[derive(Clone, Debug)]
pub(super) enum Services {}

impl Services {
    pub(super) fn check(&self) -> Result<(), StartError> {
        match *self {}
    }

    pub(super) fn handler(
        &self,
        _ctx: &Context,
        _layers: Option<&Layers>,
    ) -> Result<GrpcHandler, StartError> {
        match *self {}
    }
}

/// In place of `grpc`'s handler.
#[derive(Clone)]
pub(super) enum GrpcHandler {}

/// In place of a call's response to come.
pub(super) enum Call {}

impl Future for Call {
    type Output = Result<Response<Body>, Infallible>;

    fn poll(self: Pin<&mut Self>, _cx: &mut task::Context<'_>) -> task::Poll<Self::Output> {
        match *self {}
    }
}

impl Beside for GrpcHandler {
    fn takes(_headers: &HeaderMap) -> bool {
        false
    }
}

impl Handler for GrpcHandler {
    type Body = Body;
    type Future = Call;

    fn call(
        &self,
        _head: Parts,
        _body: RequestBody,
        _is_call: bool,
        _form: Option<ErrorForm>,
    ) -> Call {
        match *self {}
    }

    fn refused(&self, _why: Refusal, _headers: &HeaderMap) -> Response<Body> {
        match *self {}
    }

    fn panicked(_is_call: bool) -> Response<Body> {
        unreachable!("without a handler there is no call")
    }

    fn timed_out(_is_call: bool, _limit: Duration) -> Response<Body> {
        unreachable!("without a handler there is no call")
    }
}
