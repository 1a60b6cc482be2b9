//! One deadline for the whole stop, and a share of it that no stage can take from another.

use std::fmt;
use std::time::Duration;

use kit_sync::{Deadline, Standstill};
use tokio::time::Instant;

/// What a forced stop still gets, from the signal that forces it.
pub(crate) const FORCED: Duration = Duration::from_millis(500);
/// What a deregistration that is still owed gets of that.
pub(crate) const FORCED_DEREGISTRATION: Duration = Duration::from_millis(200);
/// How long before the app aborts a component's tasks the component is to cut and count itself.
pub(crate) const CUT_AHEAD: Duration = Duration::from_millis(50);

/// What a phase has that begins after its time; a server's last look at idle connections takes a
/// fifth of it.
const LATE: Duration = Duration::from_millis(150);

/// The stages of a stop beside the phases: an interrupted hook, `before_stop` hooks, deregistration,
/// `after_stop` hooks.
const STAGES: usize = 4;

/// How long each stage of a stop may take, by `stop_timeout`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) total: Duration,
    /// What each later stage keeps.
    pub(crate) reserve: Duration,
    /// All `before_stop` hooks together.
    pub(crate) before_stop: Duration,
    pub(crate) deregister: Duration,
    pub(crate) drain_delay: Duration,
    /// How many phases have components.
    pub(crate) phases: usize,
}

impl Plan {
    pub(crate) fn new(total: Duration, drain_delay: Duration, phases: usize) -> Plan {
        let reserve = (total / 20).clamp(Duration::from_millis(50), Duration::from_secs(1));
        // With little time or many phases, all reserves together are half of it at most.
        let stages = u32::try_from(phases + STAGES).unwrap_or(u32::MAX);
        Plan {
            total,
            reserve: reserve.min(total / 2 / stages),
            before_stop: (total / 5).min(Duration::from_secs(4)),
            deregister: (total / 5).min(Duration::from_secs(3)),
            drain_delay: drain_delay.min(total / 2),
            phases,
        }
    }

    /// The stop that began at `begun` and finds components in so many phases; what the process
    /// misses from now on is given back.
    pub(crate) fn begin(self, begun: Instant, phases: usize, standstill: &Standstill) -> Budget {
        Budget {
            plan: Plan { phases, ..self },
            deadline: standstill.deadline(begun + self.total),
        }
    }
}

/// The worst case of a stop, stage by stage.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Plan {
            total,
            reserve,
            before_stop,
            deregister,
            drain_delay,
            phases,
        } = self;
        write!(
            f,
            "at most {total:?} in all: before_stop hooks {before_stop:?}, deregistration \
             {deregister:?}, drain delay {drain_delay:?}, draining in {phases} phase(s) and \
             after_stop hooks the rest, at least {reserve:?} each"
        )
    }
}

/// The deadline of a stop that has begun. Every deadline below moves with it.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    plan: Plan,
    deadline: Deadline,
}

impl Budget {
    pub(crate) fn deadline(&self) -> &Deadline {
        &self.deadline
    }

    /// By when a stage has to be over that `later` stages follow.
    fn limit(&self, later: usize) -> Deadline {
        let kept = self.plan.reserve * u32::try_from(later).unwrap_or(u32::MAX);
        self.deadline.earlier_by(kept)
    }

    /// A hook of the start that was told while it ran; then come `before_stop` hooks.
    pub(crate) fn interrupted(&self) -> Deadline {
        self.limit(self.plan.phases + 3)
    }

    /// All `before_stop` hooks; then comes deregistration.
    pub(crate) fn before_stop(&self) -> Deadline {
        let own = self.deadline.after(self.plan.before_stop);
        own.sooner(self.limit(self.plan.phases + 2))
    }

    /// Deregistration; then come the phases.
    pub(crate) fn deregister(&self) -> Deadline {
        let own = self.deadline.after(self.plan.deregister);
        own.sooner(self.limit(self.plan.phases + 1))
    }

    /// A phase that `later` phases follow; then come `after_stop` hooks, until the deadline.
    pub(crate) fn phase(&self, later: usize) -> Deadline {
        self.limit(later + 1)
    }

    /// The same for a phase that begins now. One that begins late, because what came before has
    /// used up its time, has [a little](LATE) all the same: nothing may be in flight, and it takes
    /// some polls to see that.
    pub(crate) fn phase_from_now(&self, later: usize) -> Deadline {
        self.phase(later).later(self.deadline.after(LATE))
    }

    /// The drain delay, cut to half of what is left.
    pub(crate) fn drain_delay(&self, now: Instant, wanted: Duration) -> Duration {
        let left = self.deadline.instant().saturating_duration_since(now);
        wanted.min(left / 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_later_stage_keeps_a_twentieth_between_50_ms_and_1_s() {
        let reserve = |seconds| Plan::new(Duration::from_secs(seconds), Duration::ZERO, 1).reserve;
        assert_eq!(reserve(20), Duration::from_secs(1));
        assert_eq!(reserve(60), Duration::from_secs(1));
        assert_eq!(reserve(5), Duration::from_millis(250));
        assert_eq!(reserve(1), Duration::from_millis(50));
        let now = Instant::now();
        let budget = Plan::new(Duration::from_secs(20), Duration::ZERO, 3).begin(
            now,
            3,
            &Standstill::unwatched(),
        );
        assert_eq!(budget.phase(0).instant() - now, Duration::from_secs(19));
        assert_eq!(budget.phase(2).instant() - now, Duration::from_secs(17));
    }

    #[tokio::test(start_paused = true)]
    async fn a_phase_that_begins_late_has_a_little_all_the_same() {
        let now = Instant::now();
        let standstill = Standstill::unwatched();
        let budget =
            Plan::new(Duration::from_secs(20), Duration::ZERO, 1).begin(now, 1, &standstill);
        assert_eq!(budget.phase_from_now(0), budget.phase(0));
        tokio::time::advance(Duration::from_secs(60)).await;
        let late = Instant::now();
        assert_eq!(budget.phase_from_now(0).instant(), late + LATE);
    }

    #[tokio::test(start_paused = true)]
    async fn all_reserves_together_are_half_of_a_short_stop_at_most() {
        let now = Instant::now();
        let budget = Plan::new(Duration::from_millis(200), Duration::ZERO, 6).begin(
            now,
            6,
            &Standstill::unwatched(),
        );
        assert_eq!(
            budget.interrupted().instant() - now,
            Duration::from_millis(110)
        );
        assert!(budget.before_stop().instant() > now);
    }

    #[tokio::test(start_paused = true)]
    async fn hooks_and_deregistration_have_a_fifth_at_most() {
        let now = Instant::now();
        let budget = |seconds| {
            Plan::new(Duration::from_secs(seconds), Duration::ZERO, 1).begin(
                now,
                1,
                &Standstill::unwatched(),
            )
        };
        assert_eq!(
            budget(20).before_stop().instant() - now,
            Duration::from_secs(4)
        );
        assert_eq!(
            budget(20).deregister().instant() - now,
            Duration::from_secs(3)
        );
        assert_eq!(
            budget(5).before_stop().instant() - now,
            Duration::from_secs(1)
        );
        assert_eq!(
            budget(5).deregister().instant() - now,
            Duration::from_secs(1)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn the_drain_delay_is_cut_to_half_of_what_is_left() {
        let now = Instant::now();
        let budget = Plan::new(Duration::from_secs(4), Duration::from_secs(5), 1).begin(
            now,
            1,
            &Standstill::unwatched(),
        );
        let wanted = Duration::from_secs(5);
        assert_eq!(budget.drain_delay(now, wanted), Duration::from_secs(2));
        assert_eq!(
            budget.drain_delay(budget.deadline().instant(), wanted),
            Duration::ZERO
        );
    }
}
