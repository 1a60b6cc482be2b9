//! What became of the tasks of a scope.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::named::TaskState;

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

/// What became of one task.
#[derive(Clone)]
pub struct TaskReport(Of);

#[derive(Clone)]
enum Of {
    /// What is asked is looked up in what the task left: a hundred thousand may end at once, and
    /// nobody may ever ask.
    Past {
        scope: Arc<str>,
        task: Arc<TaskState>,
    },
    Other(Box<Other>),
}

#[derive(Clone)]
struct Other {
    is_named: bool,
    path: String,
    spawned_at: String,
    age: Duration,
    outcome: Outcome,
}

impl TaskReport {
    /// Of a task that [has ended](TaskState::end).
    pub(super) fn past(scope: &Arc<str>, task: Arc<TaskState>) -> TaskReport {
        TaskReport(Of::Past {
            scope: Arc::clone(scope),
            task,
        })
    }

    pub(super) fn new(
        path: String,
        spawned_at: String,
        age: Duration,
        outcome: Outcome,
    ) -> TaskReport {
        TaskReport(Of::Other(Box::new(Other {
            is_named: false,
            path,
            spawned_at,
            age,
            outcome,
        })))
    }

    /// Of a task with a name of its own that goes on.
    pub(super) fn of_named(self) -> TaskReport {
        match self.0 {
            Of::Other(mut other) => {
                other.is_named = true;
                TaskReport(Of::Other(other))
            }
            past @ Of::Past { .. } => TaskReport(past),
        }
    }

    /// The names of its scopes and its own, such as `helloworld/http/accept`.
    #[must_use]
    pub fn path(&self) -> String {
        match &self.0 {
            Of::Past { scope, task } => format!("{scope}/{}", task.name),
            Of::Other(other) => other.path.clone(),
        }
    }

    /// Whether it had a name of its own; members and holds have none.
    #[must_use]
    pub fn is_named(&self) -> bool {
        match &self.0 {
            Of::Past { .. } => true,
            Of::Other(other) => other.is_named,
        }
    }

    /// Where it was spawned: `file:line:column`.
    #[must_use]
    pub fn spawned_at(&self) -> String {
        match &self.0 {
            Of::Past { task, .. } => task.location.to_string(),
            Of::Other(other) => other.spawned_at.clone(),
        }
    }

    /// From its spawn to its end, or to the report when it had not ended.
    #[must_use]
    pub fn age(&self) -> Duration {
        match &self.0 {
            Of::Past { task, .. } => task.past().0,
            Of::Other(other) => other.age,
        }
    }

    /// How it ended.
    #[must_use]
    pub fn outcome(&self) -> &Outcome {
        match &self.0 {
            Of::Past { task, .. } => task.past().1,
            Of::Other(other) => &other.outcome,
        }
    }
}

impl fmt::Debug for TaskReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskReport")
            .field("path", &self.path())
            .field("spawned_at", &self.spawned_at())
            .field("age", &self.age())
            .field("outcome", self.outcome())
            .finish()
    }
}

impl PartialEq for TaskReport {
    fn eq(&self, other: &TaskReport) -> bool {
        let parts = |report: &TaskReport| (report.path(), report.spawned_at(), report.age());
        parts(self) == parts(other) && self.outcome() == other.outcome()
    }
}

impl Eq for TaskReport {}

#[cfg(feature = "serde")]
impl serde::Serialize for TaskReport {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;

        let mut report = serializer.serialize_struct("TaskReport", 4)?;
        report.serialize_field("path", &self.path())?;
        report.serialize_field("spawned_at", &self.spawned_at())?;
        report.serialize_field("age", &self.age())?;
        report.serialize_field("outcome", self.outcome())?;
        report.end()
    }
}

impl fmt::Display for TaskReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (path, spawned_at) = (self.path(), self.spawned_at());
        let (age, outcome) = (self.age(), self.outcome());
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
            .filter(|task| matches!(task.outcome(), Outcome::Stuck { .. }))
    }

    /// The tasks that did not end by themselves in time.
    pub fn cut(&self) -> impl Iterator<Item = &TaskReport> {
        self.tasks
            .iter()
            .filter(|task| matches!(task.outcome(), Outcome::Aborted | Outcome::Stuck { .. }))
    }
}
