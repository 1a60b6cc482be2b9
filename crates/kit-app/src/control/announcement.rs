//! The event of the request to stop, once.

use std::fmt;
use std::sync::{Arc, Mutex, OnceLock};

use super::asked::Asked;
use crate::journal::Journal;

/// Emits the event of the request to stop once: from the thread that asks, or else when the stop begins.
#[derive(Default)]
pub(super) struct Announcement {
    /// Where a thread that asks emits it. None before the run, and none where events are delivered inline: a
    /// signal waits for no consumer.
    journal: OnceLock<Arc<Journal>>,
    /// Held while it is emitted, so that no step of the stop comes before it.
    is_done: Mutex<bool>,
}

impl Announcement {
    pub(super) fn set_journal(&self, journal: &Arc<Journal>) {
        let _ = self.journal.set(Arc::clone(journal));
    }

    /// A stop was asked for on this thread.
    pub(super) fn announce_now(&self, asked: &Asked) {
        if let Some(journal) = self.journal.get() {
            self.announce(asked, journal);
        }
    }

    pub(super) fn announce(&self, asked: &Asked, journal: &Journal) {
        let mut is_done = kit_sync::lock(&self.is_done);
        if !std::mem::replace(&mut *is_done, true) {
            journal.emit(asked.event());
        }
    }
}

impl fmt::Debug for Announcement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Announcement").finish_non_exhaustive()
    }
}
