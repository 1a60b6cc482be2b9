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

#[derive(Debug)]
pub(super) struct Watched {
    state: Mutex<State>,
    changed: Notify,
    /// Who watches from further up.
    above: Option<Arc<Watched>>,
}

#[derive(Debug, Default)]
struct State {
    alive: usize,
    spawned: bool,
    /// The first failure, or else the last task that ended.
    telling: Option<TaskReport>,
}

impl State {
    fn ended(&self) -> Option<TaskReport> {
        self.telling.clone().filter(|_| self.alive == 0)
    }

    fn failure(&self) -> Option<TaskReport> {
        self.telling
            .clone()
            .filter(|report| report.outcome.is_failure())
    }
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
        self.until(State::ended).await
    }

    /// What [`all_ended`](Self::all_ended) would give now.
    #[must_use]
    pub fn has_ended(&self) -> Option<TaskReport> {
        self.watched.lock().ended()
    }

    /// Resolves when a named task has failed, with the first that did.
    ///
    /// # Cancel safety
    /// May be dropped and called again at any time.
    pub async fn first_failure(&self) -> TaskReport {
        self.until(State::failure).await
    }

    async fn until(&self, find: impl Fn(&State) -> Option<TaskReport>) -> TaskReport {
        loop {
            let changed = self.watched.changed.notified();
            if let Some(found) = find(&self.watched.lock()) {
                return found;
            }
            changed.await;
        }
    }
}

impl Watched {
    pub(super) fn below(above: Option<Arc<Watched>>) -> Watched {
        Watched {
            state: Mutex::default(),
            changed: Notify::new(),
            above,
        }
    }

    pub(super) fn spawned(&self) {
        let mut state = self.lock();
        state.alive += 1;
        state.spawned = true;
        drop(state);
        if let Some(above) = &self.above {
            above.spawned();
        }
    }

    pub(super) fn ended(&self, report: &TaskReport) {
        let mut state = self.lock();
        state.alive -= 1;
        if state.failure().is_none() {
            state.telling = Some(report.clone());
        }
        drop(state);
        self.changed.notify_waiters();
        if let Some(above) = &self.above {
            above.ended(report);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
