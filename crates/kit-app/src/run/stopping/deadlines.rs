//! The deadlines of a stop, for what there is to be stopped.

use std::time::Duration;

use kit_sync::Deadline;
use kit_transport::{Lifecycle, Phase, Stage};
use tokio::time::{Instant, sleep};

use crate::budget::{Budget, CUT_AHEAD};
use crate::control::Asked;
use crate::core::Core;
use crate::run::Parts;
use crate::{Event, HookStage, StopPlan};

/// The deadlines of a stop that has begun. Phases that are over give theirs to those that are left.
pub(super) struct StopDeadlines {
    plan: StopPlan,
    budget: Budget,
}

impl StopDeadlines {
    /// A stop that was asked for before the run has its whole time.
    pub(super) fn new(plan: StopPlan, asked: &Asked, parts: &Parts) -> StopDeadlines {
        let begun = parts.core().begun();
        let since = asked.since.clone();
        let since = if asked.at < begun {
            since.at(begun)
        } else {
            since
        };
        let budget = Budget::new(plan, &since, later_phases(parts, None));
        parts.core().set_stop_end(budget.end());
        StopDeadlines { plan, budget }
    }

    pub(super) fn budget(&self) -> &Budget {
        &self.budget
    }

    /// The end of the whole stop, last steps included.
    pub(super) fn end(&self) -> &Deadline {
        self.budget.end()
    }

    /// The end of the app's tasks and hooks.
    pub(super) fn last(&self) -> &Deadline {
        self.budget.deadline()
    }

    /// The deadline of `after_stop` hooks, which run now.
    pub(super) async fn after_stop(&self) -> Deadline {
        self.last().catch_up().await;
        self.budget.after_stop_from_now()
    }

    /// The deadline of a hook of the start that the stop has interrupted.
    pub(super) fn interrupted(&self, stage: HookStage, parts: &Parts) -> Deadline {
        match stage {
            HookStage::BeforeStart => self.budget.interrupted(),
            _ => self.budget.phase(resources(parts)),
        }
    }

    /// The deadline of a phase of components that stops now.
    pub(super) async fn phase(&self, phase: Phase, parts: &Parts) -> Deadline {
        self.last().catch_up().await;
        self.budget.phase_from_now(later_phases(parts, Some(phase)))
    }

    /// The deadline of the tasks of earlier hooks, which end now: they have the time of a phase before
    /// that of the resources.
    pub(super) async fn earlier_hooks(&self, parts: &Parts) -> Deadline {
        self.last().catch_up().await;
        self.budget.phase_from_now(resources(parts))
    }

    /// The drain delay as it is shown to components when the stop begins.
    pub(super) fn first_drain_delay(&self, core: &Core) -> Duration {
        self.drain_delay(core).min(self.plan.drain_delay)
    }

    /// The drain delay, without what a drain by request has waited of it.
    fn drain_delay(&self, core: &Core) -> Duration {
        let wanted = self.plan.wanted_drain_delay;
        let gone_since = core.registrations.gone_since();
        match gone_since.filter(|_| core.control.drain_so_far().is_some()) {
            Some(since) => wanted.saturating_sub(since.elapsed()),
            None => wanted,
        }
    }

    /// Shows each component the deadline of its phase, and the drain delay.
    pub(super) fn publish(&self, parts: &Parts, drain_delay: Duration) {
        let lame_duck = |life: &mut Lifecycle, later| {
            life.stage = Stage::LameDuck;
            life.healthy = false;
            life.drain_delay = drain_delay;
            life.deadline = Some(self.budget.phase(later).earlier_by(CUT_AHEAD));
        };
        let mut components: Vec<_> = parts.components.iter().collect();
        components.sort_by_key(|component| component.phase);
        let phases = components.chunk_by(|one, other| one.phase == other.phase);
        for (later, phase) in (resources(parts)..).zip(phases) {
            for component in phase {
                component.set_lifecycle(|life| lame_duck(life, later));
            }
        }
        parts.resources.set_lifecycle(|life| lame_duck(life, 0));
    }

    /// Waits for as long as requests may still come; a forced stop ends the wait.
    pub(super) async fn delay_drain(&self, parts: &Parts) {
        self.last().catch_up().await;
        let core = parts.core();
        let wanted = self.drain_delay(core);
        let delay = self.budget.drain_delay(Instant::now(), wanted);
        if delay.is_zero() || core.control.is_forced().is_some() {
            return;
        }
        self.publish(parts, delay);
        let cut_from = (delay < wanted).then_some(wanted);
        core.emit(Event::DrainDelay { delay, cut_from });
        let delayed = core
            .control
            .within(self.last(), Duration::ZERO, sleep(delay));
        let _ = delayed.await;
    }
}

/// How many phases stop after the given one; all of them after none. The resources are the last.
fn later_phases(parts: &Parts, phase: Option<Phase>) -> usize {
    let components = parts.components.iter();
    let mut phases: Vec<Phase> = components.map(|component| component.phase).collect();
    phases.sort_unstable();
    phases.dedup();
    let later = |other: &&Phase| phase.is_none_or(|phase| **other < phase);
    phases.iter().filter(later).count() + resources(parts)
}

/// The phases that the resources are: one, if there is one to be closed.
fn resources(parts: &Parts) -> usize {
    usize::from(parts.resources.open() > 0)
}
