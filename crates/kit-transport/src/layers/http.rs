//! What layers need of HTTP's side: routes, templates, and answers.

use std::convert::Infallible;
use std::task::Context;
use std::time::Duration;

use ::http::{Extensions, Request, Response};
use axum::extract::MatchedPath;
use axum::response::IntoResponse as _;
use axum::routing::Route;
use axum::routing::future::RouteFuture;
use axum_core::body::Body;
use tower_service::Service as _;

use crate::ApiError;
pub(crate) use crate::http::error_form::ErrorForm;
use crate::http::probe_mark::has_mark;

/// One route of a router, with the handlers of its methods.
pub(crate) type Routes = Route;
/// Its response to come.
pub(crate) type RouteAnswer = RouteFuture<Infallible>;
/// The path of a route as the author wrote it.
pub(crate) type Template = MatchedPath;

/// The template of the route that was found for a request, unless that is a fallback or a service that
/// routes by itself.
pub(super) fn template(extensions: &Extensions) -> Option<Template> {
    extensions.get().cloned()
}

pub(super) fn template_text(template: &Template) -> &str {
    template.as_str()
}

/// Whether it is one of Kit's probes, by what it is and not by its path.
pub(super) fn is_probe(route: &Routes) -> bool {
    has_mark(route)
}

pub(super) fn call(routes: &mut Routes, request: Request<Body>) -> RouteAnswer {
    routes.call(request)
}

/// Gives a route's answer its form, if it is an error.
pub(super) fn give_form(form: ErrorForm, response: &mut Response<Body>, cx: &mut Context<'_>) {
    form.apply(response, cx);
}

/// Gives it to an answer that was made of an error just now.
pub(super) fn give_form_to_own(form: ErrorForm, response: &mut Response<Body>) {
    form.apply_to_own(response);
}

pub(crate) fn answer(error: ApiError) -> Response<Body> {
    error.into_response()
}

pub(crate) fn panicked() -> Response<Body> {
    answer(ApiError::internal("", "internal error"))
}

pub(crate) fn timed_out(limit: Duration) -> Response<Body> {
    let message = format!("no answer within {limit:?}");
    answer(ApiError::gateway_timeout("REQUEST_TIMEOUT", message))
}

pub(crate) fn too_large(max: u64) -> Response<Body> {
    let message = format!("a body has at most {max} bytes");
    answer(ApiError::new(413, "BODY_TOO_LARGE", message))
}
