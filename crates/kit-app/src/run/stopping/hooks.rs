//! The hooks of a stop, and the tasks that hooks have spawned.

use std::sync::Arc;
use std::time::Duration;

use kit_sync::{Cause, CloseReport, Deadline, Scope};
use kit_transport::Values;

use crate::budget::{CUT_AHEAD, FORCED, FORCED_HOOK_TASKS};
use crate::core::Core;
use crate::event::alive_in;
use crate::hook::Hook;
use crate::hook::running::RunningHook;
use crate::report::overdue;
use crate::{AppHandle, Awaited, Error};

/// The hooks of a stop. The scope in which their tasks live ends twice: before the resources are closed,
/// which those of `before_stop` may use, and at the end of the stop.
pub(super) struct StopHooks {
    app: AppHandle,
    /// The root of the app's tasks.
    root: Scope,
    /// Where the tasks live that the hooks spawn which are called now.
    scope: Scope,
    /// What the closes of scopes have found so far.
    tasks: CloseReport,
}

impl StopHooks {
    pub(super) fn new(app: &AppHandle, root: &Scope) -> StopHooks {
        StopHooks {
            app: app.clone(),
            scope: root.child("hooks"),
            root: root.clone(),
            tasks: CloseReport::default(),
        }
    }

    fn core(&self) -> &Arc<Core> {
        self.app.core()
    }

    /// Runs hooks one after the other; each has an equal share of the time until `deadline`, so
    /// that one that hangs leaves the others their time. A forced stop leaves them `grace`; with
    /// none, those that have not begun are skipped.
    pub(super) async fn run(
        &self,
        hooks: Vec<Hook>,
        values: &Values,
        deadline: &Deadline,
        grace: Duration,
    ) {
        let core = self.core();
        let mut left = hooks.len();
        for hook in hooks {
            deadline.catch_up().await;
            let forced = core.control.is_forced();
            if grace.is_zero() && forced.is_some() {
                return;
            }
            // Forced long ago, it still gets its first poll and a little more. One that runs when the stop
            // is forced has its share of the grace, too.
            let parts = u32::try_from(left).unwrap_or(1);
            let (deadline, grace) = match forced {
                Some(forced) => {
                    let grace = grace.max(forced.at.elapsed() + CUT_AHEAD);
                    let end = deadline.at(forced.at + grace);
                    (deadline.clone().sooner(end), grace)
                }
                None => (deadline.clone(), grace / parts),
            };
            let share = deadline.first_of(parts);
            left -= 1;
            let mut hook =
                RunningHook::call(hook, &self.app, values.clone(), &self.scope, &self.root);
            let failed = match hook.ended_within(&core.control, &share, grace).await {
                Some(ended) => hook.record_end(ended).err(),
                None => Some(hook.abort().await),
            };
            if let Some(error) = failed {
                core.journal.record_failure(error);
            }
        }
    }

    /// Ends the tasks of all hooks so far, those of the start in `start_hooks`.
    pub(super) async fn close_earlier(
        &mut self,
        start_hooks: &Scope,
        cause: &Cause,
        deadline: &Deadline,
    ) {
        let later = self.root.child("hooks");
        let stop_hooks = std::mem::replace(&mut self.scope, later);
        // Both have the whole time, not the second the rest of the first.
        stop_hooks.cancel(cause.clone());
        let scopes = [start_hooks.clone(), stop_hooks];
        self.close_scopes(&scopes, deadline, FORCED_HOOK_TASKS)
            .await;
    }

    /// Ends the tasks of the hooks since. Gives what the closes have found.
    pub(super) async fn close(mut self, deadline: &Deadline) -> CloseReport {
        let scopes = [self.scope.clone()];
        self.close_scopes(&scopes, deadline, FORCED).await;
        self.tasks
    }

    /// Closes scopes of hooks' tasks at the deadline, or `grace` after the stop is forced.
    async fn close_scopes(&mut self, scopes: &[Scope], deadline: &Deadline, grace: Duration) {
        let core = Arc::clone(self.core());
        let mut tasks = CloseReport::default();
        for scope in scopes {
            tasks.absorb(close(scope, deadline, grace, &core).await);
        }
        let ended = tasks.failures.iter().chain(&tasks.tasks);
        let failed = ended.filter(|task| task.outcome().is_failure());
        failed.for_each(|task| core.journal.note(task.to_string()));
        if let Some(what) = overdue("hooks", &tasks) {
            core.journal.record_failure(Error::Cut { what });
        }
        self.tasks.absorb(tasks);
    }
}

/// Closes a scope of hooks' tasks at the deadline, or `grace` after the stop is forced.
async fn close(hooks: &Scope, limit: &Deadline, grace: Duration, core: &Core) -> CloseReport {
    let deadline = || match core.control.is_forced() {
        Some(forced) => limit.clone().sooner(limit.at(forced.at + grace)),
        None => limit.clone(),
    };
    let awaited = || Awaited::HookTasks {
        alive: alive_in(hooks),
    };
    let limit = deadline();
    tokio::select! {
        biased;
        closed = core.journal.awaits(awaited, hooks.close_by(&limit)) => closed,
        _ = core.control.forced() => hooks.close_by(&deadline()).await,
    }
}
