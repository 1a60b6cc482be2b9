//! The start of an app, in order; a stop can call it off at every step.

mod being_found;
mod first_checks;
mod hooks;
mod observe;
mod start_gate;

use std::sync::Arc;

use kit_sync::{Scope, TaskTree};
use kit_transport::{Lifecycle, Stage};

use being_found::BeingFound;
use first_checks::FirstChecks;
use start_gate::StartGate;

use super::Parts;
use super::called_off::CalledOff;
use super::resources;
use super::start_components::ComponentStarts;
use super::watchdog;
use crate::admin;
use crate::core::Core;
use crate::health;
use crate::orchestrator::TerminationMessage;
use crate::reload::Reloads;
use crate::settings::{RunWatchdog, Settings};
use crate::{AppHandle, Error, Event, HookStage, StopPlan};

/// An app that starts.
pub(crate) struct Launch {
    pub(super) parts: Parts,
    found: BeingFound,
    gate: StartGate,
}

impl Launch {
    /// Installs the signals, for options that were checked: from here on a signal is a stop of this app.
    ///
    /// # Errors
    /// Handlers or a watchdog that the system refuses. Nothing has begun
    /// then.
    pub(super) fn new(app: AppHandle, settings: Settings, home: &Scope) -> Result<Launch, Error> {
        let core = Arc::clone(app.core());
        let tree = TaskTree::new(core.info.name());
        core.set_tasks(tree.scope());
        let signals = settings.signals.install(tree.scope(), &core)?;
        if let Some(home) = &settings.watchdog_home {
            let options = settings.watchdog.clone();
            let ends_process = settings.run_watchdog != RunWatchdog::Reports;
            let timeout = settings.stop_timeout;
            let message = TerminationMessage::of(&settings);
            watchdog::start(
                home,
                tree.scope(),
                options,
                &core,
                timeout,
                ends_process,
                message,
            )
            .map_err(Error::Watchdog)?;
        }
        observe::observe(tree.scope(), &core, settings.parent.clone());
        if !core.journal.events().is_inline() {
            core.control.announce_to(&core.journal);
        }
        core.begin();
        let gate = StartGate::new(&core);
        Ok(Launch {
            parts: Parts::new(app, settings, signals, tree, home),
            found: BeingFound::default(),
            gate,
        })
    }

    /// Admin server → `before_start` hooks → resources → phases ascending → gate → first results of
    /// checks → running → registered → `after_start`
    /// hooks → ready.
    ///
    /// # Errors
    /// Why it has not come to its end. Its failures are recorded by the stop that follows.
    pub(super) async fn start(&mut self) -> Result<(), CalledOff> {
        self.core().enter(Stage::Starting);
        self.start_admin().await?;
        self.remark_surroundings();
        self.found.open(&self.parts)?;
        hooks::run(&mut self.parts, HookStage::BeforeStart).await?;
        self.open_resources().await?;
        self.start_components().await?;
        let checks = FirstChecks::begin(&mut self.parts);
        self.gate_opened().await?;
        checks.results().await?;
        checks.publish(self.parts.lives())?;
        self.go_on()?;
        self.found.register(&self.parts).await?;
        hooks::run(&mut self.parts, HookStage::AfterStart).await?;
        self.go_on()?;
        self.begin_reloads();
        self.become_ready()
    }

    fn core(&self) -> &Arc<Core> {
        self.parts.core()
    }

    /// The plan of a stop, as far as the registries are open.
    pub(super) fn plan(&self) -> StopPlan {
        self.found.plan(&self.parts)
    }

    /// # Errors
    /// When a stop was asked for.
    fn go_on(&self) -> Result<(), CalledOff> {
        if self.core().control.is_asked() {
            return Err(CalledOff::StopAsked);
        }
        Ok(())
    }

    /// First, so that probes and pages show every other step; it ends with the app's threads, after
    /// the last one.
    async fn start_admin(&mut self) -> Result<(), CalledOff> {
        let Some(admin) = self.parts.settings.admin.take() else {
            return Ok(());
        };
        let Parts {
            app,
            settings,
            home,
            ..
        } = &self.parts;
        let listening = admin::start(admin, app, settings, home).await?;
        self.core().emit(Event::AdminStarted { listening });
        Ok(())
    }

    fn remark_surroundings(&self) {
        for what in self.parts.settings.environment().remarks() {
            self.core().journal.remark(what.clone());
        }
    }

    /// The app's life as resources and components see it at first.
    fn first_lifecycle(&self) -> Lifecycle {
        let mut lifecycle = Lifecycle::new();
        lifecycle.stage = Stage::Starting;
        lifecycle.drain_delay = self.plan().drain_delay;
        lifecycle
    }

    async fn open_resources(&mut self) -> Result<(), CalledOff> {
        let lifecycle = self.first_lifecycle();
        resources::open(&mut self.parts, self.gate.gate(), lifecycle).await
    }

    async fn start_components(&mut self) -> Result<(), CalledOff> {
        let lifecycle = self.first_lifecycle();
        let mut starts = ComponentStarts::new(&mut self.parts, self.gate.gate(), lifecycle);
        starts.run().await?;
        self.found.publish_endpoints(&self.parts)?;
        self.gate.mark_started();
        Ok(())
    }

    async fn gate_opened(&self) -> Result<(), CalledOff> {
        let (components, limit) = (&self.parts.components, self.parts.settings.gate_timeout);
        self.gate.opened(components, self.core(), limit).await
    }

    fn begin_reloads(&mut self) {
        let hooks = std::mem::take(&mut self.parts.settings.reload_hooks);
        if hooks.is_empty() {
            return;
        }
        let reloads = |scope| Reloads {
            app: self.parts.app.clone(),
            hooks,
            values: self.parts.resources.values.clone(),
            timeout: self.parts.settings.reload_timeout,
            scope,
            stuck: Vec::new(),
        };
        self.parts.reload.begin(reloads);
    }

    /// The event comes first: what waits for the app to be ready may ask for the stop at once.
    ///
    /// # Errors
    /// When a stop was asked for.
    fn become_ready(&self) -> Result<(), CalledOff> {
        let core = self.core();
        core.control.step(|| {
            core.emit(Event::Ready {
                took: core.begun().elapsed(),
                not_ready: health::why_not_ready(core),
                stop: self.parts.settings.signals.stopping(),
            });
            core.open_ready();
        })?;
        Ok(())
    }
}
