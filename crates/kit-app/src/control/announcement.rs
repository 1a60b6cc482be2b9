//! The events of the requests to stop and to force the stop, each once and in this order.

use std::fmt;
use std::sync::{Arc, Mutex, OnceLock};

use super::asked::Asked;
use crate::Event;
use crate::journal::Journal;
use crate::signals::Signal;

/// Emits the events of requests once: from the thread that asks, or else when the stop begins.
#[derive(Default)]
pub(super) struct Announcement {
    /// Where a thread that asks emits them. None before the run, and none where events are delivered inline: a
    /// signal waits for no consumer.
    journal: OnceLock<Arc<Journal>>,
    /// Held while an event is emitted and while the start takes a step, so that steps of the start come before
    /// the event of the stop, and steps of the stop after it.
    announced: Mutex<Announced>,
}

/// The request to stop, and the signal that has forced the stop, as far as there are such.
pub(super) type Asks = (Option<Asked>, Option<Signal>);

/// Which events are emitted, or will not be.
#[derive(Default)]
struct Announced {
    asked: bool,
    forced: bool,
    /// The run is over.
    ended: bool,
}

impl Announcement {
    pub(super) fn set_journal(&self, journal: &Arc<Journal>) {
        let _ = self.journal.set(Arc::clone(journal));
    }

    /// Something was asked for on this thread.
    pub(super) fn announce_now(&self, requests: impl FnOnce() -> Asks) {
        if let Some(journal) = self.journal.get() {
            self.announce(journal, requests);
        }
    }

    /// The requests are read under the lock, so that a stop that is forced by another thread at this moment is
    /// announced behind the request for it.
    pub(super) fn announce(&self, journal: &Journal, requests: impl FnOnce() -> Asks) {
        let mut announced = kit_sync::lock(&self.announced);
        if announced.ended {
            return;
        }
        let (Some(asked), forced) = requests() else {
            return;
        };
        if !std::mem::replace(&mut announced.asked, true) {
            journal.emit(asked.event());
        }
        if let Some(signal) = forced
            && !std::mem::replace(&mut announced.forced, true)
        {
            journal.emit(Event::Forced { signal });
        }
    }

    /// Takes a step of the start, unless a stop was asked for: `None` then.
    pub(super) fn step<T>(
        &self,
        is_asked: impl FnOnce() -> bool,
        step: impl FnOnce() -> T,
    ) -> Option<T> {
        let _announced = kit_sync::lock(&self.announced);
        (!is_asked()).then(step)
    }

    /// Nothing is emitted any more.
    pub(super) fn end(&self) {
        kit_sync::lock(&self.announced).ended = true;
    }
}

impl fmt::Debug for Announcement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Announcement").finish_non_exhaustive()
    }
}
