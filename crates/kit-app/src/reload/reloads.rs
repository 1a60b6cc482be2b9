//! The reloads of an app that is ready, one after the other.

use std::sync::Arc;
use std::time::Duration;

use kit_sync::{Cause, Scope};
use kit_transport::Values;
use tokio::time::{Instant, sleep};

use super::ReloadHook;
use super::running::RunningReload;
use crate::core::Core;
use crate::{AppHandle, Event};

pub(crate) struct Reloads {
    pub(crate) app: AppHandle,
    pub(crate) hooks: Vec<ReloadHook>,
    /// What hooks find by its type.
    pub(crate) values: Values,
    /// How long each hook may take.
    pub(crate) timeout: Duration,
    /// Where the calls and their tasks live; cancelled when a stop begins.
    pub(crate) scope: Scope,
    /// Runs of hooks that could not be dropped.
    pub(crate) stuck: Vec<RunningReload>,
}

impl Reloads {
    /// Reloads each time it is asked for, until a stop begins. Gives the hook that was running then:
    /// it may go on beside the stop, which does not wait for it.
    pub(crate) async fn run(mut self) -> Option<RunningReload> {
        let core = Arc::clone(self.app.core());
        loop {
            let cause = tokio::select! {
                biased;
                _ = core.control.asked() => return None,
                cause = core.reloads.next() => cause,
            };
            if let Some(running) = self.reload(cause, &core).await {
                return Some(running);
            }
        }
    }

    /// Calls the hooks one after the other; the failure of one keeps no other from being called. A hook is
    /// not called while an earlier run of it blocks its thread: there are no two at a time. None is called once a
    /// stop was asked for, which may be at the very end of the one before.
    async fn reload(&mut self, cause: Cause, core: &Core) -> Option<RunningReload> {
        core.emit(Event::ReloadStarting { cause });
        self.stuck.retain(RunningReload::goes_on);
        let (begun, mut failed) = (Instant::now(), 0);
        for hook in &self.hooks {
            if core.control.is_asked() {
                return None;
            }
            if let Some(stuck) = self.stuck.iter().find(|stuck| stuck.is_still(hook)) {
                stuck.record_no_call();
                failed += 1;
                continue;
            }
            let values = self.values.clone();
            let mut running = RunningReload::call(hook.clone(), &self.app, values, &self.scope);
            core.reloads.set_hook_end(Instant::now() + self.timeout);
            let awaited = running.awaited();
            let ended = core.journal.awaits(|| awaited.clone(), async {
                tokio::select! {
                    biased;
                    ended = &mut running.task => Some(Some(ended)),
                    _ = core.control.asked() => None,
                    () = sleep(self.timeout) => Some(None),
                }
            });
            let is_well = match ended.await {
                Some(Some(ended)) => running.record_end(ended),
                Some(None) => {
                    self.stuck.extend(running.abort(Cause::Deadline).await);
                    false
                }
                None => return Some(running),
            };
            failed += usize::from(!is_well);
        }
        let took = begun.elapsed();
        core.emit(Event::Reloaded { took, failed });
        None
    }
}
