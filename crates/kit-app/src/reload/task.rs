//! The task that reloads, from the readiness of an app to its stop.

use std::future::ready;

use kit_sync::{Cause, Scope, Task};
use tokio::time::Instant;

use super::Reloads;
use super::running::RunningReload;
use crate::budget::CUT_AHEAD;
use crate::journal::Journal;

pub(crate) struct ReloadTask {
    /// Where the calls of hooks and their tasks live, too.
    scope: Scope,
    /// Gives the hook that a stop has overtaken. None before the app is ready.
    task: Option<Task<Option<RunningReload>>>,
}

impl ReloadTask {
    pub(crate) fn new(scope: Scope) -> ReloadTask {
        ReloadTask { scope, task: None }
    }

    /// From here on a request for a reload has an effect; those before it are one.
    pub(crate) fn begin(&mut self, reloads: impl FnOnce(Scope) -> Reloads) {
        let reloads = reloads(self.scope.clone());
        self.task = Some(self.scope.spawn_value("reloads", reloads.run()));
    }

    /// Asks the hook that runs, and tasks of earlier ones, to end.
    pub(crate) fn cancel(&self, cause: Cause) {
        self.scope.cancel(cause);
    }

    /// Ends a reload that has gone on beside the stop: what it may use is closed next.
    pub(crate) async fn end(&mut self, cause: Cause, journal: &Journal) {
        // The task itself has ended when the stop was asked for.
        let overtaken = match self.task.take() {
            Some(task) => task.await.ok().flatten(),
            None => return,
        };
        if let Some(mut running) = overtaken {
            let ended = tokio::select! {
                biased;
                ended = &mut running.task => Some(ended),
                () = ready(()) => None,
            };
            match ended {
                Some(ended) => _ = running.record_end(ended),
                None => _ = running.abort(cause).await,
            }
        }
        let closed = self.scope.close(Instant::now() + CUT_AHEAD).await;
        let cut = closed.cut();
        cut.for_each(|task| journal.remark(format!("a task of a reload was cut: {task}")));
    }
}
