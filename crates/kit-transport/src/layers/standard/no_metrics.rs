//! Without the feature `metrics` the standard layers have none.

pub(super) use tower::layer::util::Identity as Metrics;

pub(super) fn metrics() -> Metrics {
    Metrics::new()
}
