//! Layers without the feature `http`: there are no routes.

use std::convert::Infallible;
use std::future::Pending;
use std::task::Context;
use std::time::Duration;

use ::http::{Extensions, Request, Response};
use axum_core::body::Body;

use crate::ApiError;

/// In place of a route.
pub(crate) type Routes = Infallible;
/// In place of the path of a route.
pub(crate) type Template = Infallible;

/// In place of a route's response to come.
pub(crate) type RouteAnswer = Pending<Result<Response<Body>, Infallible>>;

pub(super) fn template(_extensions: &Extensions) -> Option<Template> {
    None
}

pub(super) fn template_text(template: &Template) -> &str {
    match *template {}
}

pub(super) fn call(routes: &mut Routes, _request: Request<Body>) -> RouteAnswer {
    match *routes {}
}

/// In place of the form of errors.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ErrorForm;

pub(super) fn give_form(_: ErrorForm, _response: &mut Response<Body>, _cx: &mut Context<'_>) {}

pub(super) fn give_form_to_own(_: ErrorForm, _response: &mut Response<Body>) {}

pub(crate) fn answer(_error: ApiError) -> Response<Body> {
    unreachable!("without routes there is no request but calls")
}

pub(crate) fn panicked() -> Response<Body> {
    unreachable!("without routes there is no request but calls")
}

pub(crate) fn timed_out(_limit: Duration) -> Response<Body> {
    unreachable!("without routes there is no request but calls")
}

pub(crate) fn too_large(_max: u64) -> Response<Body> {
    unreachable!("without routes there is no request but calls")
}
