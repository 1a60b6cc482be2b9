//! Where a worker stands, and what follows its failure.

use std::fmt;
use std::time::Duration;

use kit_sync::Repetition;

/// One worker or job of a component, in [`ComponentStatus`](crate::ComponentStatus) and
/// [`ComponentReport`](crate::ComponentReport).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct WorkerStatus {
    /// The path of its scope, such as `orders/outbox`, or `search/ingest/fetch` in a group.
    pub path: String,
    /// Where it stands.
    pub state: WorkerState,
    /// How often it has begun anew, after its own failures and those of siblings in its group.
    pub restarts: u64,
    /// Its failures.
    pub failures: u64,
    /// The last of them, with its sources.
    pub last_failure: Option<String>,
}

impl WorkerStatus {
    /// Of a worker that was added and has not begun.
    pub(crate) fn new(path: String) -> WorkerStatus {
        WorkerStatus {
            path,
            state: WorkerState::Running,
            restarts: 0,
            failures: 0,
            last_failure: None,
        }
    }

    /// It has failed or begun anew.
    pub(crate) fn has_news(&self) -> bool {
        self.failures + self.restarts > 0
    }

    /// All of it but the path.
    pub(crate) fn describe(&self) -> String {
        let plural = |count: u64| if count == 1 { "" } else { "s" };
        let (state, restarts, failures) = (self.state, self.restarts, self.failures);
        let mut text = format!(
            "{state}, {restarts} restart{}, {failures} failure{}",
            plural(restarts),
            plural(failures),
        );
        if let Some(failure) = &self.last_failure {
            text.push_str(", the last one: ");
            text.push_str(failure);
        }
        text
    }

    /// A run has begun: a restart, when it was to begin anew. One that a stop calls off is none.
    pub(crate) fn start(&mut self) {
        self.restarts += u64::from(self.state == WorkerState::Restarting);
        self.state = WorkerState::Running;
    }

    /// It has failed, and its state is as it was.
    pub(crate) fn count_failure(&mut self, why: &str) {
        self.failures += 1;
        self.last_failure = Some(why.to_owned());
    }

    pub(crate) fn fail(&mut self, why: &str, then: &AfterFailure) {
        self.count_failure(why);
        match then {
            AfterFailure::Restart { .. } => self.await_restart(),
            AfterFailure::NextTime { .. } => {}
            AfterFailure::Ignored | AfterFailure::Stop => self.state = WorkerState::Failed,
        }
    }

    /// It, or a sibling, has failed, and its delay has begun.
    pub(crate) fn await_restart(&mut self) {
        self.state = WorkerState::Restarting;
    }

    pub(crate) fn end(&mut self) {
        self.state = WorkerState::Ended;
    }

    /// Its component has stopped.
    pub(crate) fn stop(&mut self) {
        match self.state {
            WorkerState::Running => self.state = WorkerState::Aborted,
            WorkerState::Restarting => self.state = WorkerState::Ended,
            WorkerState::Ended | WorkerState::Failed | WorkerState::Aborted => {}
        }
    }
}

/// `orders/outbox: ended, 2 restarts, 2 failures, the last one: connection refused`.
impl fmt::Display for WorkerStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.describe())
    }
}

/// What a worker of a component is, in [`Event`](crate::Event) and [`Error`](crate::Error).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WorkerKind {
    /// It runs until it is cancelled, or is done every so often.
    Worker,
    /// It ends when it is done.
    Job,
}

impl fmt::Display for WorkerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            WorkerKind::Worker => "worker",
            WorkerKind::Job => "job",
        })
    }
}

/// Where a worker stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum WorkerState {
    /// It runs, or waits for its next time.
    Running,
    /// It, or a sibling, has failed, and it begins anew after a delay.
    Restarting,
    /// It was done, or was cancelled and has ended.
    Ended,
    /// It has failed and does not begin anew. The app stops, unless failures are ignored.
    Failed,
    /// It had not ended at the deadline of the stop.
    Aborted,
}

impl fmt::Display for WorkerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            WorkerState::Running => "running",
            WorkerState::Restarting => "restarting",
            WorkerState::Ended => "ended",
            WorkerState::Failed => "failed",
            WorkerState::Aborted => "aborted",
        })
    }
}

/// What follows the failure of a worker or a job.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AfterFailure {
    /// It begins anew after a delay. Each restart is an event; the log has a warning ever more rarely.
    Restart {
        /// The delay; it begins when the siblings have ended.
        delay: Duration,
        /// The paths of the siblings that begin anew with it. Periodic work keeps its times, and is
        /// not among them.
        siblings: Vec<String>,
    },
    /// The failure is ignored, and its next time comes. This comes ever more rarely.
    NextTime {
        /// How often since when.
        failures: Repetition,
    },
    /// The failure is ignored, and the app goes on without it.
    Ignored,
    /// The app stops.
    Stop,
}

impl fmt::Display for AfterFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AfterFailure::Restart { delay, siblings } if siblings.is_empty() => {
                write!(f, "it begins anew in {delay:.1?}")
            }
            AfterFailure::Restart { delay, siblings } => {
                write!(
                    f,
                    "it begins anew in {delay:.1?}, with {}",
                    siblings.join(", ")
                )
            }
            AfterFailure::NextTime { failures } => write!(f, "its next time comes{failures}"),
            AfterFailure::Ignored => f.write_str("the app goes on without it"),
            AfterFailure::Stop => f.write_str("the app stops"),
        }
    }
}
