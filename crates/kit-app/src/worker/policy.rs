//! What the failure of a worker or a job does.

#[cfg(feature = "serde")]
mod written;

use std::time::Duration;

use kit_sync::policy::{Backoff, Restart};
use kit_units::{WrongOption, format_duration};

use crate::bounds::{YEAR, refuse_period};

/// What the failure of a worker or a job does. A failure is an error, a panic, and for a worker also its
/// early end: one that returns `Ok` before it is cancelled.
///
/// Whatever the policy, nothing is begun anew once a stop was asked for. A failure during the stop is
/// reported and makes the exit code 1, unless failures are ignored.
///
/// ```
/// use std::time::Duration;
///
/// use kit_app::{App, Policy, Restarts, WorkerOptions};
///
/// let five_a_minute = Restarts::at_most(5, Duration::from_secs(60));
/// let app = App::builder("orders").worker_with(
///     "outbox",
///     WorkerOptions::new().policy(Policy::Restart(five_a_minute)),
///     |ctx| async move {
///         ctx.scope().cancelled().await;
///         Ok(())
///     },
/// );
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum Policy {
    /// The app stops with exit code 1: for work without which the service is of no use.
    #[default]
    Stop,
    /// The work begins anew after a delay. When it fails too often, the app stops.
    Restart(Restarts),
    /// The failure is reported, and the app goes on without this work. Work that is done
    /// [every](crate::AppBuilder::every) so often goes on with its next time.
    Ignore,
}

/// How often, and how soon, failed work begins anew.
///
/// The limit is that of Erlang's supervisors: at most a number of restarts in any stretch of a period.
/// The failure after that stops the app. The delays double from the first to the longest, half of each
/// is random, and a run that lasted as long as the longest delay lets them begin from the first again,
/// as does a time of periodic work that succeeds after it has failed.
/// A limit that the delays can never reach is a restart without end: ten restarts a minute with delays of
/// 10 s.
///
/// ```
/// use std::time::Duration;
///
/// use kit_app::Restarts;
///
/// let restarts = Restarts::at_most(5, Duration::from_secs(60))
///     .delays(Duration::from_millis(200), Duration::from_secs(5));
/// assert_eq!(restarts.limit, 5);
/// assert_eq!(restarts.longest_delay, Duration::from_secs(5));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[must_use = "restarts do nothing until they are given to a policy or a group"]
pub struct Restarts {
    /// How many restarts are allowed in a period; at least 1.
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub limit: usize,
    /// The period; longer than zero and at most 365 days.
    #[cfg_attr(feature = "serde", serde(with = "kit_units::duration"))]
    #[cfg_attr(feature = "schema", schemars(with = "kit_units::schema::Duration"))]
    pub period: Duration,
    /// The delay before the first restart. Default: 100 ms.
    #[cfg_attr(
        feature = "serde",
        serde(default = "first_delay", with = "kit_units::duration")
    )]
    #[cfg_attr(feature = "schema", schemars(with = "kit_units::schema::Duration"))]
    pub first_delay: Duration,
    /// The longest delay; at least the first, and at most 365 days. Default: 10 s.
    #[cfg_attr(
        feature = "serde",
        serde(default = "longest_delay", with = "kit_units::duration")
    )]
    #[cfg_attr(feature = "schema", schemars(with = "kit_units::schema::Duration"))]
    pub longest_delay: Duration,
    /// Whether half of each delay is random, so that replicas which have lost the same database do not
    /// return to it at the same moment. Default: yes.
    #[cfg_attr(feature = "serde", serde(default = "jitter"))]
    pub jitter: bool,
}

fn first_delay() -> Duration {
    Duration::from_millis(100)
}

fn longest_delay() -> Duration {
    Duration::from_secs(10)
}

fn jitter() -> bool {
    true
}

impl Restarts {
    /// At most `limit` restarts in any stretch of `period`, with the default delays.
    ///
    /// A limit or a period of zero is an error of [`App::run`](crate::App::run), before anything starts.
    pub fn at_most(limit: usize, period: Duration) -> Restarts {
        Restarts {
            limit,
            period,
            first_delay: first_delay(),
            longest_delay: longest_delay(),
            jitter: jitter(),
        }
    }

    /// Replaces the delays. A longest delay below the first is an error of
    /// [`App::run`](crate::App::run), before anything starts.
    pub fn delays(self, first: Duration, longest: Duration) -> Restarts {
        Restarts {
            first_delay: first,
            longest_delay: longest,
            ..self
        }
    }

    /// Makes the delays exact, for tests, or for work of which there is only one in the world.
    pub fn without_jitter(self) -> Restarts {
        Restarts {
            jitter: false,
            ..self
        }
    }

    /// Everything that is wrong. A worker with any of it is not started.
    #[must_use]
    pub fn check(&self) -> Vec<WrongOption> {
        let Restarts {
            limit,
            period,
            first_delay,
            longest_delay,
            jitter: _,
        } = *self;
        let longest = format_duration(longest_delay);
        let expected = "at least 1; without restarts, the policy is `stop`";
        let all = [
            WrongOption::refuse_if(limit == 0, "limit", 0, expected),
            refuse_period("period", period),
            WrongOption::refuse_if(
                longest_delay < first_delay,
                "longest_delay",
                longest,
                "at least as long as `first_delay`",
            ),
            WrongOption::refuse_outside("longest_delay", longest_delay, Duration::ZERO..=YEAR),
        ];
        all.into_iter().flatten().collect()
    }

    /// The policy of kit-sync with these numbers, which were checked.
    pub(crate) fn policy(&self) -> Restart {
        let backoff = Backoff::starting_at(self.first_delay).up_to(self.longest_delay);
        let backoff = if self.jitter {
            backoff
        } else {
            backoff.without_jitter()
        };
        Restart::at_most(self.limit, self.period).backoff(backoff)
    }
}
