//! The health of an app: its checks and its runtime.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::record::Record;
use super::runtime::Liveness;
use super::status::{CheckState, CheckStatus};

/// The health of an app. Checks write their records, watchers of the runtime its liveness, and
/// probes read both from any thread.
#[derive(Debug)]
pub(crate) struct Health {
    pub(super) records: Vec<Arc<Record>>,
    liveness: Liveness,
    /// When the start was complete.
    started: OnceLock<Instant>,
    /// Notified when something has changed that gRPC health depends on.
    changed: Notify,
    /// Notified of each result.
    resulted: Notify,
}

impl Health {
    /// The health of an app whose checks have these records, in the same order.
    pub(crate) fn new(records: Vec<Arc<Record>>) -> Health {
        Health {
            records,
            liveness: Liveness::default(),
            started: OnceLock::new(),
            changed: Notify::new(),
            resulted: Notify::new(),
        }
    }

    pub(crate) fn liveness(&self) -> &Liveness {
        &self.liveness
    }

    /// The start is complete.
    pub(crate) fn mark_started(&self) {
        let _ = self.started.set(Instant::now());
    }

    /// When the start was complete; `None` before.
    pub(super) fn started_at(&self) -> Option<Instant> {
        self.started.get().copied()
    }

    pub(crate) fn statuses(&self) -> Vec<CheckStatus> {
        self.records.iter().map(|record| record.status()).collect()
    }

    /// Whether every required check passes.
    pub(crate) fn passes(&self) -> bool {
        let required = self.records.iter().filter(|record| record.is_required());
        required
            .map(|record| record.status().state)
            .all(|state| state == CheckState::Passing)
    }

    /// Has gRPC health looked at again.
    pub(crate) fn mark_changed(&self) {
        self.changed.notify_one();
    }

    /// Resolves after the next [`mark_changed`](Self::mark_changed), for one task.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    pub(super) fn mark_result(&self) {
        self.resulted.notify_waiters();
        self.mark_changed();
    }

    /// The required checks without a result.
    pub(crate) fn pending(&self) -> Vec<String> {
        let required = self.records.iter().filter(|record| record.is_required());
        let pending = required.filter(|record| !record.has_result());
        pending.map(|record| record.name().to_owned()).collect()
    }

    /// Resolves once every required check has a result.
    pub(crate) async fn first_results(&self) {
        loop {
            let resulted = self.resulted.notified();
            if self.pending().is_empty() {
                return;
            }
            resulted.await;
        }
    }

    /// How long the first results take at most.
    pub(crate) fn first_results_limit(&self) -> Duration {
        let required = self.records.iter().filter(|record| record.is_required());
        required
            .map(|record| record.result_limit())
            .max()
            .unwrap_or_default()
    }

    /// The app stops: results are awaited no more.
    pub(crate) fn end(&self) {
        self.records.iter().for_each(|record| record.end());
    }
}
