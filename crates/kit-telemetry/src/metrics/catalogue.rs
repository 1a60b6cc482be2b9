//! Every metric of Kit.
//!
//! Names are those of OpenTelemetry's conventions where it has one, in Prometheus' spelling; those of the
//! process are the ones of Prometheus' own libraries, which dashboards know.

mod metric;
mod read;
mod recorded;

pub use metric::{Metric, MetricKind};
pub(super) use read::*;

/// Every metric of Kit, in the order of the book's table. A program has its own beside them.
///
/// ```
/// use kit_telemetry::metrics::catalogue;
///
/// let ready = catalogue().find(|metric| metric.name == "kit_app_ready").expect("it is listed");
/// assert!(ready.labels.is_empty());
/// ```
pub fn catalogue() -> impl Iterator<Item = &'static Metric> {
    read::ALL.into_iter().chain(recorded::ALL)
}

/// Whether the page has this metric by itself, so that it must not be recorded.
pub(super) fn is_read(name: &str) -> bool {
    read::ALL.iter().any(|metric| metric.name == name)
}
