//! The stop, in order, under one deadline; nothing that fails keeps it from going on.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use kit_sync::{Cause, CloseReport, Deadline, Gate, Latch, TaskError, TaskTree, error_chain};
use kit_transport::{Phase, Stage};
use tokio::time::{Instant, sleep};

use crate::budget::{Budget, CUT_AHEAD, FORCED};
use crate::control::Asked;
use crate::hook::{Hook, HookStage};
use crate::registrations::Registered;
use crate::report::overdue;
use crate::run::{Run, RunningHook, Scopes};
use crate::waiting::alive_in;
use crate::{Awaited, Error, Event, Report, RunError};

impl Run {
    /// Lame duck → `before_stop` hooks → deregistered → drain delay → phases descending →
    /// `after_stop` hooks → stopped.
    pub(crate) async fn stop(mut self, asked: Asked, home: &TaskTree) -> Result<Report, RunError> {
        // A stop that was asked for before the run has its whole time.
        let begun = asked.at.max(self.begun);
        let standstill = self.core.control.watch_standstill();
        let phases = self.later_phases()(Phase::new(u16::MAX));
        let budget = self.plan.begin(begun, phases, &standstill);
        self.lame_duck(&asked, &budget).await;
        self.drain(&asked.cause, &budget).await;
        self.await_deregistration().await;
        let after_stop = self.take_hooks(HookStage::AfterStop);
        self.stop_hooks(after_stop, budget.deadline(), FORCED).await;
        let tasks = self.close_tree(&budget).await;
        self.finish(asked, tasks, home).await
    }

    // === lame duck ===

    async fn lame_duck(&mut self, asked: &Asked, budget: &Budget) {
        let was_ready = self.core.was_ready();
        self.core.give_up_ready();
        self.enter(Stage::LameDuck);
        self.lifecycle.healthy = false;
        if !was_ready {
            self.lifecycle.drain_delay = Duration::ZERO;
        }
        self.publish_deadlines(budget);
        self.scopes.start_hooks.cancel(asked.cause.clone());
        self.finish_interrupted(HookStage::BeforeStart, budget)
            .await;

        let hooks = self.take_hooks(HookStage::BeforeStop);
        budget.deadline().catch_up().await;
        let limit = budget.before_stop();
        let go = self.deregister(budget);
        self.stop_hooks(hooks, &limit, Duration::ZERO).await;
        go.open();
        let core = Arc::clone(&self.core);
        tokio::select! {
            biased;
            () = self.await_deregistration() => {}
            // It goes on beside the end of the components.
            _ = core.control.forced() => {}
        }
        if was_ready {
            self.delay_drain(budget).await;
        }
    }

    fn publish_deadlines(&self, budget: &Budget) {
        let later = self.later_phases();
        for component in &self.components {
            let deadline = budget.phase(later(component.phase)).earlier_by(CUT_AHEAD);
            component.set_lifecycle(|life| {
                *life = self.lifecycle.clone();
                life.deadline = Some(deadline);
            });
        }
    }

    /// How many phases stop after the given one.
    fn later_phases(&self) -> impl Fn(Phase) -> usize + use<> {
        let mut phases: Vec<Phase> = self.components.iter().map(|part| part.phase).collect();
        phases.sort_unstable();
        phases.dedup();
        move |phase| phases.iter().filter(|other| **other < phase).count()
    }

    /// Deregisters everywhere at the same time: when the latch is opened, or at once when something
    /// has failed or fails meanwhile, because nobody should be sent here then.
    fn deregister(&mut self, budget: &Budget) -> Latch {
        let go = Gate::new();
        let latch = go.latch("the hooks before");
        let registered = std::mem::take(&mut self.registered);
        let deregister = |registered: Registered| {
            let deregistering =
                registered.deregister(go.clone(), budget.clone(), Arc::clone(&self.core));
            let stopping = &self.scopes.stopping;
            stopping.spawn("deregister", async move { Ok(deregistering.await) })
        };
        self.deregistering = registered.into_iter().map(deregister).collect();
        latch
    }

    /// The tasks keep their limit themselves, a forced stop's included. Cancel safe.
    async fn await_deregistration(&mut self) {
        while let Some(task) = self.deregistering.front_mut() {
            let report = task.await;
            self.deregistering.pop_front();
            let Ok(report) = report else { continue };
            if let Some(error) = &report.error {
                let registry = &report.registry;
                self.core.note(format!(
                    "deregistration from {registry} not confirmed: {error}"
                ));
            }
            self.registration_reports.push(report);
        }
    }

    async fn delay_drain(&mut self, budget: &Budget) {
        budget.deadline().catch_up().await;
        let wanted = self.drain_delay.unwrap_or_default();
        let delay = budget.drain_delay(Instant::now(), wanted);
        if delay.is_zero() || self.core.control.is_forced().is_some() {
            return;
        }
        self.lifecycle.drain_delay = delay;
        self.publish_deadlines(budget);
        let cut_from = (delay < wanted).then_some(wanted);
        self.core.emit(Event::DrainDelay { delay, cut_from });
        let _ = self
            .core
            .control
            .within(budget.deadline(), Duration::ZERO, sleep(delay))
            .await;
    }

    // === draining ===

    async fn drain(&mut self, cause: &Cause, budget: &Budget) {
        // From here on the end of a task is what was asked for. What ended before may not have
        // been seen yet.
        self.components
            .iter()
            .for_each(|component| component.check_end(&self.core));
        self.scopes.supervision.close(Instant::now()).await;
        self.enter(Stage::Draining);
        let later = self.later_phases();
        let mut components = std::mem::take(&mut self.components);
        while let Some(phase) = components.iter().map(|component| component.phase).max() {
            budget.deadline().catch_up().await;
            let limit = budget.phase_from_now(later(phase));
            let (now, rest): (Vec<_>, Vec<_>) = components
                .into_iter()
                .partition(|component| component.phase == phase);
            components = rest;
            let stop = |component: crate::component::Component| {
                let stopping = &self.scopes.stopping;
                let name = component.name.clone();
                stopping.spawn(
                    name,
                    component.stop(Arc::clone(&self.core), cause.clone(), limit.clone()),
                )
            };
            let stopping: Vec<_> = now.into_iter().map(stop).collect();
            for task in stopping {
                if let Ok(report) = task.await {
                    self.component_reports.push(report);
                }
            }
        }
        self.finish_interrupted(HookStage::AfterStart, budget).await;
    }

    // === hooks ===

    /// A hook that was told while it ran in the start goes on until it ends; having to be dropped
    /// at the limit is a failure, an error is a consequence.
    async fn finish_interrupted(&mut self, stage: HookStage, budget: &Budget) {
        let Some(mut hook) = self.interrupted.take_if(|hook| hook.stage == stage) else {
            return;
        };
        let limit = match stage {
            HookStage::BeforeStart => budget.interrupted(),
            _ => budget.phase(0),
        };
        let core = Arc::clone(&self.core);
        let awaited = hook.awaited();
        let ended = core.awaits(
            || awaited.clone(),
            core.control.within(&limit, Duration::ZERO, &mut hook.task),
        );
        match ended.await {
            Some(ended) => {
                let panicked = matches!(ended, Err(TaskError::Panicked { .. }));
                match self.hook_ended(&hook, ended) {
                    Ok(()) => {}
                    Err(error) if panicked => core.keep_failure(error),
                    Err(error) => core.remark(error_chain(&error)),
                }
            }
            None => {
                let error = self.drop_hook(hook).await;
                core.keep_failure(error);
            }
        }
    }

    /// Runs hooks one after the other; each has an equal share of what is left until `limit`, so
    /// that one that hangs leaves the others their time. A forced stop leaves them `grace`; with
    /// none, those that have not begun are skipped.
    async fn stop_hooks(&mut self, hooks: VecDeque<Hook>, limit: &Deadline, grace: Duration) {
        let mut left = hooks.len();
        for hook in hooks {
            limit.catch_up().await;
            let forced = self.core.control.is_forced();
            if grace.is_zero() && forced.is_some() {
                return;
            }
            let limit = match forced {
                Some(forced) => limit.clone().sooner(limit.at(forced.at + grace)),
                None => limit.clone(),
            };
            let share = limit.first_of(u32::try_from(left).unwrap_or(1));
            left -= 1;
            let hook = self.call_hook(hook);
            self.await_stop_hook(hook, &share, grace).await;
        }
    }

    async fn await_stop_hook(&mut self, mut hook: RunningHook, limit: &Deadline, grace: Duration) {
        let core = Arc::clone(&self.core);
        let awaited = hook.awaited();
        let ended = core.awaits(
            || awaited.clone(),
            core.control.within(limit, grace, &mut hook.task),
        );
        let failed = match ended.await {
            Some(ended) => self.hook_ended(&hook, ended).err(),
            None => Some(self.drop_hook(hook).await),
        };
        if let Some(error) = failed {
            core.keep_failure(error);
        }
    }

    // === the end ===

    /// Ends what belongs to no component: hooks' tasks, registrations, registries, signals.
    async fn close_tree(&mut self, budget: &Budget) -> CloseReport {
        let core = Arc::clone(&self.core);
        let deadline = || {
            let forced = core.control.is_forced();
            let deadline = budget.deadline().clone();
            match forced {
                Some(forced) => deadline.clone().sooner(deadline.at(forced.at + FORCED)),
                None => deadline,
            }
        };
        let mut tasks = CloseReport::default();
        for hooks in [&self.scopes.start_hooks, &self.scopes.stop_hooks] {
            let awaited = || Awaited::HookTasks {
                alive: alive_in(hooks),
            };
            let limit = deadline();
            let closed = tokio::select! {
                biased;
                closed = core.awaits(awaited, hooks.close_by(&limit)) => closed,
                _ = core.control.forced() => hooks.close_by(&deadline()).await,
            };
            tasks.absorb(closed);
        }
        let ended = tasks.failures.iter().chain(&tasks.tasks);
        // What the hooks themselves came to has been told.
        let of_hooks = ended.filter(|task| !task.path().contains("/hooks/calls/"));
        let failed = of_hooks.filter(|task| task.outcome().is_failure());
        failed.for_each(|task| core.note(task.to_string()));
        if let Some(what) = overdue("hooks", &tasks) {
            core.keep_failure(Error::Cut { what });
        }
        // Deregistration had its time; what a registry's client still does may be cut.
        let soon = || Instant::now() + CUT_AHEAD;
        let Scopes {
            registrations,
            registries,
            ..
        } = &self.scopes;
        for scope in [registrations, registries] {
            let closed = scope.close(soon()).await;
            closed
                .stuck()
                .for_each(|task| core.remark(task.to_string()));
            tasks.absorb(closed);
        }
        self.signals = None;
        let rest = self.tree.close(soon()).await;
        // Those of components and of the scopes above have had their line.
        rest.stuck().for_each(|task| core.note(task.to_string()));
        tasks.absorb(rest);
        tasks
    }

    /// Says that the app has stopped, waits for the home of its events for as long as a stage
    /// keeps for those after it, and reports.
    async fn finish(
        mut self,
        asked: Asked,
        mut tasks: CloseReport,
        home: &TaskTree,
    ) -> Result<Report, RunError> {
        let errors = self.core.take_failures();
        let exit_code = match self.core.control.is_forced() {
            Some(forced) => u8::try_from(128 + forced.signal).unwrap_or(u8::MAX),
            None => u8::from(!errors.is_empty()),
        };
        let took = asked.at.elapsed();
        self.core.enter(Stage::Stopped);
        self.core.emit(Event::Stopped { took, exit_code });
        // What follows has a limit of its own.
        self.core.control.backstop.stop_ended();
        let reserve = self.plan.reserve;
        let undelivered = self.core.events.flush(home.scope(), reserve).await;
        tasks.absorb(home.close(Instant::now()).await);
        let info = &self.core.info;
        let report = Report {
            name: info.name().to_owned(),
            id: info.id().to_owned(),
            exit_code,
            cause: Some(asked.cause),
            was_ready: self.core.was_ready(),
            took,
            failures: errors.iter().map(|error| error_chain(error)).collect(),
            remarks: self.core.take_remarks(),
            hooks: std::mem::take(&mut self.hook_reports),
            components: std::mem::take(&mut self.component_reports),
            registrations: std::mem::take(&mut self.registration_reports),
            tasks,
            undelivered,
        };
        match errors.into_iter().next() {
            Some(error) => Err(RunError::new(error, report)),
            None => Ok(report),
        }
    }
}
