//! The start of an app, in order; a stop can call it off at every step.

use std::sync::Arc;

use kit_sync::{Cause, Ending, Gate, Latch, Scope, StopToken, TaskTree};
use kit_transport::{Lifecycle, Stage};

use super::Parts;
use super::called_off::CalledOff;
use super::resources;
use super::start_components::{ComponentStarts, abandoned_by};
use super::watchdog;
use crate::admin;
use crate::component::Component;
use crate::core::Core;
use crate::health;
use crate::hook::running::RunningHook;
use crate::registration::{self, Drains, Opened};
use crate::reload::Reloads;
use crate::settings::{RegisterAtStart, RunWatchdog, Settings};
use crate::{AppHandle, Awaited, DrainProfile, Error, Event, HookStage, StopPlan};

/// An app that starts.
pub(crate) struct Launch {
    pub(super) parts: Parts,
    /// The registries that are open so far.
    registries: Vec<Opened>,
    gate: Gate,
    /// Keeps the gate shut while components start, and until a failure among them is recorded.
    components_start: Option<Latch>,
}

impl Launch {
    /// Checks the options and installs the signals: from here on a signal is a stop of this app.
    ///
    /// # Errors
    /// An option that is wrong; handlers or a watchdog that the system refuses. Nothing has begun
    /// then.
    pub(super) fn new(app: AppHandle, settings: Settings, home: &Scope) -> Result<Launch, Error> {
        let core = Arc::clone(app.core());
        let tree = TaskTree::new(core.info.name());
        core.set_tasks(tree.scope());
        settings.check()?;
        core.info.instance()?;
        let signals = settings.signals.install(tree.scope(), &core)?;
        if let Some(home) = &settings.watchdog_home {
            let options = settings.watchdog.clone();
            let ends_process = settings.run_watchdog != RunWatchdog::Reports;
            let timeout = settings.stop_timeout;
            watchdog::start(home, tree.scope(), options, &core, timeout, ends_process)
                .map_err(Error::Watchdog)?;
        }
        observe(tree.scope(), &core, settings.parent.clone());
        core.begin();
        let gate = Gate::new();
        Ok(Launch {
            parts: Parts::new(app, settings, signals, tree, home),
            registries: Vec::new(),
            components_start: Some(gate.latch("the start of every component")),
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
        self.remark_unusable_listeners();
        self.open_registries()?;
        self.emit_plan();
        self.follow_drains();
        self.start_hooks(HookStage::BeforeStart).await?;
        self.open_resources().await?;
        self.start_components().await?;
        self.run_checks();
        self.gate_opened().await?;
        self.checked().await?;
        self.enter_running();
        self.register().await?;
        self.start_hooks(HookStage::AfterStart).await?;
        self.go_on()?;
        self.become_ready();
        Ok(())
    }

    fn core(&self) -> &Arc<Core> {
        self.parts.core()
    }

    fn settings(&self) -> &Settings {
        &self.parts.settings
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

    fn remark_unusable_listeners(&self) {
        for what in self.settings().environment().unusable() {
            self.core().journal.remark(what.clone());
        }
    }

    fn open_registries(&mut self) -> Result<(), CalledOff> {
        let settings = &self.parts.settings;
        let (registries, schemes) = (&settings.registries, &settings.schemes);
        let scope = &self.parts.registration.connections;
        self.registries = registration::open(registries, schemes, scope)?;
        Ok(())
    }

    /// The profile of the stop, and why it was chosen.
    fn drain_profile(&self) -> (DrainProfile, &'static str) {
        let seen_by_others = |registry: &&Opened| registry.seen_by_others;
        let seen_by_others = self.registries.iter().filter(seen_by_others).count();
        DrainProfile::choose(&self.settings().environment(), seen_by_others)
    }

    /// The plan of a stop, as far as the registries are open.
    pub(super) fn plan(&self) -> StopPlan {
        let settings = self.settings();
        let drain_delay = settings.drain_delay;
        let drain_delay = drain_delay.unwrap_or_else(|| self.drain_profile().0.drain_delay());
        let phases = settings.phases().len() + usize::from(self.parts.resources.is_any());
        StopPlan::new(settings.stop_timeout, drain_delay, phases)
    }

    fn emit_plan(&self) {
        let (profile, why) = self.drain_profile();
        self.core().emit(Event::Planned {
            profile,
            why,
            worst_case: self.plan(),
        });
    }

    /// Runs the hooks of a stage one after the other, each until its own limit. A hook that has not
    /// ended when a stop is asked for, or at its limit, goes on beside the stop.
    async fn start_hooks(&mut self, stage: HookStage) -> Result<(), CalledOff> {
        let core = Arc::clone(self.core());
        while let Some(hook) = self.parts.settings.hooks.take_next(stage) {
            self.go_on()?;
            let (hooks, root) = (&self.parts.start_hooks, self.parts.tree.scope());
            let values = self.parts.resources.values.clone();
            let mut hook = RunningHook::call(hook, &self.parts.app, values, hooks, root);
            let limit = hook.timeout.unwrap_or(self.settings().hook_timeout);
            let awaited = hook.awaited();
            let ended = core.journal.awaits(|| awaited.clone(), async {
                tokio::select! {
                    biased;
                    ended = &mut hook.task => HookEnd::Ended(ended),
                    _ = core.control.asked() => HookEnd::StopAsked,
                    () = tokio::time::sleep(limit) => HookEnd::TimedOut,
                }
            });
            match ended.await {
                HookEnd::Ended(ended) => hook
                    .record_end(ended)
                    .map_err(|error| CalledOff::by(error, self.settings(), &core))?,
                HookEnd::StopAsked => return Err(CalledOff::HookInterrupted(Box::new(hook))),
                HookEnd::TimedOut => {
                    let error = hook.timed_out(limit);
                    return Err(CalledOff::HookTimedOut(Box::new(hook), error));
                }
            }
        }
        Ok(())
    }

    // === components ===

    /// The app's life as resources and components see it at first.
    fn first_lifecycle(&self) -> Lifecycle {
        let mut lifecycle = Lifecycle::new();
        lifecycle.stage = Stage::Starting;
        lifecycle.drain_delay = self.plan().drain_delay;
        lifecycle
    }

    async fn open_resources(&mut self) -> Result<(), CalledOff> {
        let lifecycle = self.first_lifecycle();
        resources::open(&mut self.parts, &self.gate, lifecycle).await
    }

    async fn start_components(&mut self) -> Result<(), CalledOff> {
        let lifecycle = self.first_lifecycle();
        let mut starts = ComponentStarts::new(&mut self.parts, &self.gate, lifecycle);
        starts.run().await?;
        self.publish_endpoints()?;
        if let Some(latch) = self.components_start.take() {
            latch.open();
        }
        Ok(())
    }

    async fn gate_opened(&self) -> Result<(), CalledOff> {
        let (core, limit) = (self.core(), self.settings().gate_timeout);
        let latches = || {
            let names = self.gate.waiting_for().into_iter();
            names.map(str::to_owned).collect()
        };
        let awaited = || Awaited::Latches { names: latches() };
        let opened = core.journal.awaits(awaited, async {
            tokio::select! {
                biased;
                opened = self.gate.opened() => Ok(opened),
                _ = core.control.asked() => Err(CalledOff::StopAsked),
                () = tokio::time::sleep(limit) => {
                    let latches = latches();
                    Err(Error::GateTimeout { latches, limit }.into())
                }
            }
        });
        match opened.await? {
            Ok(()) => Ok(()),
            Err(abandoned) => Err(abandoned_by(&self.parts.components, core, abandoned).await),
        }
    }

    // === health ===

    /// A drain can be asked for at any time; what of it is possible is done.
    fn follow_drains(&self) {
        let drains = Drains {
            core: Arc::clone(self.core()),
            registries: self.registries.clone(),
            scope: self.parts.registration.registrations.clone(),
            drain_delay: self.plan().wanted_drain_delay,
        };
        let scope = &self.parts.health;
        scope.spawn_as("drains", Ending::MayBeDropped, drains.follow());
    }

    /// Every component accepts work from here on, and so every resource is there.
    fn run_checks(&mut self) {
        let checks = std::mem::take(&mut self.parts.settings.checks);
        let scope = self.parts.health.child("checks");
        let values = &self.parts.resources.values;
        health::run(checks, &self.parts.app, values, &scope);
    }

    /// Waits for the first results of required checks, whichever they are; each run has a limit.
    async fn checked(&self) -> Result<(), CalledOff> {
        let core = self.core();
        let awaited = || Awaited::Checks {
            names: core.health.pending(),
        };
        let checked = core.journal.awaits(awaited, async {
            tokio::select! {
                biased;
                () = core.health.first_results() => Ok(()),
                _ = core.control.asked() => Err(CalledOff::StopAsked),
            }
        });
        checked.await
    }

    /// Health is up from here on, when the checks say so.
    fn enter_running(&self) {
        let core = self.core();
        core.enter(Stage::Running);
        let components = self.parts.components.iter().map(Component::life);
        let lives = components.chain([self.parts.resources.life()]);
        let lives: Vec<_> = lives.collect();
        for life in &lives {
            life.send_modify(|life| life.stage = Stage::Running);
        }
        health::publish_now(core, &lives);
        let publishing = health::publish(Arc::clone(core), lives);
        let scope = &self.parts.health;
        scope.spawn_as("publish", Ending::MayBeDropped, publishing);
    }

    // === being found ===

    fn publish_endpoints(&self) -> Result<(), CalledOff> {
        let core = self.core();
        let components = self.parts.components.iter();
        let listening = components.flat_map(Component::listening);
        let listening: Vec<_> = listening.cloned().collect();
        let mut registries = self.registries.iter();
        let seen_by_others = registries.any(|registry| registry.seen_by_others);
        let advertise = &self.settings().advertise;
        let advertised =
            advertise.endpoints(&listening, registration::interfaces, seen_by_others)?;
        if seen_by_others && !advertised.loopback.is_empty() {
            core.emit(Event::LoopbackAdvertised {
                endpoints: advertised.loopback,
                why: advertised.why.join("; "),
            });
        }
        core.info.set_endpoints(advertised.endpoints);
        Ok(())
    }

    async fn register(&self) -> Result<(), CalledOff> {
        self.go_on()?;
        let (core, settings) = (self.core(), self.settings());
        let begun = tokio::time::Instant::now();
        let (registrations, scope) = (&core.registrations, &self.parts.registration.registrations);
        registrations.begin(&self.registries, scope, &core.journal)?;
        if settings.register_at_start == RegisterAtStart::Background {
            return Ok(());
        }
        for registered in registrations.all() {
            let left = settings.register_timeout.saturating_sub(begun.elapsed());
            tokio::select! {
                biased;
                // It is taken away again, and the start goes on without it.
                _ = core.control.drain_asked() => return Ok(()),
                shown = registered.first(left, &core.journal) => match shown {
                    // A drain that was taken back meanwhile: another one comes in its place.
                    Err(_) if registered.is_withdrawn() => return Ok(()),
                    shown => shown?,
                },
                _ = core.control.asked() => return Err(CalledOff::StopAsked),
            }
        }
        Ok(())
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
        };
        self.parts.reload.begin(reloads);
    }

    fn become_ready(&mut self) {
        self.begin_reloads();
        let core = self.core();
        core.open_ready();
        core.emit(Event::Ready {
            took: core.begun().elapsed(),
            stop: self.settings().signals.stopping(),
        });
    }
}

/// How the wait for a hook of the start has ended.
enum HookEnd {
    Ended(Result<(), kit_sync::TaskError>),
    StopAsked,
    TimedOut,
}

/// Makes events of the failures of tasks and of a forced stop, and stops the app with its parent.
fn observe(root: &Scope, core: &Arc<Core>, parent: Option<StopToken>) {
    // The core keeps the tree, which keeps this.
    let weak = Arc::downgrade(core);
    root.observe_failures(move |task| {
        if let Some(core) = weak.upgrade() {
            let task = task.clone();
            core.emit(Event::TaskFailed { task });
        }
    });
    let watch = root.child("watch");
    if let Some(parent) = parent {
        let core = Arc::clone(core);
        let parent = async move {
            parent.cancelled().await;
            core.control
                .ask(parent.cause().unwrap_or(Cause::ParentEnded));
        };
        watch.spawn_as("parent", Ending::MayBeDropped, parent);
    }
    let core = Arc::clone(core);
    let forced = async move {
        let signal = core.control.forced().await.signal;
        core.emit(Event::Forced { signal });
    };
    watch.spawn_as("forced", Ending::MayBeDropped, forced);
}
