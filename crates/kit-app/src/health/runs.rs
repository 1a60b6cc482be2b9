//! The task of a check: one run in each period, never two at once.

use std::sync::Arc;
use std::time::Duration;

use kit_sync::{Ending, Scope, Task, TaskReport, error_chain};
use kit_transport::Values;
use tokio::time::{Instant, sleep_until, timeout};

use super::check::{Check, CheckContext};
use super::record::Record;
use super::status::CheckState;
use crate::error::source_of;
use crate::{AppHandle, Event};

/// Runs every check in a task below `scope`, until that is cancelled.
pub(crate) fn run(checks: Vec<Check>, app: &AppHandle, values: &Values, scope: &Scope) {
    let records = app.core().health.records.iter();
    for (check, record) in checks.into_iter().zip(records) {
        // The end of a run is a result.
        let runs = scope.child(&check.name);
        runs.observe_failures(|_| ());
        let runner = Runner {
            check,
            record: Arc::clone(record),
            app: app.clone(),
            values: values.clone(),
            scope: runs.clone(),
        };
        record.expect_from(Instant::now());
        runs.spawn_as("check", Ending::MayBeDropped, runner.run());
    }
}

/// The line about a task of checks that could not be ended: that is the run of a check.
pub(crate) fn describe_stuck(task: &TaskReport) -> String {
    let path = task.path();
    let check = path.split_once("/health/checks/");
    match check.and_then(|(_, path)| path.strip_suffix("/run/run")) {
        Some(name) => format!("the check {name} has not ended: its run blocks its thread"),
        None => task.to_string(),
    }
}

struct Runner {
    check: Check,
    record: Arc<Record>,
    app: AppHandle,
    values: Values,
    scope: Scope,
}

impl Runner {
    /// Each run is a separate task, so that a panic is a result, and a run that blocks its thread
    /// leaves this task another. A run that could not be dropped at its timeout is the reason for
    /// which the next ones fail, until it has ended.
    async fn run(self) {
        let mut begun = Instant::now();
        let mut running = self.begin();
        loop {
            self.record.expect_from(begun);
            let result = match timeout(self.record.timeout(), &mut running.task).await {
                Ok(ended) => ended
                    .unwrap_or_else(|error| Err(source_of(error)))
                    .map_err(|error| error_chain(&*error)),
                Err(_) => Err(self.drop_run(&running).await),
            };
            self.take(result, begun.elapsed());
            let mut next = begun + self.record.period();
            loop {
                next = next.max(Instant::now());
                self.record.expect_from(next);
                sleep_until(next).await;
                if running.scope.live() == 0 {
                    break;
                }
                let since = running.begun.elapsed();
                self.take(
                    Err(format!("its run has not ended after {since:.1?}")),
                    since,
                );
                next += self.record.period();
            }
            begun = Instant::now();
            running = self.begin();
        }
    }

    fn begin(&self) -> CheckRun {
        let scope = self.scope.child("run");
        let context = CheckContext::new(self.app.clone(), self.values.clone());
        let check = self.check.clone();
        let run = check.run(context);
        // A stop cancels this task with its timeout, and so the run, too.
        let run = async move { Ok::<_, kit_sync::BoxError>(run.await) };
        CheckRun {
            task: scope.spawn_at(self.check.added_at, "run", Ending::MayBeDropped, run),
            begun: Instant::now(),
            scope,
        }
    }

    /// Drops a run at its timeout. Gives the reason of the failure.
    async fn drop_run(&self, running: &CheckRun) -> String {
        running.scope.close(Instant::now()).await;
        format!("it had not ended after {:?}", self.record.timeout())
    }

    fn take(&self, result: Result<(), String>, took: Duration) {
        let core = self.app.core();
        let changed = self.record.add(result, took);
        let (name, required) = (self.check.name.clone(), self.record.is_required());
        match changed {
            Some(CheckState::Failing) => core.emit(Event::CheckFailed {
                name,
                required,
                reason: self.record.status().reason.unwrap_or_default(),
            }),
            Some(_) => core.emit(Event::CheckPassed { name, required }),
            None => {}
        }
        // What follows from the result comes after its event, such as the end of the start.
        core.health.mark_result();
    }
}

/// A run of a check.
struct CheckRun {
    task: Task<Result<(), kit_sync::BoxError>>,
    /// Where `task` lives, alone.
    scope: Scope,
    begun: Instant,
}
