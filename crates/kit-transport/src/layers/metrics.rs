//! The layer that counts and times requests.

use std::sync::Arc;

use ::http::Request;
use ::metrics::Gauge;
use axum_core::body::Body;

use super::facts::Facts;
use super::observe::observation::Observer;
use super::observe::service::{Watch, watching};
use super::outcome::Outcome;
use super::span::method_name;

mod series;

use series::{AllSeries, SeriesKind};

/// Counts and times requests, by the facade of the crate `metrics`. The binary installs a recorder,
/// which must be there before the first request: a series is kept with the recorder of its first
/// request.
///
/// | HTTP | gRPC | |
/// |---|---|---|
/// | `http_server_request_duration_seconds` | `rpc_server_call_duration_seconds` | histogram: from the request to the end of its response's body |
/// | `http_server_requests_total` | `rpc_server_calls_total` | counter: responses that have ended |
/// | `http_server_active_requests` | `rpc_server_active_calls` | gauge: those that have not |
///
/// These are OpenTelemetry's names in Prometheus' spelling. The labels are `protocol` (`http` or `grpc`),
/// [`operation`](super::Operation), `method` (`_OTHER` for one that HTTP does not know), and but for the
/// gauge `code` (the status of HTTP, the name of gRPC's code, `none` without an answer) and `end` (as in
/// the [access log](super::access_log())). Clients cannot add series: there are as many as the server has
/// operations, methods and codes.
///
/// ```
/// use axum::{Router, routing::get};
/// use kit_transport::{http, layers};
///
/// let router = Router::new().route("/hello", get(|| async { "Hello" }));
/// let server = http::Server::new(":8000", router).layers(layers::metrics());
/// ```
#[must_use]
pub fn metrics() -> Metrics {
    Metrics(Arc::default())
}

/// A layer that counts and times requests; from [`metrics()`].
#[derive(Clone, Debug)]
pub struct Metrics(Arc<AllSeries>);

impl Watch for Metrics {
    type Observer = MetricsObserver;

    fn begin(&self, request: &Request<Body>, facts: &Arc<Facts>) -> Option<MetricsObserver> {
        let method = method_name(request.method());
        let active = self.0.active(facts.protocol(), facts.operation(), method);
        active.increment(1);
        Some(MetricsObserver {
            series: Arc::clone(&self.0),
            method,
            active,
        })
    }
}

/// Records an exchange at its end.
pub(crate) struct MetricsObserver {
    series: Arc<AllSeries>,
    method: &'static str,
    active: Gauge,
}

impl Observer for MetricsObserver {
    fn end(&mut self, outcome: &Outcome, facts: &Facts) {
        self.active.decrement(1);
        let kind = SeriesKind::new(self.method, outcome);
        self.series.record(facts.operation(), kind, outcome);
    }
}

watching!(Metrics, MetricsService, MetricsFuture, "metrics");
