//! What a scope remembers until somebody asks.

use std::sync::Arc;
use std::time::Duration;

use super::named::TaskState;
use super::report::{CloseReport, TaskReport};

/// How many failures are kept with their text; the rest is counted.
const KEPT: usize = 16;

#[derive(Debug)]
pub(super) struct Records {
    scope: Arc<str>,
    /// Tasks of this very scope that ended after it was told: as little as possible of each.
    ended: Vec<Arc<TaskState>>,
    tasks: Vec<TaskReport>,
    failures: Vec<TaskReport>,
    more_failures: usize,
    pub(super) aborted_members: usize,
    pub(super) stuck_holds: usize,
}

impl Records {
    pub(super) fn new(scope: &Arc<str>) -> Records {
        Records {
            scope: Arc::clone(scope),
            ended: Vec::new(),
            tasks: Vec::new(),
            failures: Vec::new(),
            more_failures: 0,
            aborted_members: 0,
            stuck_holds: 0,
        }
    }

    /// Leaves nothing behind.
    pub(super) fn take(&mut self) -> Records {
        let scope = Records::new(&self.scope);
        std::mem::replace(self, scope)
    }

    /// Keeps what a task has [come to](TaskState::end) that was present when its scope was told.
    pub(super) fn ended(&mut self, task: Arc<TaskState>) {
        self.ended.push(task);
    }

    /// Keeps a task that was present and is so still.
    pub(super) fn still_running(&mut self, task: &TaskState) {
        self.tasks.push(task.report_still_running(&self.scope));
    }

    pub(super) fn failure(&mut self, report: TaskReport) {
        if self.failures.len() < KEPT {
            self.failures.push(report);
        } else {
            self.more_failures += 1;
        }
    }

    pub(super) fn absorb(&mut self, other: Records) {
        let scope = &other.scope;
        let ended = other.ended.into_iter();
        self.tasks
            .extend(ended.map(|task| TaskReport::past(scope, task)));
        self.tasks.extend(other.tasks);
        self.more_failures += other.more_failures;
        self.aborted_members += other.aborted_members;
        self.stuck_holds += other.stuck_holds;
        other
            .failures
            .into_iter()
            .for_each(|report| self.failure(report));
    }

    /// What one scope and those below it remember.
    pub(super) fn into_report(all: Vec<Records>, took: Duration) -> CloseReport {
        let mut sum = Records::new(&Arc::from(""));
        let tasks = all
            .iter()
            .map(|records| records.ended.len() + records.tasks.len());
        sum.tasks.reserve_exact(tasks.sum());
        all.into_iter().for_each(|records| sum.absorb(records));
        CloseReport {
            tasks: sum.tasks,
            failures: sum.failures,
            more_failures: sum.more_failures,
            aborted_members: sum.aborted_members,
            stuck_holds: sum.stuck_holds,
            took,
        }
    }
}
