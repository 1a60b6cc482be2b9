//! The few numbers that samples are boiled down to.

/// `part / whole`, for figures that are only meaningful beside each other.
pub(super) fn ratio(part: f64, whole: f64) -> f64 {
    part / whole
}

/// The value that half of the samples do not exceed; NaN when there are none.
pub(super) fn median(samples: &[f64]) -> f64 {
    let sorted = sorted(samples);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}

/// The smallest and the largest sample.
pub(super) fn spread(samples: &[f64]) -> (f64, f64) {
    let sorted = sorted(samples);
    (
        sorted.first().copied().unwrap_or(f64::NAN),
        sorted.last().copied().unwrap_or(f64::NAN),
    )
}

/// A percentile of latencies in microseconds, which it sorts.
pub(super) fn percentile(latencies: &mut [u32], percent: usize) -> f64 {
    latencies.sort_unstable();
    let index = latencies.len().saturating_sub(1) * percent / 100;
    latencies
        .get(index)
        .map_or(f64::NAN, |value| f64::from(*value))
}

fn sorted(samples: &[f64]) -> Vec<f64> {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

#[cfg(test)]
mod tests {
    use super::{median, percentile, spread};

    #[test]
    fn an_outlier_does_not_move_the_median_but_shows_in_the_spread() {
        let samples = [1.0, 9.0, 1.1];
        assert!((median(&samples) - 1.1).abs() < 1e-9);
        assert!((spread(&samples).1 - 9.0).abs() < 1e-9);
        assert!((median(&[1.0, 2.0]) - 1.5).abs() < 1e-9);
    }

    #[test]
    fn a_percentile_leaves_out_the_slowest() {
        let mut latencies: Vec<u32> = (1..=100).rev().collect();
        assert!((percentile(&mut latencies, 99) - 99.0).abs() < 1e-9);
        assert!((percentile(&mut latencies, 50) - 50.0).abs() < 1e-9);
    }
}
