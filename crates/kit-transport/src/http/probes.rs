//! Probes among a service's own routes.

use std::future::ready;

use axum::Router;
use axum::extract::RawQuery;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;
use http::header::CACHE_CONTROL;

use super::probe_mark::ProbeMark;
use crate::{ApiError, CallContext, Probed, Probes};

/// The routes `/livez`, `/readyz` and `/startupz`, to be merged into those of a service that has no admin
/// server. Each answers 200 or 503 with the reasons, and with `?verbose` all facts.
///
/// The [layers](crate::layers) of a server leave them alone as they do gRPC's health, wherever the routes
/// are nested: nothing is asked of their callers (`authenticate`, `authorize`), no limit counts them, and the
/// access log has them at `debug`. A route of an author's own is no probe, whatever its path.
///
/// They come from the app's own runtime: one that is blocked does not answer at all. And they end with
/// their server, while an admin server answers until the app has ended.
///
/// ```
/// use axum::{Router, routing::get};
/// use kit_transport::http;
///
/// let routes = Router::new().route("/hello", get(|| async { "hello" })).merge(http::probes());
/// let server = http::Server::new(":8000", routes);
/// ```
pub fn probes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    let route = |what| {
        let mark = ProbeMark;
        get(move |call: CallContext, query: RawQuery| {
            // So that it is cloned with the handler.
            let _held = &mark;
            ready(answer(&call, what, query))
        })
    };
    Router::new()
        .route("/livez", route(Probed::Live))
        .route("/readyz", route(Probed::Ready))
        .route("/startupz", route(Probed::Started))
}

fn answer(call: &CallContext, what: Probed, RawQuery(query): RawQuery) -> Response {
    let Some(probes) = call.app::<Probes>() else {
        let source = "the server runs without an app that answers probes";
        return ApiError::internal("", "internal error")
            .with_source(source)
            .into_response();
    };
    let query = query.unwrap_or_default();
    let is_verbose = query.split('&').any(|parameter| parameter == "verbose");
    let answer = probes.answer(what, is_verbose);
    let status = if answer.passes {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, [(CACHE_CONTROL, "no-store")], answer.text).into_response()
}
