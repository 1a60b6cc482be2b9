//! Metrics over OTLP.

mod encode;
mod exporter;
mod points;
mod tally;

pub(super) use exporter::{Measures, MetricsExporter};
pub(super) use tally::{Exports, MetricsTally};
