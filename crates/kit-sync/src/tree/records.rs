//! The records of a scope until it is closed.

use std::time::Duration;

use super::report::{CloseReport, TaskReport};

/// How many failures are kept with their text; the rest is counted.
const KEPT: usize = 16;

/// A report that grows; `took` is set when it is [made](Self::into_report).
#[derive(Debug, Default)]
pub(super) struct Records(CloseReport);

impl Records {
    /// Leaves nothing behind.
    pub(super) fn take(&mut self) -> Records {
        std::mem::take(self)
    }

    /// Keeps a task that was present when its scope was cancelled.
    pub(super) fn add_task(&mut self, report: TaskReport) {
        self.0.tasks.push(report);
    }

    pub(super) fn add_failure(&mut self, report: TaskReport) {
        if self.0.failures.len() < KEPT {
            self.0.failures.push(report);
        } else {
            self.0.more_failures += 1;
        }
    }

    pub(super) fn add_aborted_members(&mut self, members: usize) {
        self.0.aborted_members += members;
    }

    pub(super) fn add_stuck_holds(&mut self, holds: usize) {
        self.0.stuck_holds += holds;
    }

    pub(super) fn absorb(&mut self, Records(mut other): Records) {
        let failures = std::mem::take(&mut other.failures);
        self.0.absorb(other);
        failures
            .into_iter()
            .for_each(|failure| self.add_failure(failure));
    }

    /// The report of one scope and those below it.
    pub(super) fn into_report(all: Vec<Records>, took: Duration) -> CloseReport {
        let mut sum = Records::default();
        let tasks = all.iter().map(|records| records.0.tasks.len());
        sum.0.tasks.reserve_exact(tasks.sum());
        all.into_iter().for_each(|records| sum.absorb(records));
        CloseReport { took, ..sum.0 }
    }
}
