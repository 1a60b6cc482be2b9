//! A reload hook that was called and has not ended.

use std::sync::Arc;
use std::time::Duration;

use kit_sync::{Cause, Ending, Scope, Task, TaskError, error_chain};
use kit_transport::Values;
use tokio::time::Instant;

use super::ReloadHook;
use crate::error::source_of;
use crate::journal::Journal;
use crate::{AppHandle, Awaited, Error, Event, HookContext};

pub(crate) struct RunningReload {
    name: String,
    pub(crate) task: Task<()>,
    /// Where `task` lives.
    calls: Scope,
    /// Where the tasks live that it spawns.
    scope: Scope,
    begun: Instant,
    journal: Arc<Journal>,
}

impl RunningReload {
    /// Calls a hook in a separate task below `reloads`, so that a panic or a blocked thread concerns
    /// the hook alone.
    pub(super) fn call(
        hook: ReloadHook,
        app: &AppHandle,
        values: Values,
        reloads: &Scope,
    ) -> RunningReload {
        let name = hook.name.clone();
        let scope = reloads.child(&name);
        // The hook can use its scope until it returns, also when that is cancelled meanwhile.
        let open = scope.keep_open();
        let calls = reloads.child("calls");
        // The end of a call has its own event.
        calls.observe_failures(|_| ());
        let context = HookContext::new(app.clone(), scope.clone(), values);
        let (added_at, ending) = (hook.added_at, Ending::WhenCancelled);
        let task = calls.spawn_at(added_at, name.clone(), ending, async move {
            let _open = open;
            hook.run(context).await
        });
        RunningReload {
            name,
            task,
            calls,
            scope,
            begun: Instant::now(),
            journal: Arc::clone(&app.core().journal),
        }
    }

    pub(super) fn awaited(&self) -> Awaited {
        Awaited::Reload {
            name: self.name.clone(),
        }
    }

    /// Emits how it has ended; returns whether that was well.
    pub(crate) fn record_end(&self, ended: Result<(), TaskError>) -> bool {
        let ended = ended.map_err(|error| Error::Reload {
            name: self.name.clone(),
            source: source_of(error),
        });
        self.record(ended.as_ref().err());
        ended.is_ok()
    }

    /// Cancels and drops one that has not ended in time. Gives it back when that cannot be done.
    pub(crate) async fn abort(self, cause: Cause) -> Option<RunningReload> {
        self.scope.cancel(cause);
        let closed = self.calls.close(Instant::now()).await;
        let ran: Duration = self.begun.elapsed();
        let name = self.name.clone();
        let is_stuck = closed.stuck().next().is_some();
        self.record(Some(&if is_stuck {
            Error::ReloadStuck { name, ran }
        } else {
            Error::ReloadDropped { name, ran }
        }));
        is_stuck.then_some(self)
    }

    /// Whether it has not ended.
    pub(super) fn goes_on(&self) -> bool {
        self.calls.live() > 0
    }

    /// Whether this is a run of that hook that goes on.
    pub(super) fn is_still(&self, hook: &ReloadHook) -> bool {
        self.name == hook.name && self.goes_on()
    }

    /// Emits that the hook was not called again, because this run of it goes on.
    pub(super) fn record_no_call(&self) {
        let (name, ran) = (self.name.clone(), self.begun.elapsed());
        let error = Error::ReloadNotCalled { name, ran };
        self.journal.emit(Event::ReloadHookEnded {
            name: self.name.clone(),
            took: Duration::ZERO,
            error: Some(error_chain(&error)),
        });
    }

    fn record(&self, error: Option<&Error>) {
        self.journal.emit(Event::ReloadHookEnded {
            name: self.name.clone(),
            took: self.begun.elapsed(),
            error: error.map(|error| error_chain(error)),
        });
    }
}
