//! The application lifecycle of Kit.
//!
//! An [`App`] is one process: its identity ([`Info`]), its servers (in [phases](Phase)), when they start
//! and stop (with named hooks around them), the signals that it takes, and the registries in which
//! others find it. It is put together with an [`AppBuilder`], whose
//! options are plain functions.
//!
//! # The two sequences
//!
//! **Start**: `before_start` hooks in order → resources opened in order → phases ascending, the components of one at the same
//! time → every readiness latch open → *running*, health up → registered → `after_start` hooks →
//! *ready*.
//!
//! **Stop**, whatever asked for it: *lame duck*, health down → `before_stop` hooks → deregistered →
//! the drain delay → *draining*, phases descending → resources closed in the reverse order →
//! `after_stop` hooks → *stopped*. A start that
//! fails or is called off runs the same stop from the point that it had reached.
//!
//! One deadline, [`stop_timeout`](AppBuilder::stop_timeout), bounds the whole stop, and each stage
//! leaves a reserve for those that follow. [`App::run`] returns when nothing of the app is alive,
//! with a [`Report`] that names every task that did not end in time.

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg_attr(not(feature = "admin"), path = "no_admin.rs")]
mod admin;
mod app;
mod bounds;
mod budget;
mod builder;
mod component;
mod control;
mod core;
mod drain_profile;
mod environment;
mod error;
mod event;
mod events;
#[cfg(feature = "http")]
mod extractors;
#[cfg(test)]
mod failures_table;
mod from_settings;
mod handle;
mod health;
mod hook;
mod info;
mod journal;
mod last_step;
mod last_words;
mod latches;
mod log;
mod names;
mod options;
mod orchestrator;
mod panics;
mod plural;
mod process;
mod registration;
mod reload;
mod report;
mod resource;
mod run;
mod runtime;
mod settings;
mod signals;
mod status;
#[cfg(feature = "testing")]
pub mod testing;
mod timeouts;
mod tree_text;
mod worker;
mod wrong_options;

#[cfg(feature = "admin")]
pub use admin::{Admin, AdminAnswer, AdminRequest, AdminRoute};
pub use app::App;
pub use budget::StopPlan;
pub use builder::AppBuilder;
pub use drain_profile::DrainProfile;
pub use environment::Environment;
pub use error::{Error, GivenUp, RunError};
pub use event::{Awaited, Event};
pub use events::{Delivery, Stamped, Undelivered};
pub use from_settings::from_settings;
pub use handle::{AppHandle, NeverReady, StopBegun};
pub use health::{CheckContext, CheckOptions, CheckState, CheckStatus, Fact, Probe};
pub use hook::{HookContext, HookOptions, HookStage};
pub use info::Info;
pub use kit_sync::{BoxError, Cause, WatchdogEvent, WatchdogOptions};
pub use kit_transport::{MissingValue, Phase, Stage};
pub use last_step::LastStep;
pub use options::{AppOptions, RegistrationOptions};
pub use orchestrator::{Notifier, Orchestrator};
pub use panics::log_panics;
pub use registration::{OpenRegistry, RegistrationStatus};
pub use report::{
    ComponentEnd, ComponentReport, CutReport, HookReport, LastStepReport, RegistrationReport,
    Report, ResourceReport,
};
pub use resource::{ResourceLimits, ResourceOptions};
pub use runtime::RuntimeOptions;
pub use settings::{RegisterAtStart, RunWatchdog};
pub use signals::{AfterRun, Signal, SignalOptions, SignalSender, Signals};
pub use status::{ComponentState, ComponentStatus};
pub use timeouts::Timeouts;
pub use worker::{
    AfterFailure, Every, Policy, Restarts, WorkerGroup, WorkerKind, WorkerOptions, WorkerState,
    WorkerStatus,
};
