//! The parts of a scripted app.

use kit_app::HookStage;

use super::behaviour::{Anew, Call, LatchUse, Life, OnFailure};

/// A server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerScript {
    /// When it starts.
    pub phase: u16,
    /// Its `start`.
    pub start: Call,
    /// The task that it spawns at the end of its start.
    pub life: Life,
    /// Its `stop`, which has no token.
    pub stop: Call,
    /// Its latch.
    pub latch: LatchUse,
    /// Another task that it spawns, which is no reason to live.
    pub spawns: Option<Life>,
}

/// A worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerScript {
    /// When it begins.
    pub phase: u16,
    /// What its failure does.
    pub on_failure: OnFailure,
    /// It takes an item from its queue each time that this has passed, while its intake is open; with 0 it
    /// has no queue.
    pub takes_every: u64,
    /// How long its work on an item takes. It finishes what it has taken.
    pub item_takes: u64,
    /// What each of its runs does with a latch.
    pub latch: LatchUse,
    /// Its runs, of which the last one stands for all later ones.
    pub runs: Vec<Life>,
}

/// Workers that begin anew together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupScript {
    /// When they begin.
    pub phase: u16,
    /// Which of them begin anew after the failure of one.
    pub anew: Anew,
    /// How often within a minute, after 50 ms at first.
    pub restarts: u64,
    /// How long those that are to begin anew may take to end.
    pub restart_limit: u64,
    /// The workers, of which there is at least one.
    pub members: Vec<MemberScript>,
}

/// A worker of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MemberScript {
    /// It runs until it is cancelled.
    Lives {
        /// As that of a [worker](WorkerScript::takes_every).
        takes_every: u64,
        /// As that of a [worker](WorkerScript::item_takes).
        item_takes: u64,
        /// Its runs, of which the last one stands for all later ones.
        runs: Vec<Life>,
    },
    /// Work that is done every so often.
    Repeats {
        /// Its period.
        every: u64,
        /// Its times, of which the last one stands for all later ones.
        runs: Vec<Call>,
    },
}

/// A job, or work that is done every so often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobScript {
    /// When it begins.
    pub phase: u16,
    /// What its failure does.
    pub on_failure: OnFailure,
    /// With a period it is periodic work.
    pub every: Option<u64>,
    /// The limit within which the start waits for it, if it does.
    pub awaited: Option<u64>,
    /// Its runs, of which the last one stands for all later ones.
    pub runs: Vec<Call>,
}

/// A hook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookScript {
    /// When it runs.
    pub stage: HookStage,
    /// Its call.
    pub call: Call,
    /// A task that it spawns first.
    pub spawns: Option<Life>,
}

/// A hook of a reload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReloadScript {
    /// Its calls, of which the last one stands for all later ones.
    pub calls: Vec<Call>,
    /// A task that each call spawns first.
    pub spawns: Option<Life>,
}

/// A resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceScript {
    /// Its `open`.
    pub open: Call,
    /// Its `close`, which has no token.
    pub close: Call,
    /// A task that `open` spawns first.
    pub spawns: Option<Life>,
}

/// A registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryScript {
    /// Its calls of `register`, of which the last one stands for all later ones. They have no token.
    pub register: Vec<Call>,
    /// The same of `deregister`.
    pub deregister: Vec<Call>,
    /// The instance is lost this long after each beginning of `keep_alive`.
    pub kept_for: Option<u64>,
}

/// A health check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckScript {
    /// Whether readiness depends on it.
    pub required: bool,
    /// From one run to the next.
    pub period: u64,
    /// Its runs, of which the last one stands for all later ones. They have no token.
    pub runs: Vec<Call>,
}

/// A last step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastStepScript {
    /// Its limit.
    pub limit: u64,
    /// Whether it panics.
    pub panics: bool,
    /// Whether it runs after the events are delivered.
    pub after_events: bool,
}
