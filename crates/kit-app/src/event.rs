//! The events of an application's life, as types: logs, metrics and tests are their consumers.

mod awaited;
mod display;

use std::time::Duration;

use kit_registry::Endpoint;
use kit_sync::{Cause, Repetition, TaskReport, WatchdogEvent};
use kit_transport::{Drained, Listening, Phase, Stage};

pub use awaited::Awaited;
pub(crate) use awaited::{NAMED, alive_in};

use crate::status::ComponentStatus;
use crate::{AfterFailure, DrainProfile, HookStage, Orchestrator, Signal, StopPlan, WorkerKind};

/// One step of the [start and stop sequences](crate), given to the log and to every
/// [observer](crate::AppBuilder::observer) in the order of the sequences, on every path; see
/// [`Delivery`](crate::Delivery).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// The application went from one state to the next.
    Entered {
        /// The new state.
        stage: Stage,
    },
    /// From here on each of these signals is a clean stop.
    SignalsReady {
        /// Those that ask for one.
        stop: Vec<Signal>,
    },
    /// The admin server answers.
    AdminStarted {
        /// Where it listens.
        listening: Vec<Listening>,
    },
    /// The course of a stop: the profile, why it was chosen, and the worst case.
    Planned {
        /// What routes requests to this process.
        profile: DrainProfile,
        /// The fact that decided it.
        why: &'static str,
        /// The longest that each stage may take.
        worst_case: StopPlan,
        /// What runs the process, and kills it when the stop takes too long.
        orchestrator: Orchestrator,
    },
    /// A hook was called.
    HookStarting {
        /// When it runs.
        stage: HookStage,
        /// Its name.
        name: String,
    },
    /// A hook ended.
    HookEnded {
        /// When it ran.
        stage: HookStage,
        /// Its name.
        name: String,
        /// For how long.
        took: Duration,
        /// How it failed, if it did.
        error: Option<String>,
    },
    /// A resource's `open` was called.
    ResourceOpening {
        /// Its name.
        name: String,
    },
    /// A resource is open: what starts from here on finds its value.
    ResourceOpened {
        /// Its name.
        name: String,
        /// How long it took.
        took: Duration,
    },
    /// A component's start was called.
    ComponentStarting {
        /// Its name.
        name: String,
        /// Its phase.
        phase: Phase,
    },
    /// A component accepts work.
    ComponentStarted {
        /// Its name.
        name: String,
        /// Where it is listening.
        listening: Vec<Listening>,
        /// How long its start took.
        took: Duration,
    },
    /// A worker or a job has begun: at first, and each time that it begins anew after a failure. Work
    /// that is done every so often begins once. The events of workers come between any two others.
    WorkerStarted {
        /// Its component.
        component: String,
        /// Whether it is a worker or a job.
        kind: WorkerKind,
        /// The path of its scope, such as `orders/outbox`.
        path: String,
    },
    /// A worker or a job has failed or panicked, or has ended although it should not have.
    WorkerFailed {
        /// Its component.
        component: String,
        /// Whether it is a worker or a job.
        kind: WorkerKind,
        /// The path of its scope.
        path: String,
        /// The failure and its sources.
        why: String,
        /// What follows by its policy. When the app stops, that failure comes next.
        then: AfterFailure,
    },
    /// A worker or a job has ended as it should.
    WorkerEnded {
        /// Its component.
        component: String,
        /// Whether it is a worker or a job.
        kind: WorkerKind,
        /// The path of its scope.
        path: String,
        /// Since it was begun first, restarts and delays included.
        took: Duration,
    },
    /// Every named task of a component has ended before a stop. When that is a failure, the
    /// failure comes next; that of a worker came before.
    ComponentEnded {
        /// Its name.
        name: String,
    },
    /// A task failed or panicked, and its component or hook goes on. It comes between any two others,
    /// when it happens. Where the failure is one of the app it is [`Failed`](Event::Failed)
    /// instead: that of a component's last task, or of a task that drains.
    TaskFailed {
        /// The task: its path, its place, and how it failed.
        task: TaskReport,
    },
    /// The lifecycle has been waiting for 2 s, or for 10 s more than the last time.
    Waiting {
        /// For which hook, component, latch or registry.
        what: Awaited,
        /// For how long.
        since: Duration,
    },
    /// Registries that other machines read show endpoints of this machine alone, such as
    /// `127.0.0.1`. Once, at the start, which goes on.
    LoopbackAdvertised {
        /// Which.
        endpoints: Vec<Endpoint>,
        /// How that came about, and what to do about it.
        why: String,
    },
    /// A check fails that passed, or had no result yet.
    CheckFailed {
        /// Its name.
        name: String,
        /// Whether the app is not ready because of it.
        required: bool,
        /// Why.
        reason: String,
    },
    /// A check passes that failed, or had no result yet.
    CheckPassed {
        /// Its name.
        name: String,
        /// Whether readiness depends on it.
        required: bool,
    },
    /// A drain begins by request: health is down, the instance is being deregistered, and everything
    /// is served. It comes between any two others, as do those that follow from it.
    DrainBegan {
        /// What it was asked for, or from where.
        why: String,
    },
    /// A drain has come to its end: no registry shows the instance, and the drain delay has passed.
    Drained {
        /// Since it was asked for.
        took: Duration,
    },
    /// A drain was taken back: health is what the checks say, and the instance is being registered.
    DrainEnded,
    /// The instance is being registered.
    Registering {
        /// Which registry.
        registry: String,
        /// The endpoints that others will see.
        endpoints: Vec<Endpoint>,
    },
    /// The registry shows the instance, for the first time or again after failures.
    Registered {
        /// Which registry.
        registry: String,
    },
    /// The registry does not show the instance, or cannot be asked. Attempts go on; while
    /// they fail, this event comes ever more rarely.
    RegistrationLost {
        /// Which registry.
        registry: String,
        /// Why.
        why: String,
        /// How often since when.
        failures: Repetition,
    },
    /// The registry has not accepted a change, and shows the instance as it was before it, which is
    /// kept alive. Attempts go on, and this event comes as rarely as that of a
    /// registration that is lost.
    RegistrationOutdated {
        /// Which registry.
        registry: String,
        /// The value that is shown, and why.
        why: String,
        /// How often since when.
        failures: Repetition,
    },
    /// The start is complete. [`AppHandle::started`](crate::AppHandle::started) resolves behind it.
    Ready {
        /// How long it took.
        took: Duration,
        /// Why the app is not ready all the same, such as `check database fails`; empty when it is.
        not_ready: Vec<String>,
        /// The signals that stop it; none when it takes none.
        stop: Vec<Signal>,
    },
    /// Something failed: the app stops, or its stop goes on.
    Failed {
        /// The failure and its sources.
        error: String,
    },
    /// A fault that changes neither the app's course nor its exit code.
    Remark {
        /// The fault and its sources.
        what: String,
    },
    /// A stop was asked for. It comes at once, from the thread that asks, or when the stop begins where
    /// delivery is [inline](crate::Delivery::Inline); and never once the run is over.
    ///
    /// `Entered` for the states of the start, and `Ready`, come before it or not at all, whatever the
    /// delivery. Steps that have begun end behind it: a hook, an `open`, the start of a component.
    StopAsked {
        /// By what.
        cause: Cause,
        /// It is because of the failure in the event before.
        failed: bool,
    },
    /// A signal moved the deadline to now. It comes from the thread that took the signal, like
    /// [`StopAsked`](Event::StopAsked), and behind that.
    Forced {
        /// Which signal.
        signal: Signal,
    },
    /// A signal changed nothing, because the app is stopping. It comes between any two others.
    SignalRepeated {
        /// Which signal.
        signal: Signal,
    },
    /// A signal came during a stop; the next one forces it. It comes between any two others.
    NextForces {
        /// Which signal.
        signal: Signal,
    },
    /// A reload begins: its hooks are called. It comes between any two others, from
    /// [`Ready`](Event::Ready) on.
    ReloadStarting {
        /// What asked for it: a signal, or [`AppHandle::reload`](crate::AppHandle::reload).
        cause: Cause,
    },
    /// A hook of a reload has ended, or was dropped. It comes between any two others.
    ReloadHookEnded {
        /// Its name.
        name: String,
        /// For how long it ran.
        took: Duration,
        /// How it failed, if it did. The app goes on.
        error: Option<String>,
    },
    /// A reload has ended. One that a stop has overtaken does not. It comes between any two others.
    Reloaded {
        /// How long all its hooks took.
        took: Duration,
        /// How many of them have failed.
        failed: usize,
    },
    /// A signal asked for a reload, and there is no hook that reads anything again. It comes between any
    /// two others.
    NothingToReload {
        /// Which signal.
        signal: Signal,
    },
    /// A signal asked for the states of the components and the task tree. It comes between any two
    /// others.
    Dumped {
        /// Which signal.
        signal: Signal,
        /// The components whose start was called, in that order.
        components: Vec<ComponentStatus>,
        /// The tree without owners of nothing, in several lines.
        tree: String,
    },
    /// The registry does not show the instance any more, or that could not be confirmed.
    Deregistered {
        /// Which registry.
        registry: String,
        /// How long it took.
        took: Duration,
        /// Why it could not be confirmed, if it could not.
        error: Option<String>,
    },
    /// Requests are still taken for this long.
    DrainDelay {
        /// The delay in effect.
        delay: Duration,
        /// It was cut from this, because the deadline is near.
        cut_from: Option<Duration>,
    },
    /// A component begins to drain: its scope is cancelled.
    ComponentStopping {
        /// Its name.
        name: String,
    },
    /// A component has ended.
    ComponentStopped {
        /// Its name.
        name: String,
        /// How long it took.
        took: Duration,
        /// The result of its drain, if it is a server.
        drained: Option<Drained>,
        /// Its cuts, counted by kind, if there were any.
        cut: Option<String>,
    },
    /// A resource's `close` is called; its value is not found any more.
    ResourceClosing {
        /// Its name.
        name: String,
    },
    /// A resource is closed, and its tasks have ended.
    ResourceClosed {
        /// Its name.
        name: String,
        /// How long it took.
        took: Duration,
        /// How it failed, if it did.
        error: Option<String>,
    },
    /// The watchdog of [`App::main`](crate::App::main) has noticed something. It comes between
    /// any two others.
    Watchdog(WatchdogEvent),
    /// The future of [`App::run`](crate::App::run) was dropped: every task is aborted, nothing is
    /// drained, and an instance stays in its registries until its lease ends.
    RunDropped,
    /// Nothing runs any more.
    Stopped {
        /// From the request to stop to the end.
        took: Duration,
        /// What the process should exit with.
        exit_code: u8,
    },
}
