//! What became of the tasks of a scope.

use std::fmt;
use std::time::Duration;

use super::place::{Place, TaskPath};

/// How many failures are kept with their text; the rest is counted.
const KEPT: usize = 16;

/// How a task ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub enum Outcome {
    /// By itself.
    Completed,
    /// With an error.
    Failed {
        /// The error and its sources.
        error: String,
    },
    /// With a panic.
    Panicked {
        /// The panic's message.
        message: String,
        /// Where it happened; unknown without [the hook](crate::panic::install_hook).
        location: Option<String>,
    },
    /// Dropped when it was told, as its spawn allowed.
    Cancelled,
    /// Dropped at the deadline.
    Aborted,
    /// Still running when the report was made, as its spawn allowed.
    LeftBehind {
        /// The reason that its spawn gave.
        reason: String,
    },
    /// Still running when the report was made, although it was told and aborted.
    Stuck {
        /// Why it could not be ended.
        why: String,
    },
}

impl Outcome {
    /// Whether the task failed or panicked.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        matches!(self, Outcome::Failed { .. } | Outcome::Panicked { .. })
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Completed => f.write_str("completed"),
            Outcome::Failed { error } => write!(f, "failed: {error}"),
            Outcome::Panicked {
                message,
                location: Some(at),
            } => write!(f, "panicked at {at}: {message}"),
            Outcome::Panicked {
                message,
                location: None,
            } => write!(f, "panicked: {message}"),
            Outcome::Cancelled => f.write_str("cancelled"),
            Outcome::Aborted => f.write_str("aborted at the deadline"),
            Outcome::LeftBehind { reason } => write!(f, "left behind: {reason}"),
            Outcome::Stuck { why } => write!(f, "could not be ended: {why}"),
        }
    }
}

/// One named task.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct TaskReport {
    /// The names of its scopes and its own, such as `helloworld/http/accept`.
    pub path: TaskPath,
    /// Where it was spawned.
    pub spawned_at: Place,
    /// From its spawn to its end.
    pub age: Duration,
    /// How it ended.
    pub outcome: Outcome,
}

impl fmt::Display for TaskReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TaskReport {
            path,
            spawned_at,
            age,
            outcome,
        } = self;
        write!(f, "{path} (spawned at {spawned_at}, {age:.1?}): {outcome}")
    }
}

/// What became of a scope that was closed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct CloseReport {
    /// Every named task that was present when the scope was told.
    pub tasks: Vec<TaskReport>,
    /// The first failures from before.
    pub failures: Vec<TaskReport>,
    /// How many more there were.
    pub more_failures: usize,
    /// Unnamed members that were aborted at the deadline.
    pub aborted_members: usize,
    /// [Holds](crate::Hold) that were told at the deadline and are held still.
    pub stuck_holds: usize,
    /// From the call of `close` to its return.
    pub took: Duration,
}

impl CloseReport {
    /// Whether everything ended before the deadline.
    #[must_use]
    pub fn on_time(&self) -> bool {
        self.aborted_members == 0 && self.stuck_holds == 0 && self.cut().next().is_none()
    }

    /// Adds what became of another scope.
    pub fn absorb(&mut self, other: CloseReport) {
        self.tasks.extend(other.tasks);
        self.failures.extend(other.failures);
        self.more_failures += other.more_failures;
        self.aborted_members += other.aborted_members;
        self.stuck_holds += other.stuck_holds;
        self.took += other.took;
    }

    /// The tasks that run on although they were told and aborted.
    pub fn stuck(&self) -> impl Iterator<Item = &TaskReport> {
        self.cut()
            .filter(|task| matches!(task.outcome, Outcome::Stuck { .. }))
    }

    /// The tasks that did not end by themselves in time.
    pub fn cut(&self) -> impl Iterator<Item = &TaskReport> {
        self.tasks
            .iter()
            .filter(|task| matches!(task.outcome, Outcome::Aborted | Outcome::Stuck { .. }))
    }
}

/// What a node remembers until somebody asks.
#[derive(Debug, Default)]
pub(super) struct Records {
    pub(super) tasks: Vec<TaskReport>,
    failures: Vec<TaskReport>,
    more_failures: usize,
    pub(super) aborted_members: usize,
    pub(super) stuck_holds: usize,
}

impl Records {
    pub(super) fn failure(&mut self, report: TaskReport) {
        if self.failures.len() < KEPT {
            self.failures.push(report);
        } else {
            self.more_failures += 1;
        }
    }

    pub(super) fn absorb(&mut self, other: Records) {
        self.tasks.extend(other.tasks);
        self.more_failures += other.more_failures;
        self.aborted_members += other.aborted_members;
        self.stuck_holds += other.stuck_holds;
        other
            .failures
            .into_iter()
            .for_each(|report| self.failure(report));
    }

    pub(super) fn into_report(self, took: Duration) -> CloseReport {
        let Records {
            tasks,
            failures,
            more_failures,
            aborted_members,
            stuck_holds,
        } = self;
        CloseReport {
            tasks,
            failures,
            more_failures,
            aborted_members,
            stuck_holds,
            took,
        }
    }
}
