//! Sending HTTP/1.1 clients away before the drain.

use std::time::Duration;

use tokio::time::Instant;

/// With a drain delay up to this, every response closes its connection at once.
const SHORT: Duration = Duration::from_secs(1);

/// From the first moment of a stop, HTTP/1.1 responses close their connections: all of them at
/// once when there is little time, else more and more of them over the first half of the drain
/// delay, so that their clients do not all connect elsewhere at the same moment.
#[derive(Debug)]
pub(crate) struct LameDuck {
    since: Instant,
    ramp: Duration,
}

impl LameDuck {
    pub(crate) fn new(since: Instant, drain_delay: Duration) -> LameDuck {
        let ramp = if drain_delay <= SHORT {
            Duration::ZERO
        } else {
            drain_delay / 2
        };
        LameDuck { since, ramp }
    }

    /// Whether a connection whose place on the ramp is `threshold` is closed by its response.
    pub(crate) fn closes(&self, threshold: f32, now: Instant) -> bool {
        let elapsed = now.saturating_duration_since(self.since);
        elapsed >= self.ramp || elapsed.as_secs_f32() >= threshold * self.ramp.as_secs_f32()
    }
}

/// The place of the `n`th connection on the ramp: steps of the golden ratio spread any run of
/// connections evenly over it.
pub(crate) fn threshold(n: u64) -> f32 {
    const GOLDEN: f64 = 0.618_033_988_749_895;
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "any number will do"
    )]
    let threshold = (n as f64 * GOLDEN).fract() as f32;
    threshold
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_delay_closes_every_connection_at_once() {
        let now = Instant::now();
        let duck = LameDuck::new(now, SHORT);
        assert!((0..100).all(|n| duck.closes(threshold(n), now)));
    }

    #[test]
    fn a_long_delay_closes_them_evenly_over_its_first_half() {
        let start = Instant::now();
        let duck = LameDuck::new(start, Duration::from_secs(10));
        let closed = |after| {
            (0..100)
                .filter(|n| duck.closes(threshold(*n), start + after))
                .count()
        };
        assert!((15..=25).contains(&closed(Duration::from_secs(1))));
        assert!((45..=55).contains(&closed(Duration::from_millis(2500))));
        assert_eq!(closed(Duration::from_secs(5)), 100);
    }
}
