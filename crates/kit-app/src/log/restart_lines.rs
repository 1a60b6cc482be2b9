//! The restarts of workers that are worth a warning, and the components that are jobs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use kit_sync::{Repeated, Repetition};

use crate::WorkerKind;

/// The failures of workers that begin anew, by path. A worker that fails at once, with no delay, would
/// fill the log: each failure is an event and a line for debugging, and ever fewer are warnings.
#[derive(Default)]
pub(super) struct RestartLines {
    workers: Mutex<BTreeMap<String, Repeated>>,
    /// The components with work that is not done once it has started.
    unending: Mutex<BTreeSet<String>>,
    /// Those with jobs.
    jobs: Mutex<BTreeSet<String>>,
}

impl RestartLines {
    /// Counts a failure; `Some` when it is worth a warning.
    pub(super) fn record(&self, path: &str, why: &str) -> Option<Repetition> {
        let mut workers = kit_sync::lock(&self.workers);
        let worker = workers.entry(path.to_owned()).or_default();
        worker.failed(why)
    }

    /// A worker of a component begins. When that lasts for long, its next failure is a new one.
    pub(super) fn mark_begun(&self, component: &str, kind: WorkerKind, path: &str) {
        let components = match kind {
            WorkerKind::Worker => &self.unending,
            WorkerKind::Job => &self.jobs,
        };
        kit_sync::lock(components).insert(component.to_owned());
        if let Some(worker) = kit_sync::lock(&self.workers).get_mut(path) {
            worker.ended();
        }
    }

    /// Whether a component consists of jobs: its start has begun them, and says nothing of their end.
    pub(super) fn has_jobs_only(&self, component: &str) -> bool {
        kit_sync::lock(&self.jobs).contains(component)
            && !kit_sync::lock(&self.unending).contains(component)
    }
}
