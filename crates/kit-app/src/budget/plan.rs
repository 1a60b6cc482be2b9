//! How long each part of a stop may take at most, known from the start on.

use std::fmt;
use std::time::Duration;

/// The parts of a stop beside the phases: an interrupted hook of the start, `before_stop` hooks,
/// deregistration, `after_stop` hooks.
const BESIDE_PHASES: usize = 4;

/// What comes after the deadline of a stop at most: a second until it is overdue, and one for the last lines;
/// or else a second for the events, and one for the report. And one to spare.
const AFTER_STOP: Duration = Duration::from_secs(3);

/// The worst case of a stop, part by part; worked out from
/// [`stop_timeout`](crate::AppBuilder::stop_timeout).
///
/// [`Display`](fmt::Display) is one line with every number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StopPlan {
    /// The whole stop.
    pub total: Duration,
    /// The time that is kept for each part that comes later: a twentieth of `total`, between 50 ms and 1 s;
    /// all of them together are half of `total` at most.
    pub reserve: Duration,
    /// All `before_stop` hooks together: a fifth of `total`, at most 4 s.
    pub before_stop: Duration,
    /// Deregistration: a fifth of `total`, at most 3 s.
    pub deregister: Duration,
    /// How long everything is still served after that: at most half of `total`.
    pub drain_delay: Duration,
    /// All [last steps](crate::LastStep) together, which come at the end: the sum of their limits, at most a
    /// quarter of `total`.
    pub last_steps: Duration,
    /// How many phases have components; the resources count as one more.
    pub phases: usize,
    /// The drain delay as it was set or chosen.
    pub(crate) wanted_drain_delay: Duration,
}

impl StopPlan {
    pub(crate) fn new(total: Duration, drain_delay: Duration, phases: usize) -> StopPlan {
        let reserve = (total / 20).clamp(Duration::from_millis(50), Duration::from_secs(1));
        let parts = u32::try_from(phases + BESIDE_PHASES).unwrap_or(u32::MAX);
        StopPlan {
            total,
            reserve: reserve.min(total / 2 / parts),
            before_stop: (total / 5).min(Duration::from_secs(4)),
            deregister: (total / 5).min(Duration::from_secs(3)),
            drain_delay: drain_delay.min(total / 2),
            last_steps: Duration::ZERO,
            phases,
            wanted_drain_delay: drain_delay,
        }
    }
}

impl StopPlan {
    /// The same with last steps, which take their time from the parts before.
    pub(crate) fn with_last_steps(self, wanted: Duration) -> StopPlan {
        StopPlan {
            last_steps: wanted.min(self.total / 4),
            ..self
        }
    }

    /// How long whatever runs the process should wait after SIGTERM before it kills, in whole seconds: the
    /// stop, the delivery of its last events, and the end of the process when the stop is overdue.
    ///
    /// This is `terminationGracePeriodSeconds` in Kubernetes, and `--stop-timeout` of docker.
    #[must_use]
    pub fn grace_period(&self) -> Duration {
        let all = self.total + AFTER_STOP;
        Duration::from_secs(
            all.as_millis()
                .div_ceil(1000)
                .try_into()
                .unwrap_or(u64::MAX),
        )
    }

    /// The drain delay as it was set or chosen, when half of the stop is less.
    pub(crate) fn drain_delay_cut_from(&self) -> Option<Duration> {
        (self.drain_delay < self.wanted_drain_delay).then_some(self.wanted_drain_delay)
    }
}

impl fmt::Display for StopPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let StopPlan {
            total,
            reserve,
            before_stop,
            deregister,
            drain_delay,
            last_steps,
            phases,
            wanted_drain_delay: _,
        } = self;
        let delay = match self.drain_delay_cut_from() {
            Some(wanted) => {
                format!("drain delay {drain_delay:?} (half of it, cut from {wanted:?})")
            }
            None if drain_delay.is_zero() => "no drain delay".to_owned(),
            None => format!("drain delay {drain_delay:?}"),
        };
        write!(
            f,
            "at most {total:?} in all: before_stop hooks {before_stop:?}, deregistration \
             {deregister:?}, {delay}, draining in {phases} phase(s) and \
             after_stop hooks the rest, at least {reserve:?} each"
        )?;
        if !last_steps.is_zero() {
            write!(f, ", last steps {last_steps:?}")?;
        }
        Ok(())
    }
}
