//! The limit on the series of each metric.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

use metrics::{Key, Label};

use super::catalogue;
use super::sample::Samples;

/// OpenTelemetry's label of what a limit has left no series for.
const OVERFLOW: Label = Label::from_static_parts("otel_metric_overflow", "true");

/// Knows the series of each metric, at most as many as the limit says.
pub(super) struct SeriesLimit {
    most: usize,
    metrics: RwLock<HashMap<String, Known>>,
}

/// One metric.
#[derive(Default)]
struct Known {
    series: HashSet<Key>,
    overflows: AtomicU64,
}

impl SeriesLimit {
    pub(super) fn new(most: usize) -> SeriesLimit {
        let metrics = RwLock::default();
        SeriesLimit { most, metrics }
    }

    /// The key of another series when there is no room for that of `key`, which is counted.
    ///
    /// Keys are compared whole: their hash is no secret, and clients that choose label values could find
    /// as many of one hash as they like.
    pub(super) fn replaced(&self, key: &Key) -> Option<Key> {
        let metrics = self.metrics.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = metrics.get(key.name()) {
            if known.series.contains(key) {
                return None;
            }
            if known.series.len() >= self.most {
                known.overflows.fetch_add(1, Ordering::Relaxed);
                return Some(Key::from_parts(key.name().to_owned(), vec![OVERFLOW]));
            }
        }
        drop(metrics);
        let mut metrics = self.metrics.write().unwrap_or_else(PoisonError::into_inner);
        let known = metrics.entry(key.name().to_owned()).or_default();
        // Others may have come in between.
        if known.series.len() < self.most || known.series.contains(key) {
            known.series.insert(key.to_retained());
            return None;
        }
        *known.overflows.get_mut() += 1;
        Some(Key::from_parts(key.name().to_owned(), vec![OVERFLOW]))
    }

    /// The metrics that have come to the limit, and how often a series had no room.
    pub(super) fn overflows(&self) -> Vec<(String, u64)> {
        let metrics = self.metrics.read().unwrap_or_else(PoisonError::into_inner);
        let counts = metrics.iter().map(|(name, known)| {
            let overflows = known.overflows.load(Ordering::Relaxed);
            (name.clone(), overflows)
        });
        let mut overflows: Vec<_> = counts.filter(|(_, overflows)| *overflows > 0).collect();
        overflows.sort();
        overflows
    }

    pub(super) fn most(&self) -> usize {
        self.most
    }

    pub(super) fn collect(&self, samples: &mut Samples) {
        for (name, overflows) in self.overflows() {
            samples.add_count(&catalogue::METRICS_OVERFLOWS, [name], overflows);
        }
    }
}
