//! How long to wait before the next run.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::time::Duration;

/// Delays that double from the first to the longest.
///
/// Half of each delay is random, so that replicas which lost the same database do not come back
/// to it at the same moment; the other half stays, so that a failure which comes at once does not
/// keep a processor busy. ([Why random delays][jitter] are needed, and which kinds there are.)
///
/// A run that lasted at least as long as the longest delay lets the next one begin from the first
/// again: such work was up, and what it failed of is a new thing.
///
/// ```
/// use std::time::Duration;
///
/// use kit_sync::policy::Backoff;
///
/// // 50 to 100 ms, 100 to 200 ms, 200 to 400 ms, ... and from the eighth on 5 to 10 s.
/// let backoff = Backoff::starting_at(Duration::from_millis(100)).up_to(Duration::from_secs(10));
/// assert_eq!(backoff, Backoff::default());
/// ```
///
/// [jitter]: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "it is to be given to a policy"]
pub struct Backoff {
    first: Duration,
    longest: Duration,
    jitter: bool,
}

impl Backoff {
    /// The first delay. Later ones are at most 10 s, or as long as this one when it is longer.
    pub fn starting_at(first: Duration) -> Backoff {
        Backoff {
            first,
            longest: first.max(Duration::from_secs(10)),
            jitter: true,
        }
    }

    /// The longest delay; the first one is cut to it as well. The same as the first makes all
    /// delays equal.
    pub fn up_to(mut self, longest: Duration) -> Backoff {
        self.longest = longest;
        self
    }

    /// Makes the delays exact, for tests, or for work of which there is only one in the world.
    pub fn without_jitter(mut self) -> Backoff {
        self.jitter = false;
        self
    }

    pub(super) fn delays(self) -> Delays {
        Delays {
            backoff: self,
            ceiling: self.first.min(self.longest),
        }
    }
}

/// 100 ms, doubled up to 10 s, half of it random.
impl Default for Backoff {
    fn default() -> Backoff {
        Backoff::starting_at(Duration::from_millis(100))
    }
}

pub(super) struct Delays {
    backoff: Backoff,
    ceiling: Duration,
}

impl Delays {
    /// The delay after a run that lasted this long.
    pub(super) fn after(&mut self, ran: Duration) -> Duration {
        let Backoff {
            first,
            longest,
            jitter,
        } = self.backoff;
        if ran >= longest {
            self.ceiling = first.min(longest);
        }
        let ceiling = self.ceiling;
        self.ceiling = ceiling.saturating_mul(2).min(longest);
        if jitter {
            let half = ceiling / 2;
            half + half.mul_f64(random_fraction())
        } else {
            ceiling
        }
    }
}

/// From 0 to below 1: what the standard library's hash function makes of nothing, with keys that
/// come from the system's random source and differ at each call.
fn random_fraction() -> f64 {
    let bits = RandomState::new().build_hasher().finish();
    // 53 bits are what an f64 holds exactly.
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}
