//! Histograms with buckets that do not change.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use metrics::HistogramFn;
use metrics::atomics::AtomicU64;

/// A histogram. A recording is counted at once and not kept, so that its memory never grows.
pub(super) struct Buckets {
    /// The upper bounds, ascending.
    bounds: Arc<[f64]>,
    /// One more than bounds: the last has none.
    counts: Box<[AtomicU64]>,
    /// The bits of a 64-bit float.
    sum: AtomicU64,
}

/// A histogram at one moment.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Distribution {
    pub(crate) bounds: Arc<[f64]>,
    /// Of each bucket alone, and of the one without a bound.
    pub(crate) counts: Vec<u64>,
    pub(crate) sum: f64,
}

impl Buckets {
    pub(super) fn new(bounds: Arc<[f64]>) -> Buckets {
        let counts = (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Buckets {
            bounds,
            counts,
            sum: AtomicU64::new(0),
        }
    }

    /// The present counts. A recording at the same time may be in one of counts and sum, and not yet in
    /// the other: nothing else is read through them.
    pub(super) fn read(&self) -> Distribution {
        let counts = self
            .counts
            .iter()
            .map(|count| count.load(Ordering::Relaxed));
        Distribution {
            bounds: Arc::clone(&self.bounds),
            counts: counts.collect(),
            sum: f64::from_bits(self.sum.load(Ordering::Relaxed)),
        }
    }

    /// A number that is none, or infinite, would stay in the sum.
    fn add(&self, value: f64, times: usize) {
        if !value.is_finite() {
            return;
        }
        // A bound belongs to its bucket.
        let place = self.bounds.partition_point(|bound| *bound < value);
        let Some(count) = self.counts.get(place) else {
            return;
        };
        count.fetch_add(u64::try_from(times).unwrap_or(u64::MAX), Ordering::Relaxed);
        #[expect(
            clippy::cast_precision_loss,
            reason = "a sum of 64-bit floats has no more digits"
        )]
        let added = value * times as f64;
        let add = |bits| Some((f64::from_bits(bits) + added).to_bits());
        // The change is made whatever the sum is, so this does not fail.
        let _ = self
            .sum
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }
}

impl HistogramFn for Buckets {
    fn record(&self, value: f64) {
        self.add(value, 1);
    }

    fn record_many(&self, value: f64, count: usize) {
        self.add(value, count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_in_the_first_bucket_whose_bound_it_does_not_exceed() {
        let buckets = Buckets::new([0.5, 2.0].into());
        for value in [0.5, 0.1, 2.0, 2.000_1, f64::NAN, f64::INFINITY] {
            buckets.record(value);
        }
        buckets.record_many(-1.0, 3);
        let read = buckets.read();
        assert_eq!(read.counts, [5, 1, 1]);
        assert!((read.sum - 1.600_1).abs() < 1e-9, "{}", read.sum);
    }

    #[test]
    fn recordings_of_several_threads_are_all_counted() {
        let buckets = Buckets::new([1.0].into());
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..10_000).for_each(|_| buckets.record(0.5)));
            }
        });
        let read = buckets.read();
        assert_eq!(
            (read.counts.as_slice(), read.sum),
            ([40_000, 0].as_slice(), 20_000.0)
        );
    }
}
