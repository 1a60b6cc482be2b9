//! Seeing when the tasks of a part of the tree have all ended.

use std::sync::Arc;

use super::report::TaskReport;
use crate::sync::{Mutex, MutexGuard, Notify, lock};

/// Sees the named tasks of a scope and of every scope below it;
/// from [`Scope::supervised_child`](super::Scope::supervised_child).
#[derive(Clone, Debug)]
pub struct Supervisor {
    pub(super) supervised: Arc<Supervised>,
}

#[derive(Debug)]
pub(super) struct Supervised {
    state: Mutex<SupervisedState>,
    changed: Notify,
    /// That of a scope further up.
    above: Option<Arc<Supervised>>,
}

#[derive(Debug, Default)]
struct SupervisedState {
    alive: usize,
    spawned: bool,
    /// The first failure, or else the last task that ended.
    report: Option<TaskReport>,
}

impl SupervisedState {
    fn ended(&self) -> Option<TaskReport> {
        self.report.clone().filter(|_| self.alive == 0)
    }

    fn failed(&self) -> bool {
        let failed = |report: &TaskReport| report.outcome().is_failure();
        self.report.as_ref().is_some_and(failed)
    }

    fn failure(&self) -> Option<TaskReport> {
        self.report.clone().filter(|_| self.failed())
    }
}

impl Supervisor {
    /// Whether any named task was ever spawned.
    #[must_use]
    pub fn has_spawned(&self) -> bool {
        self.supervised.lock().spawned
    }

    /// Resolves when named tasks were spawned and none is left. Gives the first that failed, or
    /// the last that ended. Tasks that may be left behind count like the others.
    ///
    /// # Cancel safety
    /// May be dropped and called again at any time.
    pub async fn all_ended(&self) -> TaskReport {
        self.until(SupervisedState::ended).await
    }

    /// The report that [`all_ended`](Self::all_ended) would give now.
    #[must_use]
    pub fn has_ended(&self) -> Option<TaskReport> {
        self.supervised.lock().ended()
    }

    /// Resolves when a named task has failed, with the first that did.
    ///
    /// # Cancel safety
    /// May be dropped and called again at any time.
    pub async fn first_failure(&self) -> TaskReport {
        self.until(SupervisedState::failure).await
    }

    async fn until(&self, find: impl Fn(&SupervisedState) -> Option<TaskReport>) -> TaskReport {
        loop {
            let changed = self.supervised.changed.notified();
            if let Some(found) = find(&self.supervised.lock()) {
                return found;
            }
            changed.await;
        }
    }
}

impl Supervised {
    pub(super) fn below(above: Option<Arc<Supervised>>) -> Supervised {
        Supervised {
            state: Mutex::default(),
            changed: Notify::new(),
            above,
        }
    }

    pub(super) fn count_in(&self) {
        let mut state = self.lock();
        state.alive += 1;
        state.spawned = true;
        drop(state);
        if let Some(above) = &self.above {
            above.count_in();
        }
    }

    pub(super) fn count_out(&self, report: &TaskReport) {
        let failed = report.outcome().is_failure();
        let mut next = Some(self);
        while let Some(here) = next {
            let mut state = here.lock();
            state.alive -= 1;
            // The last that ended is asked for only when none is left.
            if !state.failed() && (state.alive == 0 || failed) {
                state.report = Some(report.clone());
            }
            drop(state);
            here.changed.notify_waiters();
            next = here.above.as_deref();
        }
    }

    fn lock(&self) -> MutexGuard<'_, SupervisedState> {
        lock(&self.state)
    }
}
