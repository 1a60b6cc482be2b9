//! HTTP: axum's router in layers, put around it as its users do.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::error_handling::HandleErrorLayer;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum_prometheus::BaseMetricLayer;
use bench_greeter::routes;
use http::StatusCode;
use tower::BoxError;
use tower::limit::GlobalConcurrencyLimitLayer;
use tower::load_shed::LoadShedLayer;
use tower_http::auth::AsyncRequireAuthorizationLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::{DefaultMakeSpan, DefaultOnResponse, TraceLayer};
use tracing::Level;

/// Longer than any request takes, as on Kit's side.
pub(crate) const LONG: Duration = Duration::from_secs(30);
/// More than there are requests at a time, as on Kit's side.
pub(crate) const MANY: usize = 1_000;

/// The routes with the counterpart of the stack of this name, if there is one.
pub(crate) fn router(name: &str) -> Option<Router> {
    let routes = routes();
    let pass = || from_fn(|request: Request, next: Next| next.run(request));
    Some(match name {
        "none" => routes,
        "empty" => routes.layer(pass()),
        "five" => routes.layer((pass(), pass(), pass(), pass(), pass())),
        "deadline" => routes.layer(timeout()),
        "concurrency" => routes.layer((
            HandleErrorLayer::new(async |_: BoxError| StatusCode::SERVICE_UNAVAILABLE),
            LoadShedLayer::new(),
            GlobalConcurrencyLimitLayer::new(MANY),
        )),
        "standard" => routes.layer((
            SetRequestIdLayer::x_request_id(MakeRequestUuid),
            PropagateRequestIdLayer::x_request_id(),
            TraceLayer::new_for_http()
                .make_span_with(span())
                .on_response(line()),
            BaseMetricLayer::new(),
        )),
        "six" | "standard-limited" => routes.layer((
            SetRequestIdLayer::x_request_id(MakeRequestUuid),
            PropagateRequestIdLayer::x_request_id(),
            TraceLayer::new_for_http()
                .make_span_with(span())
                .on_response(line()),
            BaseMetricLayer::new(),
            HandleErrorLayer::new(async |_: BoxError| StatusCode::SERVICE_UNAVAILABLE),
            LoadShedLayer::new(),
            timeout(),
            GlobalConcurrencyLimitLayer::new(MANY),
        )),
        "authenticate" => routes.layer(AsyncRequireAuthorizationLayer::new(known)),
        "request-id" => routes.layer((
            SetRequestIdLayer::x_request_id(MakeRequestUuid),
            PropagateRequestIdLayer::x_request_id(),
        )),
        "trace" => routes.layer(
            TraceLayer::new_for_http()
                .make_span_with(span())
                .on_request(())
                .on_response(())
                .on_eos(()),
        ),
        "access-log" => routes.layer(
            TraceLayer::new_for_http()
                .make_span_with(span())
                .on_response(line()),
        ),
        "metrics" => routes.layer(BaseMetricLayer::new()),
        _ => return None,
    })
}

/// The level of Kit's span and line.
pub(crate) fn span() -> DefaultMakeSpan {
    DefaultMakeSpan::new().level(Level::INFO)
}

pub(crate) fn line() -> DefaultOnResponse {
    DefaultOnResponse::new().level(Level::INFO)
}

fn timeout() -> TimeoutLayer {
    TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, LONG)
}

/// The claims of a caller.
#[derive(Clone)]
struct Caller(#[expect(dead_code, reason = "no handler reads it")] usize);

/// A caller that is known without work, and its claims in the request's extensions.
async fn known(mut request: Request) -> Result<Request, Response<Body>> {
    let claims = Caller(request.headers().len());
    request.extensions_mut().insert(claims);
    Ok(request)
}
