//! How long to wait before the next attempt.

use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher, Hasher},
    time::Duration,
};

const FIRST: Duration = Duration::from_millis(200);
const MOST: Duration = Duration::from_secs(15);

/// Exponential back-off with full jitter: each delay is anything between nothing and a ceiling that
/// doubles, so that a thousand processes which lost the registry together do not come back together.
#[derive(Debug)]
pub(crate) struct Backoff {
    ceiling: Duration,
    most: Duration,
}

impl Backoff {
    pub(crate) fn new() -> Self {
        Self::up_to(MOST)
    }

    pub(crate) fn up_to(most: Duration) -> Self {
        let ceiling = FIRST;
        Self { ceiling, most }
    }

    /// From now on delays may grow as long as with [`new`](Self::new).
    pub(crate) fn up_to_most(&mut self) {
        self.most = MOST;
    }

    /// The next delay.
    pub(crate) fn next(&mut self) -> Duration {
        let delay = self.ceiling.mul_f64(random_fraction());
        self.ceiling = (self.ceiling * 2).min(self.most);
        delay
    }

    /// To be called when an attempt had succeeded and lasted `lasted`: it begins anew unless that
    /// was shorter than the next delay may be, as then success and loss would chase each other.
    pub(crate) fn succeeded(&mut self, lasted: Duration) {
        if lasted >= self.ceiling {
            self.ceiling = FIRST;
        }
    }
}

/// 64 bits that no other process has: what the standard library's hash function makes of nothing,
/// with keys that come from the system's random source and differ at each call.
pub(crate) fn random_bits() -> u64 {
    RandomState::new().build_hasher().finish()
}

fn random_fraction() -> f64 {
    // 53 bits are what an f64 holds exactly.
    (random_bits() >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_stay_below_a_ceiling_that_doubles_up_to_its_limit() {
        let mut backoff = Backoff::new();
        let mut ceiling = FIRST;
        for _ in 0..20 {
            assert!(backoff.next() < ceiling);
            ceiling = (ceiling * 2).min(MOST);
            assert_eq!(backoff.ceiling, ceiling);
        }
        assert_eq!(backoff.ceiling, MOST);
    }

    #[test]
    fn a_success_that_lasted_begins_anew_and_a_short_one_does_not() {
        let mut backoff = Backoff::new();
        backoff.next();
        backoff.next();
        backoff.succeeded(Duration::from_millis(799));
        assert_eq!(backoff.ceiling, Duration::from_millis(800));
        backoff.succeeded(Duration::from_millis(800));
        assert_eq!(backoff.ceiling, FIRST);
    }

    #[test]
    fn delays_are_spread() {
        let draws: Vec<f64> = (0..1000).map(|_| random_fraction()).collect();
        let mean = draws.iter().sum::<f64>() / 1000.0;
        assert!((0.4..0.6).contains(&mean), "{mean}");
        assert!(draws.iter().any(|x| *x < 0.05) && draws.iter().any(|x| *x > 0.95));
    }
}
