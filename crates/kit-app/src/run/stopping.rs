//! The stop, in order, under one deadline; a failure keeps no later step from running.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use kit_sync::{
    Cause, CloseReport, Deadline, Gate, Latch, Scope, Task, TaskError, TaskTree, error_chain,
};
use kit_transport::{Lifecycle, Phase, Stage};
use tokio::time::{Instant, sleep};

use super::Parts;
use super::called_off::CalledOff;
use super::launch::Launch;
use super::resources;
use crate::budget::{Budget, CUT_AHEAD, FORCED, FORCED_HOOK_TASKS};
use crate::component::Component;
use crate::control::Asked;
use crate::core::Core;
use crate::event::alive_in;
use crate::hook::Hook;
use crate::hook::running::RunningHook;
use crate::report::overdue;
use crate::{Awaited, Error, Event, HookStage, RegistrationReport, Report, RunError, StopPlan};

/// How long the threads have at the end that outlive the app's tasks.
const HOME: Duration = Duration::from_millis(200);

/// An app that stops.
pub(crate) struct Stopping {
    parts: Parts,
    plan: StopPlan,
    /// Where the tasks live that hooks of the stop spawn: first those of `before_stop`.
    stop_hooks: Scope,
    /// What the closes of scopes have found so far.
    tasks: CloseReport,
}

/// Deregistrations that go on, in the order of the registries.
type Deregistrations = VecDeque<Task<RegistrationReport>>;

impl Stopping {
    pub(super) fn new(parts: Parts, plan: StopPlan) -> Stopping {
        Stopping {
            stop_hooks: parts.tree.scope().child("hooks"),
            parts,
            plan,
            tasks: CloseReport::default(),
        }
    }

    /// The stop of an app whose start was called off, with the hook that was running then.
    pub(super) async fn after(
        mut launch: Launch,
        called_off: CalledOff,
    ) -> (Stopping, Asked, Option<RunningHook>) {
        let core = Arc::clone(launch.parts.core());
        let interrupted = called_off.record(&core).await;
        let hooks = &mut launch.parts.settings.hooks;
        for stage in [HookStage::BeforeStart, HookStage::AfterStart] {
            drop(hooks.take_all(stage));
        }
        core.give_up_ready();
        let asked = core.control.asked().await;
        core.emit(asked.event());
        let plan = launch.plan();
        (Stopping::new(launch.parts, plan), asked, interrupted)
    }

    /// Lame duck → `before_stop` hooks → deregistered → drain delay → phases descending →
    /// resources closed → `after_stop` hooks → stopped.
    pub(super) async fn stop(
        mut self,
        asked: Asked,
        mut interrupted: Option<RunningHook>,
        home: &TaskTree,
    ) -> Result<Report, RunError> {
        let budget = self.budget(&asked);
        let mut deregistrations = self.lame_duck(&asked, &mut interrupted, &budget).await;
        self.drain(&asked.cause, &mut interrupted, &budget).await;
        self.await_deregistration(&mut deregistrations).await;
        let core = Arc::clone(self.core());
        let reload = &mut self.parts.reload;
        reload.end(asked.cause.clone(), &core.journal).await;
        self.close_health().await;
        self.close_earlier_hooks(&asked.cause, &budget).await;
        resources::close(&mut self.parts, &asked.cause, &budget).await;
        let after_stop = self.parts.settings.hooks.take_all(HookStage::AfterStop);
        self.stop_hooks(after_stop, budget.deadline(), FORCED).await;
        let reserve = self.plan.reserve;
        let tasks = self.close_tree(budget.deadline()).await;
        finish(&core, asked, tasks, reserve, home).await
    }

    fn core(&self) -> &Arc<Core> {
        self.parts.core()
    }

    /// A stop that was asked for before the run has its whole time.
    fn budget(&self, asked: &Asked) -> Budget {
        let begun = self.core().begun();
        let since = asked.since.clone();
        let since = if asked.at < begun {
            since.at(begun)
        } else {
            since
        };
        Budget::new(self.plan, &since, self.later_phases(None))
    }

    /// How many phases stop after the given one; all of them after none. The resources are the last.
    fn later_phases(&self, phase: Option<Phase>) -> usize {
        let components = self.parts.components.iter();
        let mut phases: Vec<Phase> = components.map(|component| component.phase).collect();
        phases.sort_unstable();
        phases.dedup();
        let later = |other: &&Phase| phase.is_none_or(|phase| **other < phase);
        phases.iter().filter(later).count() + self.resources()
    }

    /// The phases that the resources are: one, if there is one to be closed.
    fn resources(&self) -> usize {
        usize::from(self.parts.resources.open() > 0)
    }

    // === lame duck ===

    /// Health is down; everything is still served. Deregistrations that a forced stop has overtaken
    /// are given back: they go on beside the end of the components.
    async fn lame_duck(
        &mut self,
        asked: &Asked,
        interrupted: &mut Option<RunningHook>,
        budget: &Budget,
    ) -> Deregistrations {
        let core = Arc::clone(self.core());
        let was_ready = core.was_ready();
        core.give_up_ready();
        core.intake.end();
        self.parts.health.cancel(asked.cause.clone());
        core.health.end();
        core.enter(Stage::LameDuck);
        let drain_delay = if was_ready {
            self.drain_delay().min(self.plan.drain_delay)
        } else {
            Duration::ZERO
        };
        self.publish_deadlines(budget, drain_delay);
        self.parts.start_hooks.cancel(asked.cause.clone());
        self.parts.reload.cancel(asked.cause.clone());
        self.finish_interrupted(interrupted, HookStage::BeforeStart, budget)
            .await;

        let hooks = self.parts.settings.hooks.take_all(HookStage::BeforeStop);
        budget.deadline().catch_up().await;
        let deadline = budget.before_stop();
        let (mut deregistrations, go) = self.arm_deregistration(budget);
        self.stop_hooks(hooks, &deadline, Duration::ZERO).await;
        go.open();
        tokio::select! {
            biased;
            () = self.await_deregistration(&mut deregistrations) => {}
            _ = core.control.forced() => {}
        }
        if was_ready {
            self.delay_drain(budget).await;
        }
        deregistrations
    }

    /// The drain delay, without what a drain by request has waited of it.
    fn drain_delay(&self) -> Duration {
        let core = self.core();
        let wanted = self.plan.wanted_drain_delay;
        let gone_since = core.registrations.gone_since();
        match gone_since.filter(|_| core.control.drain_so_far().is_some()) {
            Some(since) => wanted.saturating_sub(since.elapsed()),
            None => wanted,
        }
    }

    /// Shows each component the deadline of its phase, and the drain delay.
    fn publish_deadlines(&self, budget: &Budget, drain_delay: Duration) {
        let lame_duck = |life: &mut Lifecycle, later| {
            life.stage = Stage::LameDuck;
            life.healthy = false;
            life.drain_delay = drain_delay;
            life.deadline = Some(budget.phase(later).earlier_by(CUT_AHEAD));
        };
        for component in &self.parts.components {
            let later = self.later_phases(Some(component.phase));
            component.set_lifecycle(|life| lame_duck(life, later));
        }
        let resources = &self.parts.resources;
        resources.set_lifecycle(|life| lame_duck(life, 0));
    }

    /// Prepares to deregister everywhere at the same time: each deregistration begins when the
    /// latch is opened, or at once when something has failed or fails meanwhile, because requests
    /// should go elsewhere then.
    fn arm_deregistration(&self, budget: &Budget) -> (Deregistrations, Latch) {
        let go = Gate::new();
        let latch = go.latch("the hooks before");
        let core = self.core();
        let scope = self.parts.tree.scope().child("stopping");
        let deregister = |registered: crate::registration::Registered| {
            let (control, journal) = (Arc::clone(&core.control), Arc::clone(&core.journal));
            let deregister = registered.deregister(go.clone(), budget.clone(), control, journal);
            scope.spawn_value("deregister", deregister)
        };
        let registered = core.registrations.end().into_iter();
        (registered.map(deregister).collect(), latch)
    }

    /// The tasks keep their deadline themselves, that of a forced stop too. Cancel safe.
    async fn await_deregistration(&self, deregistrations: &mut Deregistrations) {
        let journal = &self.core().journal;
        while let Some(task) = deregistrations.front_mut() {
            let report = task.await;
            deregistrations.pop_front();
            let Ok(report) = report else { continue };
            if let Some(error) = &report.error {
                let registry = &report.registry;
                journal.note(format!(
                    "deregistration from {registry} not confirmed: {error}"
                ));
            }
            journal.record_registration(report);
        }
    }

    async fn delay_drain(&self, budget: &Budget) {
        budget.deadline().catch_up().await;
        let core = self.core();
        let wanted = self.drain_delay();
        let delay = budget.drain_delay(Instant::now(), wanted);
        if delay.is_zero() || core.control.is_forced().is_some() {
            return;
        }
        self.publish_deadlines(budget, delay);
        let cut_from = (delay < wanted).then_some(wanted);
        core.emit(Event::DrainDelay { delay, cut_from });
        let delayed = sleep(delay);
        let delayed = core
            .control
            .within(budget.deadline(), Duration::ZERO, delayed);
        let _ = delayed.await;
    }

    // === draining ===

    /// Stops the components, phase by phase in descending order, those of one phase at the same
    /// time. From here on the end of a task is a consequence of the stop; an earlier end may not have
    /// been seen yet.
    async fn drain(
        &mut self,
        cause: &Cause,
        interrupted: &mut Option<RunningHook>,
        budget: &Budget,
    ) {
        let components = self.parts.components.iter();
        components.for_each(Component::record_end_so_far);
        self.parts.supervision.close(Instant::now()).await;
        let core = Arc::clone(self.core());
        core.enter(Stage::Draining);
        let scope = self.parts.tree.scope().child("stopping");
        while let Some(phase) = self.parts.components.iter().map(|part| part.phase).max() {
            budget.deadline().catch_up().await;
            let deadline = budget.phase_from_now(self.later_phases(Some(phase)));
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
        self.finish_interrupted(interrupted, HookStage::AfterStart, budget)
            .await;
    }

    // === hooks ===

    /// Waits for a hook of the start that was interrupted. Having to be dropped at the deadline is
    /// a failure, an error is a consequence of the stop.
    async fn finish_interrupted(
        &self,
        interrupted: &mut Option<RunningHook>,
        stage: HookStage,
        budget: &Budget,
    ) {
        let Some(mut hook) = interrupted.take_if(|hook| hook.stage == stage) else {
            return;
        };
        let deadline = match stage {
            HookStage::BeforeStart => budget.interrupted(),
            _ => budget.phase(self.resources()),
        };
        let journal = &self.core().journal;
        match self.await_hook(&mut hook, &deadline, Duration::ZERO).await {
            Some(ended) => {
                let panicked = matches!(ended, Err(TaskError::Panicked { .. }));
                match hook.record_end(ended) {
                    Ok(()) => {}
                    Err(error) if panicked => journal.record_failure(error),
                    Err(error) => journal.remark(error_chain(&error)),
                }
            }
            None => journal.record_failure(hook.abort().await),
        }
    }

    /// Runs hooks one after the other; each has an equal share of the time until `deadline`, so
    /// that one that hangs leaves the others their time. A forced stop leaves them `grace`; with
    /// none, those that have not begun are skipped.
    async fn stop_hooks(&self, hooks: Vec<Hook>, deadline: &Deadline, grace: Duration) {
        let core = self.core();
        let mut left = hooks.len();
        for hook in hooks {
            deadline.catch_up().await;
            let forced = core.control.is_forced();
            if grace.is_zero() && forced.is_some() {
                return;
            }
            let deadline = match forced {
                Some(forced) => deadline.clone().sooner(deadline.at(forced.at + grace)),
                None => deadline.clone(),
            };
            let share = deadline.first_of(u32::try_from(left).unwrap_or(1));
            left -= 1;
            let root = self.parts.tree.scope();
            let values = self.parts.resources.values.clone();
            let mut hook = RunningHook::call(hook, &self.parts.app, values, &self.stop_hooks, root);
            let failed = match self.await_hook(&mut hook, &share, grace).await {
                Some(ended) => hook.record_end(ended).err(),
                None => Some(hook.abort().await),
            };
            if let Some(error) = failed {
                core.journal.record_failure(error);
            }
        }
    }

    /// `None` when the hook has not ended in time.
    async fn await_hook(
        &self,
        hook: &mut RunningHook,
        deadline: &Deadline,
        grace: Duration,
    ) -> Option<Result<(), TaskError>> {
        let core = self.core();
        let awaited = hook.awaited();
        let ended = core.control.within(deadline, grace, &mut hook.task);
        core.journal.awaits(|| awaited.clone(), ended).await
    }

    // === the end ===

    /// Drops what is left of runs of checks, which use resources: a run that blocks its thread is
    /// worth a remark, and no time.
    async fn close_health(&mut self) {
        let closed = self.parts.health.close(Instant::now() + CUT_AHEAD).await;
        let stuck = closed.stuck();
        stuck.for_each(|task| self.core().journal.remark(task.to_string()));
        self.tasks.absorb(closed);
    }

    /// Ends the tasks of hooks that came before, which use resources, with the time of a phase that
    /// comes before these.
    async fn close_earlier_hooks(&mut self, cause: &Cause, budget: &Budget) {
        budget.deadline().catch_up().await;
        let deadline = budget.phase_from_now(self.resources());
        let later = self.parts.tree.scope().child("hooks");
        let stop_hooks = std::mem::replace(&mut self.stop_hooks, later);
        // Both have the whole time, not the second the rest of the first.
        stop_hooks.cancel(cause.clone());
        let scopes = [self.parts.start_hooks.clone(), stop_hooks];
        self.close_hooks(&scopes, &deadline, FORCED_HOOK_TASKS)
            .await;
    }

    /// Closes scopes of hooks' tasks at the deadline, or `grace` after the stop is forced.
    async fn close_hooks(&mut self, scopes: &[Scope], deadline: &Deadline, grace: Duration) {
        let core = Arc::clone(self.core());
        let mut tasks = CloseReport::default();
        for scope in scopes {
            tasks.absorb(close_hooks(scope, deadline, grace, &core).await);
        }
        let ended = tasks.failures.iter().chain(&tasks.tasks);
        let failed = ended.filter(|task| task.outcome().is_failure());
        failed.for_each(|task| core.journal.note(task.to_string()));
        if let Some(what) = overdue("hooks", &tasks) {
            core.journal.record_failure(Error::Cut { what });
        }
        self.tasks.absorb(tasks);
    }

    /// Ends the tasks that belong to no component: those of `after_stop` hooks until the deadline of the
    /// stop, registrations and the connections to registries a moment later, then the handlers of
    /// signals, then whatever is left in the tree. The hooks themselves live outside the scopes of
    /// their tasks: they have had a report and a line each.
    async fn close_tree(mut self, deadline: &Deadline) -> CloseReport {
        let core = Arc::clone(self.core());
        let hooks = [self.stop_hooks.clone()];
        self.close_hooks(&hooks, deadline, FORCED).await;
        let Parts {
            tree,
            signals,
            registration,
            ..
        } = self.parts;
        let mut tasks = self.tasks;
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

/// Closes a scope of hooks' tasks at the deadline, or `grace` after the stop is forced.
async fn close_hooks(hooks: &Scope, limit: &Deadline, grace: Duration, core: &Core) -> CloseReport {
    let deadline = || match core.control.is_forced() {
        Some(forced) => limit.clone().sooner(limit.at(forced.at + grace)),
        None => limit.clone(),
    };
    let awaited = || Awaited::HookTasks {
        alive: alive_in(hooks),
    };
    let limit = deadline();
    tokio::select! {
        biased;
        closed = core.journal.awaits(awaited, hooks.close_by(&limit)) => closed,
        _ = core.control.forced() => hooks.close_by(&deadline()).await,
    }
}

/// Reports: from the entries of the journal to the exit code.
///
/// The last event comes before the wait for its delivery, which has its own `reserve`: the
/// watchdog does not see to it any more.
///
/// # Errors
/// The first failure, if there was one.
async fn finish(
    core: &Core,
    asked: Asked,
    tasks: CloseReport,
    reserve: Duration,
    home: &TaskTree,
) -> Result<Report, RunError> {
    let mut report = Report::of(core.info.name(), core.info.id());
    let failures = core.journal.end(&mut report);
    report.exit_code = match core.control.is_forced() {
        Some(forced) => u8::try_from(forced.signal.exit_code()).unwrap_or(u8::MAX),
        None => u8::from(!failures.is_empty()),
    };
    report.took = asked.at.elapsed();
    report.cause = Some(asked.cause);
    report.was_ready = core.was_ready();
    report.tasks = tasks;
    core.enter(Stage::Stopped);
    core.emit(Event::Stopped {
        took: report.took,
        exit_code: report.exit_code,
    });
    core.control.disarm_backstop();
    report.undelivered = core.journal.events().flush(home.scope(), reserve).await;
    report.tasks.absorb(home.close(Instant::now() + HOME).await);
    match failures.into_iter().next() {
        Some(error) => Err(RunError::new(error, report)),
        None => Ok(report),
    }
}
