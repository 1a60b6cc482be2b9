//! The latches of a start, and the task that gave one up by its failure.

use kit_sync::{Gate, TaskReport};
use tokio::sync::watch;

/// The gate on which components and resources make latches.
#[derive(Default)]
pub(crate) struct Latches {
    gate: Gate,
    /// The task that held the latch which has failed the gate, and has failed itself.
    failure: watch::Sender<Option<TaskReport>>,
}

impl Latches {
    pub(crate) fn gate(&self) -> &Gate {
        &self.gate
    }

    /// Records the failure of a task, in the task: the one that counts is that of the task which held the
    /// latch. Failures of others, before it or after it, say nothing about the latch.
    pub(crate) fn record_failure(&self, task: &TaskReport) {
        if self.gate.is_given_up_here() {
            self.failure.send_modify(|failure| {
                failure.get_or_insert_with(|| task.clone());
            });
        }
    }

    /// Resolves once the task that held the latch has failed.
    pub(crate) async fn failure(&self) -> TaskReport {
        let mut failure = self.failure.subscribe();
        loop {
            if let Some(task) = &*failure.borrow_and_update() {
                return task.clone();
            }
            // The sender is `self`: it is alive.
            let _ = failure.changed().await;
        }
    }
}
