//! The recorder: Prometheus' behind a limit on its series.

use std::sync::Arc;

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use metrics_exporter_prometheus::PrometheusRecorder;

use super::catalogue;
use super::series::SeriesLimit;

/// Records in the series that was asked for, or in that of the overflow when there is no room for it.
///
/// A name that Kit's page has by itself is not recorded: a page with one metric twice is refused whole by
/// its reader.
pub(super) struct LimitedRecorder {
    recorder: PrometheusRecorder,
    series: Arc<SeriesLimit>,
}

impl LimitedRecorder {
    pub(super) fn new(recorder: PrometheusRecorder, series: Arc<SeriesLimit>) -> LimitedRecorder {
        LimitedRecorder { recorder, series }
    }

    fn register<T>(&self, key: &Key, none: T, register: impl FnOnce(&Key) -> T) -> T {
        if catalogue::is_read(key.name()) {
            return none;
        }
        match self.series.replaced(key) {
            None => register(key),
            Some(other) => register(&other),
        }
    }
}

impl Recorder for LimitedRecorder {
    fn describe_counter(&self, name: KeyName, unit: Option<Unit>, description: SharedString) {
        self.recorder.describe_counter(name, unit, description);
    }

    fn describe_gauge(&self, name: KeyName, unit: Option<Unit>, description: SharedString) {
        self.recorder.describe_gauge(name, unit, description);
    }

    fn describe_histogram(&self, name: KeyName, unit: Option<Unit>, description: SharedString) {
        self.recorder.describe_histogram(name, unit, description);
    }

    fn register_counter(&self, key: &Key, metadata: &Metadata<'_>) -> Counter {
        let register = |key: &Key| self.recorder.register_counter(key, metadata);
        self.register(key, Counter::noop(), register)
    }

    fn register_gauge(&self, key: &Key, metadata: &Metadata<'_>) -> Gauge {
        let register = |key: &Key| self.recorder.register_gauge(key, metadata);
        self.register(key, Gauge::noop(), register)
    }

    fn register_histogram(&self, key: &Key, metadata: &Metadata<'_>) -> Histogram {
        let register = |key: &Key| self.recorder.register_histogram(key, metadata);
        self.register(key, Histogram::noop(), register)
    }
}
