//! The stop, in order, under one deadline; a failure keeps no later step from running.

mod deadlines;
mod deregistrations;
mod finish;
mod hooks;
mod interrupted;
mod last_steps;

use std::sync::Arc;
use std::time::Duration;

use kit_sync::{Cause, CloseReport, Deadline, TaskTree};
use kit_transport::Stage;
use tokio::time::Instant;

use deadlines::StopDeadlines;
use deregistrations::Deregistrations;
use finish::finish;
use hooks::StopHooks;
pub(crate) use interrupted::InterruptedHook;
pub(super) use last_steps::LastSteps;

use super::Parts;
use super::called_off::CalledOff;
use super::launch::Launch;
use super::resources;
use crate::budget::{CUT_AHEAD, FORCED};
use crate::component::Component;
use crate::control::Asked;
use crate::core::Core;
use crate::health;
use crate::orchestrator::TerminationMessage;
use crate::{HookStage, Report, RunError, StopPlan};

/// An app that stops.
pub(crate) struct Stopping {
    parts: Parts,
    plan: StopPlan,
    asked: Asked,
    hooks: StopHooks,
    interrupted: InterruptedHook,
    /// What the closes of the scopes of no component and no hook have found so far.
    tasks: CloseReport,
}

impl Stopping {
    pub(super) fn new(
        parts: Parts,
        plan: StopPlan,
        asked: Asked,
        interrupted: InterruptedHook,
    ) -> Stopping {
        parts.core().control.announce(&parts.core().journal);
        Stopping {
            hooks: StopHooks::new(&parts.app, parts.tree.scope()),
            parts,
            plan,
            asked,
            interrupted,
            tasks: CloseReport::default(),
        }
    }

    /// The stop of an app whose start was called off.
    pub(super) fn after(mut launch: Launch, called_off: CalledOff) -> Stopping {
        let core = Arc::clone(launch.parts.core());
        let (asked, interrupted) = called_off.record(&core);
        let interrupted = InterruptedHook::new(interrupted);
        let hooks = &mut launch.parts.settings.hooks;
        for stage in [HookStage::BeforeStart, HookStage::AfterStart] {
            drop(hooks.take_all(stage));
        }
        core.give_up_ready();
        let plan = launch.plan();
        Stopping::new(launch.parts, plan, asked, interrupted)
    }

    /// Lame duck → `before_stop` hooks → deregistered → drain delay → phases descending →
    /// resources closed → `after_stop` hooks → last steps → stopped.
    pub(super) async fn stop(mut self, home: &TaskTree) -> Result<Report, RunError> {
        let core = Arc::clone(self.parts.core());
        let (asked, reserve) = (self.asked.clone(), self.plan.reserve);
        let deadlines = StopDeadlines::new(self.plan, &asked, &self.parts);
        let mut deregistrations = self.lame_duck(&deadlines).await;
        self.drain(&deadlines).await;
        deregistrations.end(&core.journal).await;
        let reload = &mut self.parts.reload;
        reload.end(asked.cause.clone(), &core.journal).await;
        self.close_health().await;
        self.close_earlier_hooks(&deadlines).await;
        resources::close(&mut self.parts, &asked.cause, deadlines.budget()).await;
        let after_stop = deadlines.after_stop().await;
        self.run_hooks(HookStage::AfterStop, &after_stop, FORCED)
            .await;
        let steps = LastSteps::take(&core, &mut self.parts.settings, deadlines.end());
        let message = TerminationMessage::of(&self.parts.settings);
        let tasks = self.close_tree(deadlines.last()).await;
        finish(&core, asked, tasks, steps, reserve, message, home).await
    }

    /// Health is down; everything is still served. Deregistrations that a forced stop has overtaken
    /// are given back: they go on beside the end of the components.
    async fn lame_duck(&mut self, deadlines: &StopDeadlines) -> Deregistrations {
        let core = Arc::clone(self.parts.core());
        let may_be_known = core.may_be_known();
        self.leave_service();
        let drain_delay = if may_be_known {
            deadlines.first_drain_delay(&core)
        } else {
            Duration::ZERO
        };
        deadlines.publish(&self.parts, drain_delay);
        self.parts.start_hooks.cancel(self.cause());
        self.parts.reload.cancel(self.cause());
        self.finish_interrupted(HookStage::BeforeStart, deadlines)
            .await;

        let budget = deadlines.budget();
        deadlines.last().catch_up().await;
        let before_stop = budget.before_stop();
        let scope = self.parts.tree.scope().child("stopping");
        let mut deregistrations = Deregistrations::arm(&core, &scope, budget);
        let hooks = HookStage::BeforeStop;
        self.run_hooks(hooks, &before_stop, Duration::ZERO).await;
        deregistrations.begin();
        tokio::select! {
            biased;
            () = deregistrations.end(&core.journal) => {}
            _ = core.control.forced() => {}
        }
        if may_be_known {
            deadlines.delay_drain(&self.parts).await;
        }
        deregistrations
    }

    fn cause(&self) -> Cause {
        self.asked.cause.clone()
    }

    /// The app is not healthy any more, and consumers take in nothing new.
    fn leave_service(&self) {
        let core = self.parts.core();
        core.give_up_ready();
        core.intake.end();
        self.parts.health.cancel(self.cause());
        core.health.end();
        core.enter(Stage::LameDuck);
    }

    /// Stops the components, phase by phase in descending order, those of one phase at the same
    /// time. From here on the end of a task is a consequence of the stop; an earlier end may not have
    /// been seen yet.
    async fn drain(&mut self, deadlines: &StopDeadlines) {
        let components = self.parts.components.iter();
        components.for_each(Component::record_end_so_far);
        self.parts.supervision.close(Instant::now()).await;
        let core = Arc::clone(self.parts.core());
        core.enter(Stage::Draining);
        let (scope, cause) = (self.parts.tree.scope().child("stopping"), self.cause());
        while let Some(phase) = self.parts.components.iter().map(|part| part.phase).max() {
            let deadline = deadlines.phase(phase, &self.parts).await;
            let of_phase = |component: &mut Component| component.phase == phase;
            let stop = |component: Component| {
                let name = component.name.clone();
                let stop = component.stop(Arc::clone(&core), cause.clone(), deadline.clone());
                scope.spawn_value(name, stop)
            };
            let components = self.parts.components.extract_if(.., of_phase);
            let stopping: Vec<_> = components.map(stop).collect();
            for task in stopping {
                if let Ok(report) = task.await {
                    core.journal.record_component(report);
                }
            }
        }
        self.finish_interrupted(HookStage::AfterStart, deadlines)
            .await;
    }

    async fn finish_interrupted(&mut self, stage: HookStage, deadlines: &StopDeadlines) {
        let deadline = deadlines.interrupted(stage, &self.parts);
        let core = self.parts.core();
        self.interrupted.finish(stage, &deadline, core).await;
    }

    async fn run_hooks(&mut self, stage: HookStage, deadline: &Deadline, grace: Duration) {
        let hooks = self.parts.settings.hooks.take_all(stage);
        let values = &self.parts.resources.values;
        self.hooks.run(hooks, values, deadline, grace).await;
    }

    /// Drops what is left of runs of checks, which use resources: a run that blocks its thread is
    /// worth a remark, and no time.
    async fn close_health(&mut self) {
        let closed = self.parts.health.close(Instant::now() + CUT_AHEAD).await;
        let journal = &self.parts.core().journal;
        let stuck = closed.stuck().map(health::describe_stuck);
        stuck.for_each(|line| journal.remark(line));
        self.tasks.absorb(closed);
    }

    /// Ends the tasks of hooks that came before, which use resources.
    async fn close_earlier_hooks(&mut self, deadlines: &StopDeadlines) {
        let deadline = deadlines.earlier_hooks(&self.parts).await;
        let (start_hooks, cause) = (&self.parts.start_hooks, &self.asked.cause);
        self.hooks
            .close_earlier(start_hooks, cause, &deadline)
            .await;
    }

    /// Ends the tasks that belong to no component: those of `after_stop` hooks until the deadline of the
    /// stop, registrations and the connections to registries a moment later, then the handlers of
    /// signals, then whatever is left in the tree. The hooks themselves live outside the scopes of
    /// their tasks: they have had a report and a line each.
    async fn close_tree(self, deadline: &Deadline) -> CloseReport {
        let core: Arc<Core> = Arc::clone(self.parts.core());
        let mut tasks = self.tasks;
        tasks.absorb(self.hooks.close(deadline).await);
        let Parts {
            tree,
            signals,
            registration,
            ..
        } = self.parts;
        // Deregistration had its time; the work of a registry's client may be cut.
        let soon = || Instant::now() + CUT_AHEAD;
        for scope in registration.into_order() {
            let closed = scope.close(soon()).await;
            let stuck = closed.stuck();
            stuck.for_each(|task| core.journal.remark(task.to_string()));
            tasks.absorb(closed);
        }
        drop(signals);
        let rest = tree.close(soon()).await;
        // Tasks of components and of the scopes above have had their line.
        let stuck = rest.stuck();
        stuck.for_each(|task| core.journal.note(task.to_string()));
        tasks.absorb(rest);
        tasks
    }
}
