//! One deadline for the whole stop, and a share of it that no stage can take from another.

mod plan;

use std::time::Duration;

use kit_sync::Deadline;
use tokio::time::Instant;

pub use plan::StopPlan;

/// The time of a forced stop, from the signal that forces it.
pub(crate) const FORCED: Duration = Duration::from_millis(500);
/// The part of it for a deregistration that is still owed.
pub(crate) const FORCED_DEREGISTRATION: Duration = Duration::from_millis(200);
/// The part of it until the tasks of hooks are cut that came before the resources are closed.
pub(crate) const FORCED_HOOK_TASKS: Duration = Duration::from_millis(250);
/// The part of it until the resources are closed, which leaves the rest to `after_stop` hooks.
pub(crate) const FORCED_CLOSE: Duration = Duration::from_millis(350);
/// The time between a component's own deadline, at which it cuts and counts, and the abort of its
/// tasks.
pub(crate) const CUT_AHEAD: Duration = Duration::from_millis(50);

/// The time of a phase, or of the `after_stop` hooks, that begins after its deadline; a server's last look at
/// idle connections takes a fifth of it.
const LATE: Duration = Duration::from_millis(150);

/// The deadline of a stop that has begun. Every deadline below moves with it.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    plan: StopPlan,
    /// That of `after_stop` hooks; then come the last steps.
    deadline: Deadline,
    end: Deadline,
}

impl Budget {
    /// The budget of a stop that began at `since`, which moves with the process, and that finds
    /// components in this number of phases.
    pub(crate) fn new(plan: StopPlan, since: &Deadline, phases: usize) -> Budget {
        Budget {
            plan: StopPlan { phases, ..plan },
            deadline: since.later_by(plan.total.saturating_sub(plan.last_steps)),
            end: since.later_by(plan.total),
        }
    }

    /// The end of the app's tasks and hooks; then come the last steps.
    pub(crate) fn deadline(&self) -> &Deadline {
        &self.deadline
    }

    /// The end of the whole stop.
    pub(crate) fn end(&self) -> &Deadline {
        &self.end
    }

    /// The deadline of a stage that `later` stages follow.
    fn ahead_of(&self, later: usize) -> Deadline {
        let kept = self.plan.reserve * u32::try_from(later).unwrap_or(u32::MAX);
        self.deadline.earlier_by(kept)
    }

    /// A hook of the start that a stop has interrupted; then come `before_stop` hooks.
    pub(crate) fn interrupted(&self) -> Deadline {
        self.ahead_of(self.plan.phases + 3)
    }

    /// All `before_stop` hooks; then comes deregistration.
    pub(crate) fn before_stop(&self) -> Deadline {
        let own = self.deadline.after(self.plan.before_stop);
        own.sooner(self.ahead_of(self.plan.phases + 2))
    }

    /// Deregistration; then come the phases.
    pub(crate) fn deregister(&self) -> Deadline {
        let own = self.deadline.after(self.plan.deregister);
        own.sooner(self.ahead_of(self.plan.phases + 1))
    }

    /// An `open` that the stop has interrupted and that goes on when resources are to be closed; then come
    /// this number of closes. Each of them keeps a reserve, and all of them half of the time at most.
    pub(crate) fn interrupted_open(&self, closes: usize) -> Deadline {
        let end = self.phase_from_now(0);
        let half = end.first_of(2);
        let kept = self.plan.reserve * u32::try_from(closes).unwrap_or(u32::MAX);
        half.later(end.earlier_by(kept))
    }

    /// A phase that `later` phases follow, of which the resources are the last; then come
    /// `after_stop` hooks, until the deadline.
    pub(crate) fn phase(&self, later: usize) -> Deadline {
        self.ahead_of(later + 1)
    }

    /// The same for a phase that begins now. One that begins late, because what came before has
    /// used up its time, has [a little](LATE) all the same: nothing may be in flight, and it takes
    /// some polls to see that.
    pub(crate) fn phase_from_now(&self, later: usize) -> Deadline {
        self.phase(later).later(self.deadline.after(LATE))
    }

    /// All `after_stop` hooks, which run now. They have [a little](LATE) in any case: a stop with a short
    /// timeout has shorter reserves than what a late phase gets, and no hook is dropped before it was called.
    pub(crate) fn after_stop_from_now(&self) -> Deadline {
        self.deadline.clone().later(self.deadline.after(LATE))
    }

    /// The drain delay, cut to half of the time that is left.
    pub(crate) fn drain_delay(&self, now: Instant, wanted: Duration) -> Duration {
        let left = self.deadline.instant().saturating_duration_since(now);
        wanted.min(left / 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(total: Duration, phases: usize) -> StopPlan {
        StopPlan::new(total, Duration::ZERO, phases)
    }

    /// The budget of a stop that begins now.
    fn budget(total: Duration, phases: usize) -> Budget {
        Budget::new(plan(total, phases), &Instant::now().into(), phases)
    }

    #[tokio::test(start_paused = true)]
    async fn each_later_stage_keeps_a_twentieth_between_50_ms_and_1_s() {
        let reserve = |seconds| plan(Duration::from_secs(seconds), 1).reserve;
        assert_eq!(reserve(20), Duration::from_secs(1));
        assert_eq!(reserve(60), Duration::from_secs(1));
        assert_eq!(reserve(5), Duration::from_millis(250));
        assert_eq!(reserve(1), Duration::from_millis(50));
        let now = Instant::now();
        let budget = budget(Duration::from_secs(20), 3);
        assert_eq!(budget.phase(0).instant() - now, Duration::from_secs(19));
        assert_eq!(budget.phase(2).instant() - now, Duration::from_secs(17));
    }

    #[tokio::test(start_paused = true)]
    async fn a_phase_that_begins_late_has_a_little_all_the_same() {
        let budget = budget(Duration::from_secs(20), 1);
        assert_eq!(budget.phase_from_now(0), budget.phase(0));
        tokio::time::advance(Duration::from_secs(60)).await;
        let late = Instant::now();
        assert_eq!(budget.phase_from_now(0).instant(), late + LATE);
    }

    #[tokio::test(start_paused = true)]
    async fn an_interrupted_open_leaves_each_close_a_reserve_and_all_of_them_half_at_most() {
        let budget = budget(Duration::from_secs(21), 1);
        let now = Instant::now();
        let left = |closes| budget.interrupted_open(closes).instant() - now;
        assert_eq!([1, 5, 40].map(left), [19, 15, 10].map(Duration::from_secs));
    }

    #[tokio::test(start_paused = true)]
    async fn all_reserves_together_are_half_of_a_short_stop_at_most() {
        let now = Instant::now();
        let budget = budget(Duration::from_millis(200), 6);
        assert_eq!(
            budget.interrupted().instant() - now,
            Duration::from_millis(110)
        );
        assert!(budget.before_stop().instant() > now);
    }

    #[tokio::test(start_paused = true)]
    async fn last_steps_have_what_they_want_up_to_a_quarter_and_it_is_in_the_whole() {
        let now = Instant::now();
        for (wanted, granted) in [(0, 0), (3, 3), (5, 5), (60, 5)] {
            let plan = plan(Duration::from_secs(20), 1);
            let plan = plan.with_last_steps(Duration::from_secs(wanted));
            let budget = Budget::new(plan, &now.into(), 1);
            let granted = Duration::from_secs(granted);
            assert_eq!(plan.last_steps, granted);
            assert_eq!(budget.end().instant() - now, plan.total);
            assert_eq!(budget.deadline().instant() - now, plan.total - granted);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn hooks_and_deregistration_have_a_fifth_at_most() {
        let now = Instant::now();
        for (total, before_stop, deregister) in [(20, 4, 3), (5, 1, 1)] {
            let budget = budget(Duration::from_secs(total), 1);
            let before_stop = now + Duration::from_secs(before_stop);
            assert_eq!(budget.before_stop().instant(), before_stop);
            let deregister = now + Duration::from_secs(deregister);
            assert_eq!(budget.deregister().instant(), deregister);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_drain_delay_is_cut_to_half_of_what_is_left() {
        let now = Instant::now();
        let budget = budget(Duration::from_secs(4), 1);
        let wanted = Duration::from_secs(5);
        assert_eq!(budget.drain_delay(now, wanted), Duration::from_secs(2));
        assert_eq!(
            budget.drain_delay(budget.deadline().instant(), wanted),
            Duration::ZERO
        );
    }
}
