//! The series of one recorded metric, at most as many as the limit says.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64 as Count, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use metrics::atomics::AtomicU64;
use metrics::{Key, Label};

use super::catalogue::MetricKind;
use super::histogram::Buckets;
use super::sample::{Reading, Sample};

/// OpenTelemetry's label of what a limit has left no series for.
const OVERFLOW: Label = Label::from_static_parts("otel_metric_overflow", "true");

/// One metric that is recorded.
pub(super) struct Recorded {
    /// As the program has written it.
    pub(super) name: String,
    pub(super) kind: MetricKind,
    limits: Limits,
    series: RwLock<HashMap<Key, Series>>,
    overflow: OnceLock<Series>,
    overflows: Count,
}

/// What all families have in common.
#[derive(Clone)]
pub(super) struct Limits {
    /// Of series.
    pub(super) most: usize,
    /// Of the buckets of histograms.
    pub(super) bounds: Arc<[f64]>,
}

/// The place of one series' value, which its recorders and its readers share.
#[derive(Clone)]
pub(super) enum Series {
    Counter(Arc<AtomicU64>),
    Gauge(Arc<AtomicU64>),
    Histogram(Arc<Buckets>),
}

impl Recorded {
    pub(super) fn new(name: String, kind: MetricKind, limits: Limits) -> Recorded {
        Recorded {
            name,
            kind,
            limits,
            series: RwLock::default(),
            overflow: OnceLock::new(),
            overflows: Count::new(0),
        }
    }

    /// The series of `key`, or that of the overflow when there is no room for it, which is counted.
    ///
    /// Keys are compared whole: their hash is no secret, and clients that choose label values could find
    /// as many of one hash as they like. A series that is there is found under a lock that readers share.
    pub(super) fn series(&self, key: &Key) -> Series {
        let series = self.series.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = series.get(key) {
            return known.clone();
        }
        let is_full = series.len() >= self.limits.most;
        drop(series);
        if is_full {
            return self.overflow();
        }
        let mut series = self.series.write().unwrap_or_else(PoisonError::into_inner);
        // Others may have come in between.
        if series.len() >= self.limits.most && !series.contains_key(key) {
            drop(series);
            return self.overflow();
        }
        let place = series.entry(key.to_retained());
        place.or_insert_with(|| self.begin()).clone()
    }

    fn overflow(&self) -> Series {
        self.overflows.fetch_add(1, Ordering::Relaxed);
        self.overflow.get_or_init(|| self.begin()).clone()
    }

    fn begin(&self) -> Series {
        match self.kind {
            MetricKind::Counter => Series::Counter(Arc::default()),
            MetricKind::Gauge => Series::Gauge(Arc::default()),
            MetricKind::Histogram => {
                Series::Histogram(Arc::new(Buckets::new(Arc::clone(&self.limits.bounds))))
            }
        }
    }

    /// How often a series had no room.
    pub(super) fn overflows(&self) -> u64 {
        self.overflows.load(Ordering::Relaxed)
    }

    /// The present values.
    pub(super) fn samples(&self) -> Vec<Sample> {
        let series = self.series.read().unwrap_or_else(PoisonError::into_inner);
        let known = series
            .iter()
            .map(|(key, series)| series.sample(key.labels()));
        let mut samples: Vec<_> = known.collect();
        drop(series);
        let overflow = self.overflow.get();
        samples.extend(overflow.map(|series| series.sample([OVERFLOW].iter())));
        samples
    }
}

impl Series {
    fn sample<'a>(&self, labels: impl Iterator<Item = &'a Label>) -> Sample {
        let labels = labels.map(|label| (label.key().to_owned().into(), label.value().to_owned()));
        let value = match self {
            Series::Counter(count) => Reading::Count(count.load(Ordering::Relaxed)),
            Series::Gauge(bits) => Reading::Number(f64::from_bits(bits.load(Ordering::Relaxed))),
            Series::Histogram(buckets) => Reading::Buckets(buckets.read()),
        };
        Sample {
            labels: labels.collect(),
            value,
        }
    }
}
