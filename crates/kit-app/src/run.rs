//! One run of an application: what the start builds up and the stop takes down.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use kit_registry::{Schemes, ServiceInstance};
use kit_sync::{Cause, Ending, Gate, Scope, StopToken, Task, TaskTree, error_chain};
use kit_transport::{Lifecycle, Server, Stage};
use tokio::time::Instant;

use crate::advertise::Advertise;
use crate::budget::Plan;
use crate::builder::{RegisterAtStart, Settings};
use crate::check::check;
use crate::component::{Component, source_of};
use crate::handle::{AppHandle, Core};
use crate::hook::{Hook, HookContext, HookOptions, HookStage};
use crate::registrations::{Registered, Registry};
use crate::signals::Installed;
use crate::watchdog;
use crate::{
    Awaited, ComponentReport, Environment, Error, Event, HookReport, RegistrationReport, Report,
    RunError, Signal,
};

pub(crate) struct Run {
    pub(crate) core: Arc<Core>,
    pub(crate) handle: AppHandle,
    pub(crate) tree: TaskTree,
    pub(crate) scopes: Scopes,
    pub(crate) signals: Option<Installed>,
    pub(crate) begun: Instant,

    // What the author gave.
    pub(crate) servers: Vec<Arc<dyn Server>>,
    pub(crate) registries: Vec<Registry>,
    pub(crate) schemes: Schemes,
    pub(crate) register_at_start: RegisterAtStart,
    pub(crate) register_timeout: Duration,
    pub(crate) hooks: VecDeque<Hook>,
    pub(crate) hook_timeout: Duration,
    pub(crate) gate_timeout: Duration,
    pub(crate) start_timeout: Duration,
    pub(crate) stop_timeout: Duration,
    pub(crate) drain_delay: Option<Duration>,
    pub(crate) advertise: Advertise,
    pub(crate) environment: Environment,
    pub(crate) extensions: http::Extensions,
    pub(crate) parent: Option<StopToken>,

    // What the start has built up so far.
    pub(crate) plan: Plan,
    pub(crate) gate: Gate,
    pub(crate) lifecycle: Lifecycle,
    pub(crate) components: Vec<Component>,
    pub(crate) registered: Vec<Registered>,
    pub(crate) deregistering: VecDeque<Task<RegistrationReport>>,
    /// The hook that was running when the start was called off.
    pub(crate) interrupted: Option<RunningHook>,

    // What the report will say.
    pub(crate) hook_reports: Vec<HookReport>,
    pub(crate) component_reports: Vec<ComponentReport>,
    pub(crate) registration_reports: Vec<RegistrationReport>,
}

/// Where the tasks live that belong to no component.
pub(crate) struct Scopes {
    /// Hooks of the start, and the tasks that they spawn: told when a stop begins.
    pub(crate) start_hooks: Scope,
    /// Hooks of the stop, and the tasks that they spawn.
    pub(crate) stop_hooks: Scope,
    /// The app's own tasks that see components end.
    pub(crate) supervision: Scope,
    /// The app's own tasks of a stop.
    pub(crate) stopping: Scope,
    pub(crate) registrations: Scope,
    /// Connections to registries: closed after the registrations that use them.
    pub(crate) registries: Scope,
}

/// The start was called off: a stop was asked for.
#[derive(Debug)]
pub(crate) struct CalledOff;

impl Run {
    pub(crate) fn new(handle: AppHandle, settings: Settings) -> Result<Run, Error> {
        let checked = check(&settings);
        let Settings {
            servers,
            registries,
            schemes,
            register_at_start,
            register_timeout,
            hooks,
            hook_timeout,
            gate_timeout,
            start_timeout,
            stop_timeout,
            drain_delay,
            advertise,
            environment,
            signals,
            parent,
            mut extensions,
            watchdog: options,
            watchdog_home,
        } = settings;
        let core = Arc::clone(handle.core());
        let tree = TaskTree::new(core.info.name());
        core.set_tasks(tree.scope());
        let installed = checked
            .and_then(|()| instance(&core).map(drop))
            .and_then(|()| signals.install(tree.scope(), &core));
        let installed = installed.and_then(|signals| match watchdog_home {
            None => Ok(signals),
            Some(scope) => {
                let home = watchdog::Home { scope, options };
                let started = watchdog::start(home, tree.scope(), &core, stop_timeout);
                started.map(|()| signals).map_err(Error::Watchdog)
            }
        });
        let signals = installed?;
        extensions.insert(Arc::clone(&core.info));
        extensions.insert(handle.clone());
        let told = Arc::downgrade(&core);
        tree.scope().observe_failures(move |task| {
            if let Some(core) = told.upgrade() {
                let task = task.clone();
                core.emit(Event::TaskFailed { task });
            }
        });
        let child = |name| tree.scope().child(name);
        let scopes = Scopes {
            start_hooks: child("hooks"),
            stop_hooks: child("hooks"),
            supervision: child("supervision"),
            stopping: child("stopping"),
            registrations: child("registrations"),
            registries: child("registries"),
        };
        let watch = tree.scope().child("watch");
        if let Some(parent) = parent.clone() {
            let core = Arc::clone(&core);
            let parent = async move {
                parent.cancelled().await;
                core.control
                    .ask(parent.cause().unwrap_or(Cause::ParentEnded));
            };
            watch.spawn_as("parent", Ending::MayBeDropped, parent);
        }
        let forced = {
            let core = Arc::clone(&core);
            async move {
                let signal = core.control.forced().await.signal;
                let signal = Signal::from(signal);
                core.emit(Event::Forced { signal });
            }
        };
        watch.spawn_as("forced", Ending::MayBeDropped, forced);
        Ok(Run {
            plan: Plan::new(stop_timeout, Duration::ZERO, 0),
            core,
            handle,
            tree,
            scopes,
            signals: Some(signals),
            begun: Instant::now(),
            servers,
            registries,
            schemes,
            register_at_start,
            register_timeout,
            hooks: hooks.into(),
            hook_timeout,
            gate_timeout,
            start_timeout,
            stop_timeout,
            drain_delay,
            advertise,
            environment: environment.unwrap_or_default(),
            extensions,
            parent,
            gate: Gate::new(),
            lifecycle: Lifecycle::new(),
            components: Vec::new(),
            registered: Vec::new(),
            deregistering: VecDeque::new(),
            interrupted: None,
            hook_reports: Vec::new(),
            component_reports: Vec::new(),
            registration_reports: Vec::new(),
        })
    }

    /// `home` is where the threads of the lifecycle live.
    pub(crate) async fn until_stopped(mut self, home: &TaskTree) -> Result<Report, RunError> {
        if self.start().await.is_err() {
            self.core.give_up_ready();
        }
        let asked = self.core.control.asked().await;
        let (cause, failed) = (asked.cause.clone(), asked.failed);
        self.core.emit(Event::StopAsked { cause, failed });
        self.stop(asked, home).await
    }

    pub(crate) fn enter(&mut self, stage: Stage) {
        self.lifecycle.stage = stage;
        self.core.enter(stage);
    }

    /// Tells every component that was started so far.
    pub(crate) fn publish_lifecycle(&self) {
        for component in &self.components {
            component.set_lifecycle(|life| life.clone_from(&self.lifecycle));
        }
    }

    pub(crate) fn take_hooks(&mut self, stage: HookStage) -> VecDeque<Hook> {
        let (taken, left) = self.hooks.drain(..).partition(|hook| hook.stage == stage);
        self.hooks = left;
        taken
    }

    /// Calls a hook: in a task, so that a panic or a blocked thread is the hook's alone.
    pub(crate) fn call_hook(&self, hook: Hook) -> RunningHook {
        let (stage, name, options) = (hook.stage, hook.name.clone(), hook.options);
        self.core.emit(Event::HookStarting {
            stage,
            name: name.clone(),
        });
        let all = match stage {
            HookStage::BeforeStart | HookStage::AfterStart => &self.scopes.start_hooks,
            HookStage::BeforeStop | HookStage::AfterStop => &self.scopes.stop_hooks,
        };
        // Beside each other: a hook that is dropped leaves its tasks their time.
        let calls = all.child("calls");
        // How the hook itself ends is an event of its own.
        calls.observe_failures(|_| ());
        let scope = all.child(stage.to_string()).child(&name);
        // Told in the middle, the hook can still use its scope until it returns.
        let open = scope.keep_open();
        let context = HookContext::new(self.handle.clone(), scope.clone());
        let task = calls.spawn(name.clone(), async move {
            let _open = open;
            hook.run(context).await
        });
        RunningHook {
            stage,
            name,
            options,
            scope,
            calls,
            task,
            begun: Instant::now(),
        }
    }

    /// Notes how a hook ended; a failure is given back.
    pub(crate) fn hook_ended(
        &mut self,
        hook: &RunningHook,
        ended: Result<(), kit_sync::TaskError>,
    ) -> Result<(), Error> {
        let (stage, name) = (hook.stage, hook.name.clone());
        let ended = ended.map_err(|error| Error::Hook {
            stage,
            name,
            source: source_of(error),
        });
        self.report_hook(hook, ended.as_ref().err());
        ended
    }

    /// Drops a hook that did not end in time.
    pub(crate) async fn drop_hook(&mut self, hook: RunningHook) -> Error {
        hook.calls.close(Instant::now()).await;
        hook.scope.cancel(Cause::Deadline);
        let ran = hook.begun.elapsed();
        let error = Error::HookDropped {
            stage: hook.stage,
            name: hook.name.clone(),
            ran,
        };
        self.report_hook(&hook, Some(&error));
        error
    }

    fn report_hook(&mut self, hook: &RunningHook, error: Option<&Error>) {
        let (stage, name, took) = (hook.stage, hook.name.clone(), hook.begun.elapsed());
        let error = error.map(|error| error_chain(error));
        let event = Event::HookEnded {
            stage,
            name: name.clone(),
            took,
            error: error.clone(),
        };
        self.core.emit(event);
        self.hook_reports.push(HookReport {
            stage,
            name,
            took,
            error,
        });
    }
}

/// A hook that was called and has not ended.
pub(crate) struct RunningHook {
    pub(crate) stage: HookStage,
    name: String,
    pub(crate) options: HookOptions,
    /// What the hook was handed.
    pub(crate) scope: Scope,
    /// Where the hook itself runs.
    calls: Scope,
    pub(crate) task: Task<()>,
    begun: Instant,
}

impl RunningHook {
    pub(crate) fn awaited(&self) -> Awaited {
        Awaited::Hook {
            stage: self.stage,
            name: self.name.clone(),
        }
    }

    /// It has used up its time.
    pub(crate) fn timed_out(&self, limit: Duration) -> Error {
        Error::HookTimeout {
            stage: self.stage,
            name: self.name.clone(),
            limit,
        }
    }
}

/// The instance as registries are to show it now.
pub(crate) fn instance(core: &Core) -> Result<ServiceInstance, Error> {
    let info = &core.info;
    let mut instance = ServiceInstance::builder(info.id(), info.name()).version(info.version());
    for (key, value) in info.metadata().iter() {
        instance = instance.metadata(key, value);
    }
    for endpoint in info.endpoints().iter() {
        instance = instance.endpoint(endpoint.clone());
    }
    instance.build().map_err(Error::Identity)
}
