//! A hook of the start that the stop has interrupted.

use std::time::Duration;

use kit_sync::{Deadline, TaskError, error_chain};

use crate::HookStage;
use crate::core::Core;
use crate::hook::running::RunningHook;

/// The hook of the start that goes on beside the stop, if there is one, until it has ended.
pub(crate) struct InterruptedHook(Option<RunningHook>);

impl InterruptedHook {
    pub(crate) fn new(hook: Option<RunningHook>) -> InterruptedHook {
        InterruptedHook(hook)
    }

    /// Waits for it, if it is one of this stage. Having to be dropped at the deadline is a failure, an
    /// error is a consequence of the stop.
    pub(super) async fn finish(&mut self, stage: HookStage, deadline: &Deadline, core: &Core) {
        let Some(mut hook) = self.0.take_if(|hook| hook.stage == stage) else {
            return;
        };
        let ended = hook.ended_within(&core.control, deadline, Duration::ZERO);
        match ended.await {
            Some(ended) => {
                let panicked = matches!(ended, Err(TaskError::Panicked { .. }));
                match hook.record_end(ended) {
                    Ok(()) => {}
                    Err(error) if panicked => core.journal.record_failure(error),
                    Err(error) => core.journal.remark(error_chain(&error)),
                }
            }
            None => core.journal.record_failure(hook.abort().await),
        }
    }
}
