//! What an app does between its start and its stop: it waits for a request to stop.

use super::Parts;
use super::launch::Launch;
use super::stopping::Stopping;
use crate::StopPlan;
use crate::control::Asked;

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
    pub(super) async fn until_asked(self) -> (Stopping, Asked) {
        let core = self.parts.core();
        let asked = core.control.asked().await;
        core.emit(asked.event());
        (Stopping::new(self.parts, self.plan), asked)
    }
}
