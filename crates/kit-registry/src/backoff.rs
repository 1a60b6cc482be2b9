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
///
/// Failures and losses have a ceiling each. A success ends the failures before it, so that what is
/// lost after an outage is repaired as quickly as at any other time. But losses that follow each
/// other closely wait longer and longer, whatever succeeded in between: a registry that takes an
/// instance and drops it again is not hammered.
#[derive(Debug)]
pub(crate) struct Backoff {
    failures: Ceiling,
    losses: Ceiling,
}

/// What a delay stays below.
#[derive(Debug)]
struct Ceiling {
    present: Duration,
    most: Duration,
}

impl Backoff {
    pub(crate) fn new() -> Self {
        Self::up_to(MOST)
    }

    pub(crate) fn up_to(most: Duration) -> Self {
        let ceiling = || Ceiling {
            present: FIRST.min(most),
            most,
        };
        Self {
            failures: ceiling(),
            losses: ceiling(),
        }
    }

    /// From now on delays may grow as long as with [`new`](Self::new).
    pub(crate) fn up_to_most(&mut self) {
        self.failures.most = MOST;
        self.losses.most = MOST;
    }

    /// The delay after an attempt that failed.
    pub(crate) fn after_failure(&mut self) -> Duration {
        self.failures.next()
    }

    /// The delay after the loss of what had succeeded and lasted for `lasted`. Losses begin anew
    /// unless that was shorter than the next delay may be.
    pub(crate) fn after_loss(&mut self, lasted: Duration) -> Duration {
        self.failures.present = FIRST.min(self.failures.most);
        if lasted >= self.losses.present {
            self.losses.present = FIRST.min(self.losses.most);
        }
        self.losses.next()
    }
}

impl Ceiling {
    fn next(&mut self) -> Duration {
        let delay = self.present.mul_f64(random_fraction());
        self.present = (self.present * 2).min(self.most);
        delay
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
            assert!(backoff.after_failure() < ceiling);
            ceiling = (ceiling * 2).min(MOST);
            assert_eq!(backoff.failures.present, ceiling);
        }
        assert_eq!(backoff.failures.present, MOST);
    }

    #[test]
    fn a_loss_after_many_failures_waits_as_little_as_the_first() {
        let mut backoff = Backoff::new();
        for _ in 0..20 {
            backoff.after_failure();
        }
        assert!(backoff.after_loss(Duration::ZERO) < FIRST);
        assert!(backoff.after_failure() < FIRST);
    }

    #[test]
    fn losses_wait_longer_until_a_success_lasted() {
        let mut backoff = Backoff::new();
        for ceiling in [200, 400, 800] {
            assert_eq!(backoff.losses.present, Duration::from_millis(ceiling));
            backoff.after_failure();
            backoff.after_loss(Duration::from_millis(ceiling - 1));
        }
        backoff.after_loss(Duration::from_millis(1_600));
        assert_eq!(backoff.losses.present, FIRST * 2);
    }

    #[test]
    fn delays_are_spread() {
        let draws: Vec<f64> = (0..1000).map(|_| random_fraction()).collect();
        let mean = draws.iter().sum::<f64>() / 1000.0;
        assert!((0.4..0.6).contains(&mean), "{mean}");
        assert!(draws.iter().any(|x| *x < 0.05) && draws.iter().any(|x| *x > 0.95));
    }
}
