//! The delay before the next attempt.

use std::time::Duration;

use super::random::random_fraction;

/// Delays whose ceiling doubles from the first to the longest: a value for a policy such as
/// [`Restart`](super::Restart), or to be asked for each [delay](Self::next_delay) by a loop that
/// tries something again and again.
///
/// Part of each delay is random, so that replicas which lost the same database do not return to
/// it at the same moment. ([Why random delays][jitter] are needed, and which kinds there are.)
///
/// * By default half of a delay is random: it lies between half of the ceiling and the ceiling. A
///   failure that comes at once then does not keep a processor busy.
/// * With [full jitter](Self::with_full_jitter) all of it is random: it lies between zero and the
///   ceiling. Replicas are spread wider and the first of them is back sooner.
/// * [Without jitter](Self::without_jitter) a delay is the ceiling.
///
/// ```
/// use std::time::Duration;
///
/// use kit_sync::policy::Backoff;
///
/// // 50 to 100 ms, 100 to 200 ms, 200 to 400 ms, ... and from the eighth on 5 to 10 s.
/// let backoff = Backoff::starting_at(Duration::from_millis(100)).up_to(Duration::from_secs(10));
/// assert_eq!(backoff, Backoff::default());
///
/// let mut backoff = backoff.without_jitter();
/// assert_eq!(backoff.next_delay(), Duration::from_millis(100));
/// assert_eq!(backoff.next_delay(), Duration::from_millis(200));
/// backoff.reset();
/// assert_eq!(backoff.next_delay(), Duration::from_millis(100));
/// ```
///
/// [jitter]: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "it is to be given to a policy, or asked for delays"]
pub struct Backoff {
    first: Duration,
    longest: Duration,
    jitter: Jitter,
    /// That of the next delay.
    ceiling: Duration,
}

/// How much of a delay is random.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Jitter {
    None,
    Half,
    Full,
}

impl Backoff {
    /// The first ceiling. Later ones are at most 10 s, or as long as this one when it is longer.
    pub fn starting_at(first: Duration) -> Backoff {
        Backoff {
            first,
            longest: first.max(Duration::from_secs(10)),
            jitter: Jitter::Half,
            ceiling: first,
        }
    }

    /// The longest ceiling; the first one is cut to it as well. The same as the first makes all
    /// ceilings equal. A ceiling that was reached already stays when the longest is raised.
    pub fn up_to(mut self, longest: Duration) -> Backoff {
        self.longest = longest;
        self.ceiling = self.ceiling.min(longest);
        self
    }

    /// Makes all of a delay random: anything between zero and its ceiling.
    pub fn with_full_jitter(mut self) -> Backoff {
        self.jitter = Jitter::Full;
        self
    }

    /// Makes the delays exact, for tests, or for work of which there is only one in the world.
    pub fn without_jitter(mut self) -> Backoff {
        self.jitter = Jitter::None;
        self
    }

    /// The delay before the next attempt; the ceiling of the one after it is twice as high, up to
    /// the longest.
    pub fn next_delay(&mut self) -> Duration {
        let ceiling = self.ceiling;
        self.ceiling = ceiling.saturating_mul(2).min(self.longest);
        match self.jitter {
            Jitter::None => ceiling,
            Jitter::Half => {
                let half = ceiling / 2;
                half + half.mul_f64(random_fraction())
            }
            Jitter::Full => ceiling.mul_f64(random_fraction()),
        }
    }

    /// The upper bound of the next delay.
    #[must_use]
    pub fn ceiling(&self) -> Duration {
        self.ceiling
    }

    /// Begins from the first ceiling again, as after a success.
    pub fn reset(&mut self) {
        self.ceiling = self.first.min(self.longest);
    }

    /// The delay after a run that lasted this long. One that lasted at least as long as the
    /// longest delay had started well, and what ended it is a new failure: the delays begin from
    /// the first again.
    pub(super) fn after_run(&mut self, ran: Duration) -> Duration {
        if ran >= self.longest {
            self.reset();
        }
        self.next_delay()
    }
}

/// 100 ms, doubled up to 10 s, half of it random.
impl Default for Backoff {
    fn default() -> Backoff {
        Backoff::starting_at(Duration::from_millis(100))
    }
}

#[cfg(all(test, not(kit_loom)))]
mod tests {
    use super::*;

    const FIRST: Duration = Duration::from_millis(200);

    #[test]
    fn each_delay_lies_in_the_part_of_its_ceiling_that_is_random() {
        for (backoff, least) in [
            (Backoff::starting_at(FIRST).with_full_jitter(), 0.0),
            (Backoff::starting_at(FIRST), 0.5),
            (Backoff::starting_at(FIRST).without_jitter(), 1.0),
        ] {
            let mut backoff = backoff.up_to(FIRST);
            let shares: Vec<f64> = (0..1000)
                .map(|_| backoff.next_delay().div_duration_f64(FIRST))
                .collect();
            assert!(shares.iter().all(|share| (least..=1.0).contains(share)));
            let mean = shares.iter().sum::<f64>() / 1000.0;
            let middle = f64::midpoint(least, 1.0);
            assert!((middle - 0.1..middle + 0.1).contains(&mean), "{mean}");
            let near = |end: f64| shares.iter().any(|share| (share - end).abs() < 0.05);
            assert!(near(least) && near(1.0), "spread over all of it");
        }
    }

    #[test]
    fn a_ceiling_that_is_raised_keeps_the_delays_before_it() {
        let mut backoff = Backoff::starting_at(FIRST).up_to(FIRST).without_jitter();
        assert_eq!(backoff.next_delay(), FIRST);
        assert_eq!(backoff.next_delay(), FIRST);
        backoff = backoff.up_to(FIRST * 8);
        assert_eq!(backoff.ceiling(), FIRST);
        assert_eq!(
            [(); 4].map(|()| backoff.next_delay()),
            [1, 2, 4, 8].map(|n| FIRST * n)
        );
        assert_eq!(backoff.ceiling(), FIRST * 8);
        backoff.reset();
        assert_eq!(backoff.ceiling(), FIRST);
    }

    #[test]
    fn a_longest_delay_below_the_first_holds_after_a_reset_too() {
        let mut backoff = Backoff::starting_at(FIRST)
            .up_to(FIRST / 4)
            .without_jitter();
        assert_eq!(backoff.next_delay(), FIRST / 4);
        backoff.reset();
        assert_eq!(backoff.next_delay(), FIRST / 4);
    }
}
