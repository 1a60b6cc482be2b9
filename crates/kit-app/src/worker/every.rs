//! When periodic work is done.

use std::time::Duration;

use kit_sync::policy::Backoff;
use kit_units::{WrongOption, format_duration};
use tokio::time::Instant;

use crate::bounds::refuse_period;

/// When work is done that is done again and again; a `Duration` converts.
///
/// The times are multiples of the period, counted from the start, so they do not drift. There is no
/// overlap: times that come while a run lasts are skipped. While the
/// [intake](kit_transport::Intake) is closed, no run begins.
///
/// ```
/// use std::time::Duration;
///
/// use kit_app::{App, Every};
///
/// let hourly = Every::new(Duration::from_secs(3600))
///     .after_one_period()
///     .jitter(Duration::from_secs(60));
/// let app = App::builder("orders")
///     .every("heartbeat", Duration::from_secs(5), |_ctx| async { Ok(()) })
///     .every("sweep", hourly, |_ctx| async { Ok(()) });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[must_use = "it does nothing until it is given to `AppBuilder::every`"]
pub struct Every {
    /// The time from one beginning to the next, longer than zero and at most 365 days.
    #[cfg_attr(feature = "serde", serde(with = "kit_units::duration"))]
    #[cfg_attr(feature = "schema", schemars(with = "kit_units::schema::Duration"))]
    period: Duration,
    /// The longest random delay of each time, shorter than the period. Default: 0 s.
    #[cfg_attr(feature = "serde", serde(default, with = "kit_units::duration"))]
    #[cfg_attr(feature = "schema", schemars(with = "kit_units::schema::Duration"))]
    jitter: Duration,
    /// Whether the first time is at once, and not after one period. Default: yes.
    #[cfg_attr(
        feature = "serde",
        serde(rename = "first_at_once", default = "first_at_once")
    )]
    is_first_at_once: bool,
}

/// Unless something else is said.
fn first_at_once() -> bool {
    true
}

impl Every {
    /// The first time at once, then after each period.
    ///
    /// A period of zero is an error of [`App::run`](crate::App::run), before anything starts.
    pub fn new(period: Duration) -> Every {
        Every {
            period,
            jitter: Duration::ZERO,
            is_first_at_once: first_at_once(),
        }
    }

    /// Lets the first time be one period after the start.
    pub fn after_one_period(self) -> Every {
        Every {
            is_first_at_once: false,
            ..self
        }
    }

    /// Delays each time by a random part of `jitter`, so that replicas do not work at the same moment.
    /// Default: zero. A jitter that is not shorter than the period is an error of
    /// [`App::run`](crate::App::run), before anything starts.
    pub fn jitter(self, jitter: Duration) -> Every {
        Every { jitter, ..self }
    }

    /// Everything that is wrong. Work with any of it is not started.
    #[must_use]
    pub fn check(&self) -> Vec<WrongOption> {
        let period = refuse_period("period", self.period);
        let jitter = WrongOption::refuse_if(
            !self.jitter.is_zero() && self.jitter >= self.period,
            "jitter",
            format_duration(self.jitter),
            "shorter than `period`",
        );
        period.into_iter().chain(jitter).collect()
    }

    /// The first time, for work that starts at `start`.
    pub(crate) fn first(&self, start: Instant) -> Instant {
        let wait = if self.is_first_at_once {
            Duration::ZERO
        } else {
            self.period
        };
        start + wait + self.random()
    }

    /// The next time after `now`, for work that has started at `start`.
    pub(crate) fn next(&self, start: Instant, now: Instant) -> Instant {
        let elapsed = now.saturating_duration_since(start).as_nanos();
        let past = elapsed % self.period.as_nanos().max(1);
        let past = Duration::from_nanos(u64::try_from(past).unwrap_or(u64::MAX));
        now + self.period.saturating_sub(past) + self.random()
    }

    fn random(&self) -> Duration {
        let mut random = Backoff::starting_at(self.jitter)
            .up_to(self.jitter)
            .with_full_jitter();
        random.next_delay()
    }
}

impl From<Duration> for Every {
    fn from(period: Duration) -> Every {
        Every::new(period)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn times_are_multiples_of_the_period_and_missed_ones_are_skipped() {
        const PERIOD: Duration = Duration::from_secs(10);
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let every = Every::new(PERIOD);
        assert_eq!(every.first(start), start);
        assert_eq!(every.after_one_period().first(start), at(10));
        for (now, next) in [(0, 10), (1, 10), (9, 10), (10, 20), (31, 40), (1234, 1240)] {
            assert_eq!(every.next(start, at(now)), at(next), "{now}");
        }
        let jittered = every.jitter(Duration::from_secs(4));
        let times: Vec<_> = (0..100).map(|_| jittered.next(start, at(31))).collect();
        assert!(times.iter().all(|time| (at(40)..=at(44)).contains(time)));
        assert!(times.iter().any(|time| *time != times[0]), "it is random");
    }
}
