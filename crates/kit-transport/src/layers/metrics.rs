//! The layer that counts and times requests.

use std::sync::Arc;

use ::http::Request;
use axum_core::body::Body;

use super::facts::Facts;
use super::observe::observer::{Ended, Observer};
use super::observe::service::{Watch, watching};
use super::span::method_name;

mod name_hash;
mod series;

use series::{AllSeries, SeriesOf};

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

    fn begin(&self, request: &Request<Body>, facts: &Facts) -> Option<MetricsObserver> {
        let method = method_name(request.method());
        let series = self.0.of(facts.protocol(), facts.operation(), method);
        series.active().increment(1);
        let all = Arc::clone(&self.0);
        Some(MetricsObserver { all, series })
    }
}

/// Records an exchange at its end.
pub(crate) struct MetricsObserver {
    all: Arc<AllSeries>,
    /// Those of the operation as it was known at the beginning.
    series: Arc<SeriesOf>,
}

impl Observer for MetricsObserver {
    fn end(&mut self, ended: &Ended<'_>) {
        self.series.active().decrement(1);
        let (facts, outcome) = (ended.facts, &ended.outcome);
        if self.series.is_of(facts.operation()) {
            self.series.record(outcome);
        } else {
            let series = self
                .all
                .of(facts.protocol(), facts.operation(), ended.method);
            series.record(outcome);
        }
    }
}

watching!(Metrics, MetricsService, MetricsFuture, "metrics");
