//! The options of an application.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use kit_registry::Schemes;
use kit_sync::{Scope, StopToken, WatchdogOptions};
use kit_transport::{Phase, Server};

use crate::admin::{Admin, AdminRoute};
use crate::health::Check;
use crate::hook::Hooks;
use crate::last_step::LastStep;
use crate::registration::{Advertise, Registry, schemes};
use crate::reload::ReloadHook;
use crate::resource::Resource;
use crate::timeouts::Timeouts;
use crate::{Environment, Notifier, RuntimeOptions, Signals};

/// Whether the start waits for the registries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum RegisterAtStart {
    /// The app is ready only once every registry shows it; the start fails when one does not
    /// within [`register_timeout`](crate::AppBuilder::register_timeout).
    #[default]
    Required,
    /// The start does not wait; attempts go on in the background.
    Background,
}

/// The watchdog of an app that is [run](crate::App::run) inside another program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum RunWatchdog {
    /// There is none.
    #[default]
    None,
    /// It names what blocks the runtime, and says when a stop is overdue, by events. The process is
    /// not its own and goes on.
    Reports,
    /// It ends the process when a stop is overdue, as under [`App::main`](crate::App::main), with 1,
    /// or 128 + *n* when signal *n* had forced the stop.
    EndsProcess,
}

/// Every option but the identity. It travels whole through the stages of a run.
pub(crate) struct Settings {
    pub(crate) servers: Vec<Arc<dyn Server>>,
    pub(crate) resources: Vec<Resource>,
    pub(crate) registries: Vec<Registry>,
    pub(crate) schemes: Schemes,
    /// Where lists of instances are kept.
    pub(crate) cache_dir: Option<PathBuf>,
    pub(crate) register_at_start: RegisterAtStart,
    pub(crate) register_timeout: Duration,
    pub(crate) hooks: Hooks,
    pub(crate) checks: Vec<Check>,
    pub(crate) admin: Option<Admin>,
    pub(crate) admin_routes: Vec<AdminRoute>,
    pub(crate) hook_timeout: Duration,
    pub(crate) reload_hooks: Vec<ReloadHook>,
    pub(crate) reload_timeout: Duration,
    pub(crate) gate_timeout: Duration,
    pub(crate) start_timeout: Duration,
    pub(crate) stop_timeout: Duration,
    pub(crate) last_steps: Vec<LastStep>,
    pub(crate) drain_delay: Option<Duration>,
    pub(crate) advertise: Advertise,
    pub(crate) environment: Option<Environment>,
    pub(crate) signals: Signals,
    pub(crate) parent: Option<StopToken>,
    pub(crate) extensions: http::Extensions,
    /// Servers bind free ports of 127.0.0.1, for tests.
    pub(crate) free_ports: bool,
    /// The service manager of an app that is run inside another program.
    pub(crate) notifier: Option<Notifier>,
    /// Where the reason of a failed end is left.
    pub(crate) termination_message: Option<PathBuf>,
    pub(crate) watchdog: WatchdogOptions,
    pub(crate) run_watchdog: RunWatchdog,
    /// Of [`App::main`] alone, which takes them.
    pub(crate) runtime: Option<RuntimeOptions>,
    /// Where the watchdog lives, if there is one. That of [`App::main`] ends the process.
    pub(crate) watchdog_home: Option<Scope>,
}

impl Default for Settings {
    // The limits of time come from `Timeouts`, from which a file of settings starts as well, so that an app
    // without a file has the same ones.
    fn default() -> Settings {
        let timeouts = Timeouts::default();
        Settings {
            servers: Vec::new(),
            resources: Vec::new(),
            registries: Vec::new(),
            schemes: schemes(),
            cache_dir: None,
            register_at_start: RegisterAtStart::default(),
            register_timeout: timeouts.register,
            hooks: Hooks::default(),
            checks: Vec::new(),
            admin: None,
            admin_routes: Vec::new(),
            hook_timeout: timeouts.hook,
            reload_hooks: Vec::new(),
            reload_timeout: timeouts.reload,
            gate_timeout: timeouts.gate,
            start_timeout: timeouts.start,
            stop_timeout: timeouts.stop,
            last_steps: Vec::new(),
            drain_delay: None,
            advertise: Advertise::default(),
            environment: None,
            signals: Signals::default(),
            parent: None,
            extensions: http::Extensions::new(),
            free_ports: false,
            notifier: None,
            termination_message: None,
            watchdog: WatchdogOptions::default(),
            run_watchdog: RunWatchdog::default(),
            runtime: None,
            watchdog_home: None,
        }
    }
}

impl Settings {
    /// The limits of time, as a file has them.
    pub(crate) fn timeouts(&self) -> Timeouts {
        Timeouts {
            start: self.start_timeout,
            hook: self.hook_timeout,
            reload: self.reload_timeout,
            gate: self.gate_timeout,
            register: self.register_timeout,
            stop: self.stop_timeout,
        }
    }

    /// The environment that was given or detected, else an empty one.
    pub(crate) fn environment(&self) -> Environment {
        self.environment.clone().unwrap_or_default()
    }

    /// The service manager that was given, or else found in the environment.
    pub(crate) fn notifier(&self) -> Option<Notifier> {
        let found = || self.environment.as_ref()?.notifier().cloned();
        self.notifier.clone().or_else(found)
    }

    /// The phases that have components, in ascending order.
    pub(crate) fn phases(&self) -> Vec<Phase> {
        let mut phases: Vec<_> = self.servers.iter().map(|server| server.phase()).collect();
        phases.sort_unstable();
        phases.dedup();
        phases
    }

    /// The time that all last steps together want, and of it that of those after the events.
    pub(crate) fn last_steps_limits(&self) -> [Duration; 2] {
        let all = self.last_steps.iter().map(|step| step.limit).sum();
        let late = self.last_steps.iter().filter(|step| step.is_after_events);
        [all, late.map(|step| step.limit).sum()]
    }

    /// The number of components that keep the app running until they are done.
    pub(crate) fn keep_alive(&self) -> usize {
        let servers = self.servers.iter();
        servers.filter(|server| !server.auxiliary()).count()
    }
}
