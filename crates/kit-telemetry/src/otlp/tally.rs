//! The counts of spans.

use std::sync::atomic::{AtomicU64, Ordering};

use super::flushed::Flushed;

/// How many spans went where. Counts only: nothing is read through them, so their order does not matter.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Each has ended and was offered to the queue.
    offered: AtomicU64,
    exported: AtomicU64,
    /// The queue had no place.
    refused: AtomicU64,
    /// The collector did not take them.
    given_up: AtomicU64,
}

impl Tally {
    pub(super) fn count_offered(&self) {
        self.offered.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_exported(&self, spans: u64) {
        self.exported.fetch_add(spans, Ordering::Relaxed);
    }

    pub(super) fn count_given_up(&self, spans: u64) {
        self.given_up.fetch_add(spans, Ordering::Relaxed);
    }

    /// Those that never reached the collector, and will not.
    pub(super) fn dropped(&self) -> u64 {
        self.refused.load(Ordering::Relaxed) + self.given_up.load(Ordering::Relaxed)
    }

    /// A span that is neither exported nor dropped is unfinished.
    pub(super) fn flushed(&self) -> Flushed {
        let exported = self.exported.load(Ordering::Relaxed);
        let dropped = self.dropped();
        let offered = self.offered.load(Ordering::Relaxed);
        Flushed {
            exported,
            dropped,
            unfinished: offered.saturating_sub(exported + dropped),
        }
    }
}
