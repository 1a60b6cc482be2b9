//! A hook that was called and has not ended.

use std::sync::Arc;
use std::time::Duration;

use kit_sync::{Cause, Deadline, Ending, Scope, Task, TaskError, error_chain};
use kit_transport::Values;
use tokio::time::Instant;

use super::stage::HookStage;
use super::{Hook, HookContext};
use crate::control::Control;
use crate::error::source_of;
use crate::journal::Journal;
use crate::{AppHandle, Awaited, Error, Event, HookReport};

pub(crate) struct RunningHook {
    pub(crate) stage: HookStage,
    name: String,
    /// How long it may run, if it has a separate limit.
    pub(crate) timeout: Option<Duration>,
    pub(crate) task: Task<()>,
    /// Where `task` lives.
    calls: Scope,
    /// Where the tasks live that it spawns.
    scope: Scope,
    begun: Instant,
    journal: Arc<Journal>,
}

impl RunningHook {
    /// Calls a hook in a separate task, so that a panic or a blocked thread concerns the hook alone.
    /// The tasks that it spawns live below `hooks`.
    pub(crate) fn call(
        hook: Hook,
        app: &AppHandle,
        values: Values,
        hooks: &Scope,
        root: &Scope,
    ) -> RunningHook {
        let journal = Arc::clone(&app.core().journal);
        let (stage, name, timeout) = (hook.stage, hook.name.clone(), hook.options.timeout);
        journal.emit(Event::HookStarting {
            stage,
            name: name.clone(),
        });
        let scope = hooks.child(stage.to_string()).child(&name);
        // The hook can use its scope until it returns, also when that is cancelled meanwhile.
        let open = scope.keep_open();
        // Outside `hooks`: the end of a hook has its own event and report, and a hook that is
        // dropped leaves its tasks their time.
        let calls = root.child("calls").child(stage.to_string());
        calls.observe_failures(|_| ());
        let context = HookContext::new(app.clone(), scope.clone(), values).in_stage(stage);
        let (added_at, ending) = (hook.added_at, Ending::WhenCancelled);
        let task = calls.spawn_at(added_at, name.clone(), ending, async move {
            let _open = open;
            hook.run(context).await
        });
        RunningHook {
            stage,
            name,
            timeout,
            task,
            calls,
            scope,
            begun: Instant::now(),
            journal,
        }
    }

    pub(crate) fn awaited(&self) -> Awaited {
        Awaited::Hook {
            stage: self.stage,
            name: self.name.clone(),
        }
    }

    /// Waits until it has ended; `None` when it has not at the deadline, or `grace` after the stop was
    /// forced.
    pub(crate) async fn ended_within(
        &mut self,
        control: &Control,
        deadline: &Deadline,
        grace: Duration,
    ) -> Option<Result<(), TaskError>> {
        let (awaited, journal) = (self.awaited(), Arc::clone(&self.journal));
        let ended = control.within(deadline, grace, &mut self.task);
        let paused = control.request_so_far().map(|asked| asked.at);
        let awaits = journal.awaits_again(self.begun, paused, || awaited.clone(), ended);
        awaits.await
    }

    /// Asks the hook to end; it may go on.
    pub(crate) fn cancel(&self, cause: Cause) {
        self.scope.cancel(cause);
    }

    /// The error of a hook that has used up its time.
    pub(crate) fn timed_out(&self, limit: Duration) -> Error {
        Error::HookTimeout {
            stage: self.stage,
            name: self.name.clone(),
            limit,
        }
    }

    /// Records how the hook has ended.
    ///
    /// # Errors
    /// Its failure.
    pub(crate) fn record_end(&self, ended: Result<(), TaskError>) -> Result<(), Error> {
        let ended = ended.map_err(|error| Error::Hook {
            stage: self.stage,
            name: self.name.clone(),
            source: source_of(error),
        });
        self.record(ended.as_ref().err());
        ended
    }

    /// Drops a hook that did not end in time.
    pub(crate) async fn abort(self) -> Error {
        self.calls.close(Instant::now()).await;
        self.scope.cancel(Cause::Deadline);
        let error = Error::HookDropped {
            stage: self.stage,
            name: self.name.clone(),
            ran: self.begun.elapsed(),
        };
        self.record(Some(&error));
        error
    }

    fn record(&self, error: Option<&Error>) {
        let report = HookReport {
            stage: self.stage,
            name: self.name.clone(),
            took: self.begun.elapsed(),
            error: error.map(|error| error_chain(error)),
        };
        self.journal.emit(Event::HookEnded {
            stage: report.stage,
            name: report.name.clone(),
            took: report.took,
            error: report.error.clone(),
        });
        self.journal.record_hook(report);
    }
}
