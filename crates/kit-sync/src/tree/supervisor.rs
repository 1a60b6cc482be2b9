//! Seeing when the tasks of a part of the tree have all ended.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::report::TaskReport;

/// Sees the named tasks of a scope and of every scope below it;
/// from [`Scope::supervised_child`](super::Scope::supervised_child).
#[derive(Clone, Debug)]
pub struct Supervisor {
    pub(super) watched: Arc<Watched>,
}

#[derive(Debug, Default)]
pub(super) struct Watched {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    alive: usize,
    spawned: bool,
    /// The first failure, or else the last task that ended.
    telling: Option<TaskReport>,
}

impl Supervisor {
    /// Whether any named task was ever spawned.
    #[must_use]
    pub fn has_spawned(&self) -> bool {
        self.watched.lock().spawned
    }

    /// Resolves when named tasks were spawned and none is left. Gives the first that failed, or
    /// the last that ended. Tasks that may be left behind count like the others.
    ///
    /// # Cancel safety
    /// May be dropped and called again at any time.
    pub async fn all_ended(&self) -> TaskReport {
        loop {
            let changed = self.watched.changed.notified();
            {
                let state = self.watched.lock();
                if state.alive == 0
                    && let Some(report) = &state.telling
                {
                    return report.clone();
                }
            }
            changed.await;
        }
    }
}

impl Watched {
    pub(super) fn spawned(&self) {
        let mut state = self.lock();
        state.alive += 1;
        state.spawned = true;
    }

    pub(super) fn ended(&self, report: &TaskReport) {
        let mut state = self.lock();
        state.alive -= 1;
        if !state
            .telling
            .as_ref()
            .is_some_and(|told| told.outcome.is_failure())
        {
            state.telling = Some(report.clone());
        }
        if state.alive == 0 {
            drop(state);
            self.changed.notify_waiters();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
