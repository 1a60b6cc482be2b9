//! The series of one recorded metric, at most as many as the limit says.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64 as Count, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use metrics::atomics::AtomicU64;
use metrics::{Key, Label};

use super::catalogue::MetricKind;
use super::histogram::Buckets;
use super::labels::{identity, shown};
use super::sample::{Reading, Sample};

/// OpenTelemetry's label of what a limit has left no series for.
static OVERFLOW: [Label; 1] = [Label::from_static_parts("otel_metric_overflow", "true")];

/// One metric that is recorded.
pub(super) struct Recorded {
    /// As the program has written it.
    pub(super) name: String,
    pub(super) kind: MetricKind,
    limits: Limits,
    series: RwLock<KnownSeries>,
    overflow: OnceLock<Series>,
    overflows: Count,
}

#[derive(Default)]
struct KnownSeries {
    /// By what Prometheus compares.
    series: HashMap<Key, OneSeries>,
    /// The same by other keys of the program, so that a recording spells no labels; as many as there may be series
    /// at most.
    by_other_keys: HashMap<Key, Series>,
}

struct OneSeries {
    /// The key as the program has written it first.
    written: Key,
    series: Series,
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
    /// as many of one hash as they like. A series that is there is found under a lock that readers share, by the
    /// key itself. Only for a key that is not known the labels are spelled, so that one that differs from
    /// another in its spelling alone has the same series.
    pub(super) fn series(&self, key: &Key) -> Series {
        let known = self.series.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(series) = known.find(key) {
            return series.clone();
        }
        let is_full = known.series.len() >= self.limits.most;
        drop(known);
        let other = identity(key, self.kind);
        if is_full && other.is_none() {
            return self.overflow();
        }
        let same = other.as_ref().unwrap_or(key);
        if same.labels().eq(&OVERFLOW) {
            return self.beyond();
        }
        let mut known = self.series.write().unwrap_or_else(PoisonError::into_inner);
        // Others may have come in between.
        if known.series.len() >= self.limits.most && !known.series.contains_key(same) {
            drop(known);
            return self.overflow();
        }
        let begin = || OneSeries {
            written: key.to_retained(),
            series: self.begin(),
        };
        let place = known.series.entry(same.to_retained());
        let series = place.or_insert_with(begin).series.clone();
        if other.is_some() && known.by_other_keys.len() < self.limits.most {
            known
                .by_other_keys
                .insert(key.to_retained(), series.clone());
        }
        series
    }

    fn overflow(&self) -> Series {
        self.overflows.fetch_add(1, Ordering::Relaxed);
        self.beyond()
    }

    /// The series in place of those beyond the limit.
    fn beyond(&self) -> Series {
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
        let known = self.series.read().unwrap_or_else(PoisonError::into_inner);
        let known_series = known.series.values();
        let samples = known_series.map(|one| one.series.sample(one.written.labels(), self.kind));
        let mut samples: Vec<_> = samples.collect();
        drop(known);
        let overflow = self.overflow.get();
        samples.extend(overflow.map(|series| series.sample(OVERFLOW.iter(), self.kind)));
        samples
    }
}

impl KnownSeries {
    fn find(&self, key: &Key) -> Option<&Series> {
        let one = self.series.get(key).map(|one| &one.series);
        one.or_else(|| self.by_other_keys.get(key))
    }
}

impl Series {
    fn sample<'a>(&self, labels: impl Iterator<Item = &'a Label>, kind: MetricKind) -> Sample {
        let labels = shown(labels, kind).into_iter();
        let labels =
            labels.map(|(_, label)| (label.key().to_owned().into(), label.value().to_owned()));
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
