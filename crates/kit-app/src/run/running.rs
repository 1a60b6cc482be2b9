//! What an app does between its start and its stop: it waits for a request to stop.

use super::Parts;
use super::launch::Launch;
use super::stopping::{InterruptedHook, Stopping};
use crate::StopPlan;

/// An app that is ready.
pub(crate) struct Running {
    parts: Parts,
    plan: StopPlan,
}

impl Running {
    pub(super) fn new(launch: Launch) -> Running {
        Running {
            plan: launch.plan(),
            parts: launch.parts,
        }
    }

    /// Waits until a signal, a handle, a parent or a failure asks for a stop.
    pub(super) async fn until_asked(self) -> Stopping {
        let asked = self.parts.core().control.asked().await;
        let interrupted = InterruptedHook::new(None);
        Stopping::new(self.parts, self.plan, asked, interrupted)
    }
}
