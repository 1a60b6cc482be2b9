//! A group's live count, and whether its owner waits for the end, in one atomic word.

use crate::sync::{AtomicUsize, Ordering};

const WAITED_FOR: usize = 1;
const ENDED: usize = 2;
const ONE: usize = 4;

/// Everything that a task did before it left happens before the count is seen at zero: leaving
/// releases, and looking acquires. Entering needs no order; the spawn has one.
///
/// On separate cache lines: tasks of all threads write here, and read the fields beside it.
#[derive(Debug, Default)]
#[repr(align(64))]
pub(super) struct Count(AtomicUsize);

impl Count {
    /// For the owner, which cannot have ended the group.
    pub(super) fn enter(&self) {
        self.0.fetch_add(ONE, Ordering::Relaxed);
    }

    /// For all others: unless the owner is gone.
    pub(super) fn try_enter(&self) -> bool {
        let enter = |word| (word & ENDED == 0).then_some(word + ONE);
        self.0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, enter)
            .is_ok()
    }

    /// Whether it was the last one, and the owner waits for that.
    #[must_use]
    pub(super) fn leave(&self) -> bool {
        self.0.fetch_sub(ONE, Ordering::Release) == ONE | WAITED_FOR
    }

    /// Refuses from now on. Whether there still is a task.
    #[must_use]
    pub(super) fn end(&self) -> bool {
        self.0.fetch_or(ENDED, Ordering::Acquire) >= ONE
    }

    /// Asks for a notification of the end, and returns whether the end has come.
    pub(super) fn wait_for_none(&self) -> bool {
        self.0.fetch_or(WAITED_FOR, Ordering::Acquire) < ONE
    }

    /// The owner waits no more.
    pub(super) fn waited(&self) {
        self.0.fetch_and(!WAITED_FOR, Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed) / ONE
    }
}
