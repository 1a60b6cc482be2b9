//! The delay before the next attempt on a registry.

use std::time::Duration;

use kit_sync::policy;

const FIRST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(15);

/// Exponential back-off with full jitter: each delay is anything between zero and a ceiling that
/// doubles, so that a thousand processes which lost the registry together do not come back together.
///
/// Failures and losses have a ceiling each. A success ends the failures before it, so that a loss
/// after an outage is repaired as quickly as at any other time. But losses that follow each
/// other closely wait longer and longer, whatever succeeded in between: a registry that takes an
/// instance and drops it again is not hammered.
#[derive(Debug)]
pub(crate) struct Backoff {
    failures: policy::Backoff,
    losses: policy::Backoff,
}

impl Backoff {
    pub(crate) fn new() -> Backoff {
        Backoff::up_to(LONGEST)
    }

    pub(crate) fn up_to(longest: Duration) -> Backoff {
        let delays = policy::Backoff::starting_at(FIRST).with_full_jitter();
        Backoff {
            failures: delays.up_to(longest),
            losses: delays.up_to(longest),
        }
    }

    /// From now on delays may grow as long as with [`new`](Self::new).
    pub(crate) fn up_to_most(&mut self) {
        self.failures = self.failures.up_to(LONGEST);
        self.losses = self.losses.up_to(LONGEST);
    }

    /// The delay after an attempt that failed.
    pub(crate) fn after_failure(&mut self) -> Duration {
        self.failures.next_delay()
    }

    /// The delay after the loss of a success that had lasted for `lasted`. Losses begin anew
    /// unless that was shorter than the next delay may be.
    pub(crate) fn after_loss(&mut self, lasted: Duration) -> Duration {
        self.failures.reset();
        if lasted >= self.losses.ceiling() {
            self.losses.reset();
        }
        self.losses.next_delay()
    }
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
            ceiling = (ceiling * 2).min(LONGEST);
            assert_eq!(backoff.failures.ceiling(), ceiling);
        }
        assert_eq!(backoff.failures.ceiling(), LONGEST);
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
            assert_eq!(backoff.losses.ceiling(), Duration::from_millis(ceiling));
            backoff.after_failure();
            backoff.after_loss(Duration::from_millis(ceiling - 1));
        }
        backoff.after_loss(Duration::from_millis(1_600));
        assert_eq!(backoff.losses.ceiling(), FIRST * 2);
    }
}
