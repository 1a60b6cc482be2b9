//! The restarts of workers that are worth a warning.

use std::collections::BTreeMap;
use std::sync::Mutex;

use kit_sync::{Repeated, Repetition};

/// The failures of workers that begin anew, by path. A worker that fails at once, with no delay, would
/// fill the log: each failure is an event and a line for debugging, and ever fewer are warnings.
#[derive(Default)]
pub(super) struct RestartLines(Mutex<BTreeMap<String, Repeated>>);

impl RestartLines {
    /// Counts a failure; `Some` when it is worth a warning.
    pub(super) fn record(&self, path: &str, why: &str) -> Option<Repetition> {
        let mut workers = kit_sync::lock(&self.0);
        let worker = workers.entry(path.to_owned()).or_default();
        worker.failed(why)
    }

    /// A worker begins. When that lasts for long, its next failure is a new one.
    pub(super) fn mark_begun(&self, path: &str) {
        if let Some(worker) = kit_sync::lock(&self.0).get_mut(path) {
            worker.ended();
        }
    }
}
