//! Reports on the tasks of a scope.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::outcome::Outcome;
use super::sites::place;
use super::task_state::TaskState;

/// The report of one task: its outcome, with its name, place and age.
///
/// A reader's questions are looked up in the state that the task left: a hundred thousand tasks
/// may end at once, and their texts are made only when they are read.
#[derive(Clone)]
pub struct TaskReport {
    scope: Arc<str>,
    task: Arc<TaskState>,
}

impl TaskReport {
    /// Of a task whose [outcome](TaskState::outcome) is known.
    pub(super) fn new(scope: &Arc<str>, task: Arc<TaskState>) -> TaskReport {
        TaskReport {
            scope: Arc::clone(scope),
            task,
        }
    }

    /// The names of its scopes and its own, such as `helloworld/http/accept`.
    #[must_use]
    pub fn path(&self) -> String {
        format!("{}/{}", self.scope, self.task.name)
    }

    /// Whether it had a name; members and holds have none.
    #[must_use]
    pub fn is_named(&self) -> bool {
        self.task.is_named
    }

    /// Where it was spawned: `file:line:column`.
    #[must_use]
    pub fn spawned_at(&self) -> String {
        place(self.task.location)
    }

    /// From its spawn to its end, or to the report when it had not ended. Members and holds keep no
    /// time: theirs is zero.
    #[must_use]
    pub fn age(&self) -> Duration {
        self.task.age()
    }

    /// How it ended.
    #[must_use]
    pub fn outcome(&self) -> &Outcome {
        self.task.outcome()
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

/// The report of a scope that was closed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct CloseReport {
    /// Every named task that was present when the scope was cancelled.
    pub tasks: Vec<TaskReport>,
    /// The first failures from before.
    pub failures: Vec<TaskReport>,
    /// How many more there were.
    pub more_failures: usize,
    /// Unnamed members that were aborted at the deadline.
    pub aborted_members: usize,
    /// [Holds](crate::Hold) whose closure was called at the deadline and that are held still.
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

    /// Adds the report of another scope.
    pub fn absorb(&mut self, other: CloseReport) {
        self.tasks.extend(other.tasks);
        self.failures.extend(other.failures);
        self.more_failures += other.more_failures;
        self.aborted_members += other.aborted_members;
        self.stuck_holds += other.stuck_holds;
        self.took += other.took;
    }

    /// The tasks that run on although they were cancelled and aborted.
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
