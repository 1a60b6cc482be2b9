//! Readiness: a gate that opens when every latch was opened.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::thread::{self, ThreadId};

use crate::sync::{Mutex, MutexGuard, Notify, lock};

/// Opens when every [`Latch`] that was taken from it has been opened. Clones are the same gate.
///
/// A gate from which no latch was taken yet is closed. Once open, it stays open: a latch taken
/// later is born released, so that a restarted part may ask again.
///
/// ```
/// use kit_sync::Gate;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let gate = Gate::new();
/// let (cache, pool) = (gate.latch("cache"), gate.latch("pool"));
/// cache.open();
/// assert_eq!(gate.waiting_for(), ["pool"]);
/// pool.open();
/// gate.opened().await.unwrap();
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Gate {
    inner: Arc<GateShared>,
}

#[derive(Default)]
struct GateShared {
    state: Mutex<GateState>,
    changed: Notify,
}

#[derive(Default)]
struct GateState {
    waiting: BTreeMap<u64, &'static str>,
    taken: u64,
    settled: Option<Result<(), Abandoned>>,
    /// Where the latch was dropped that has failed it.
    given_up_at: Option<Place>,
}

/// Where code runs: a task keeps its place when it goes on on another thread.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Task(tokio::task::Id),
    Thread(ThreadId),
}

impl Place {
    fn here() -> Place {
        let task = tokio::task::try_id().map(Place::Task);
        task.unwrap_or_else(|| Place::Thread(thread::current().id()))
    }
}

/// Holds a [`Gate`] back until it is opened. Dropped unopened, it fails the gate: a part that
/// panicked must not count as ready. It is opened once:
///
/// ```compile_fail,E0382
/// let latch = kit_sync::Gate::new().latch("pool");
/// latch.open();
/// latch.open();
/// ```
///
/// ```compile_fail,E0599
/// let latch = kit_sync::Gate::new().latch("pool");
/// let other = latch.clone();
/// ```
#[must_use = "dropping a latch fails its gate"]
#[derive(Debug)]
pub struct Latch {
    gate: Gate,
    /// `None` once released.
    id: Option<u64>,
    what: &'static str,
}

/// A latch was dropped unopened, so its gate will never open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{what}` was given up before it was ready")]
pub struct Abandoned {
    /// The part that the latch stood for.
    pub what: &'static str,
}

impl Gate {
    /// A closed gate without latches.
    #[must_use]
    pub fn new() -> Gate {
        Gate::default()
    }

    /// Takes a latch; `what` names the part that the gate waits for.
    pub fn latch(&self, what: &'static str) -> Latch {
        let mut state = self.lock();
        let id = match state.settled {
            Some(Ok(())) => None,
            _ => {
                let id = state.taken;
                state.taken += 1;
                state.waiting.insert(id, what);
                Some(id)
            }
        };
        Latch {
            gate: self.clone(),
            id,
            what,
        }
    }

    /// Resolves when the gate is open.
    ///
    /// # Errors
    /// [`Abandoned`] when a latch was dropped unopened.
    ///
    /// # Cancel safety
    /// May be dropped and called again at any time.
    pub async fn opened(&self) -> Result<(), Abandoned> {
        loop {
            let changed = self.inner.changed.notified();
            if let Some(settled) = self.lock().settled {
                return settled;
            }
            changed.await;
        }
    }

    /// Whether it is open now.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.lock().settled == Some(Ok(()))
    }

    /// Whether a latch was dropped unopened by the task that calls this, or outside of tasks by the
    /// thread, and has failed the gate. A [failure observer](crate::Scope::observe_failures) runs in the task
    /// that fails, so it can ask whether this task held the latch.
    ///
    /// ```
    /// let gate = kit_sync::Gate::new();
    /// drop(gate.latch("pool"));
    /// assert!(gate.is_given_up_here());
    /// ```
    #[must_use]
    pub fn is_given_up_here(&self) -> bool {
        self.lock().given_up_at == Some(Place::here())
    }

    /// The parts that it still waits for, oldest first.
    #[must_use]
    pub fn waiting_for(&self) -> Vec<&'static str> {
        self.lock().waiting.values().copied().collect()
    }

    fn lock(&self) -> MutexGuard<'_, GateState> {
        lock(&self.inner.state)
    }
}

impl Latch {
    /// Releases the gate as far as this latch is concerned.
    pub fn open(mut self) {
        let Some(id) = self.id.take() else { return };
        let mut state = self.gate.lock();
        state.waiting.remove(&id);
        if state.waiting.is_empty() && state.settled.is_none() {
            state.settled = Some(Ok(()));
            drop(state);
            // `notify_waiters` reaches every `notified()` that was created before it, and the
            // state is read after that creation: no opening is missed.
            self.gate.inner.changed.notify_waiters();
        }
    }
}

impl Drop for Latch {
    fn drop(&mut self) {
        let Some(id) = self.id.take() else { return };
        let mut state = self.gate.lock();
        state.waiting.remove(&id);
        if state.settled.is_none() {
            state.settled = Some(Err(Abandoned { what: self.what }));
            state.given_up_at = Some(Place::here());
            drop(state);
            self.gate.inner.changed.notify_waiters();
        }
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate")
            .field("open", &self.is_open())
            .field("waiting_for", &self.waiting_for())
            .finish()
    }
}

#[cfg(all(test, kit_loom))]
mod models;

#[cfg(all(test, not(kit_loom)))]
mod tests;
