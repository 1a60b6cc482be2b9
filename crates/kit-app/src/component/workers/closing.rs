//! The end of what runs have spawned, before others begin.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use kit_sync::CloseReport;
use kit_transport::Lifecycle;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use super::super::supervision::Supervision;
use super::member::Run;
use crate::Awaited;
use crate::event::alive_in;
use crate::report::overdue;

/// Beyond every deadline of a stop.
const FAR: Duration = Duration::from_secs(365 * 24 * 3600);

/// Ends the tasks of runs that are over, or that end so that their workers begin anew.
#[derive(Clone)]
pub(super) struct Closing {
    supervision: Arc<Supervision>,
    limit: Duration,
}

/// Something of a run goes on, although it was aborted.
pub(super) struct Stuck {
    pub(super) member: usize,
    /// What it is, by name.
    pub(super) what: String,
}

impl Closing {
    pub(super) fn new(supervision: Arc<Supervision>, limit: Duration) -> Closing {
        Closing { supervision, limit }
    }

    /// Ends these runs of members: cancels all of them, and closes each by the same deadline. Tasks
    /// that have to be aborted then are named. Gives those that could not even be aborted.
    ///
    /// A stop that is asked for meanwhile takes the deadline away: nothing begins anew after it, so they
    /// have until the deadline of their phase, like runs that go on.
    pub(super) async fn close(&self, runs: Vec<(usize, String, Run)>) -> Vec<Stuck> {
        let deadline = Instant::now() + self.limit;
        runs.iter().for_each(|(_, _, run)| run.cancel());
        let mut stuck = Vec::new();
        for (member, path, run) in runs {
            let awaited = || Awaited::Restart {
                worker: path.clone(),
                alive: alive_in(&run.scope),
            };
            let closing = async {
                tokio::select! {
                    biased;
                    report = run.scope.close(deadline + FAR) => report,
                    () = self.passed_without_stop(deadline) => run.scope.close(Instant::now()).await,
                }
            };
            let report = self.supervision.awaits(awaited, closing).await;
            let what = self.record(&path, &report);
            stuck.extend(what.map(|what| Stuck { member, what }));
        }
        stuck
    }

    /// Ends the run whose failure stops the app: its tasks have the limit, as after each failure. When the
    /// deadline of the component is sooner, they are left to the drain, which aborts and names them.
    pub(super) async fn close_last(self, path: String, run: Run, life: watch::Receiver<Lifecycle>) {
        run.cancel();
        let closing = async {
            tokio::select! {
                biased;
                report = run.scope.close(Instant::now() + FAR) => report,
                () = sleep(self.limit) => run.scope.close(Instant::now()).await,
            }
        };
        tokio::select! {
            biased;
            report = closing => {
                if let Some(what) = self.record(&path, &report) {
                    self.supervision.remark(format!("{path}: {what}"));
                }
            }
            () = deadline_passed(life) => {}
        }
    }

    /// Names what had to be aborted. Gives what is left of the run all the same.
    fn record(&self, path: &str, report: &CloseReport) -> Option<String> {
        let what = overdue(path, report);
        if report.stuck().next().is_some() || report.stuck_holds > 0 {
            let what = what.unwrap_or_default();
            return Some(format!("its last run could not be ended: {what}"));
        }
        if let Some(what) = what {
            let limit = self.limit;
            self.supervision.remark(format!(
                "{what} had not ended {limit:?} after its run, and was aborted"
            ));
        }
        None
    }

    /// Resolves at `deadline`, unless a stop was asked for by then.
    async fn passed_without_stop(&self, deadline: Instant) {
        tokio::select! {
            biased;
            () = self.supervision.stop_asked() => pending().await,
            () = sleep_until(deadline) => {}
        }
    }
}

/// Resolves at the deadline that the component is shown, which comes a moment before its abort.
async fn deadline_passed(mut life: watch::Receiver<Lifecycle>) {
    loop {
        let deadline = life.borrow_and_update().deadline.clone();
        let passed = async {
            match deadline {
                Some(deadline) => deadline.passed().await,
                None => pending().await,
            }
        };
        tokio::select! {
            biased;
            () = passed => return,
            changed = life.changed() => if changed.is_err() {
                return;
            },
        }
    }
}
