//! The hooks of the start.

use std::sync::Arc;

use kit_sync::TaskError;
use tokio::time::Instant;

use crate::HookStage;
use crate::hook::running::RunningHook;
use crate::run::Parts;
use crate::run::called_off::CalledOff;

/// How the wait for a hook of the start has ended.
enum HookEnd {
    Ended(Result<(), TaskError>),
    StopAsked,
    TimedOut,
}

/// Runs the hooks of a stage one after the other, each until its own limit. A hook that has not
/// ended when a stop is asked for, or at its limit, goes on beside the stop.
pub(super) async fn run(parts: &mut Parts, stage: HookStage) -> Result<(), CalledOff> {
    let core = Arc::clone(parts.core());
    while let Some(hook) = parts.settings.hooks.take_next(stage) {
        if core.control.is_asked() {
            return Err(CalledOff::StopAsked);
        }
        let (hooks, root) = (&parts.start_hooks, parts.tree.scope());
        let values = parts.resources.values.clone();
        let mut hook = RunningHook::call(hook, &parts.app, values, hooks, root);
        let limit = hook.timeout.unwrap_or(parts.settings.hook_timeout);
        core.set_step_end(Instant::now() + limit);
        let awaited = hook.awaited();
        let ended = core.journal.awaits(|| awaited.clone(), async {
            tokio::select! {
                biased;
                ended = &mut hook.task => HookEnd::Ended(ended),
                _ = core.control.asked() => HookEnd::StopAsked,
                () = tokio::time::sleep(limit) => HookEnd::TimedOut,
            }
        });
        match ended.await {
            HookEnd::Ended(ended) => hook
                .record_end(ended)
                .map_err(|error| CalledOff::by(error, &parts.settings, &core))?,
            HookEnd::StopAsked => return Err(CalledOff::HookInterrupted(Box::new(hook))),
            HookEnd::TimedOut => {
                let error = hook.timed_out(limit);
                return Err(CalledOff::HookTimedOut(Box::new(hook), Box::new(error)));
            }
        }
    }
    Ok(())
}
