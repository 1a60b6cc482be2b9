//! The whereabouts of spans.

use std::fmt;

/// The whereabouts of the spans that have ended since the start of the export.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Flushed {
    /// Those that the collector has taken.
    pub(super) exported: u64,
    /// Those that were given up: the queue was full, or the collector has refused them.
    pub(super) dropped: u64,
    /// Those that wait, or are under way and without an answer. After a shutdown they are lost.
    pub(super) unfinished: u64,
}

impl Flushed {
    /// Whether each span has arrived.
    pub(super) fn is_whole(&self) -> bool {
        self.dropped == 0 && self.unfinished == 0
    }
}

impl fmt::Display for Flushed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Flushed {
            exported,
            dropped,
            unfinished,
        } = self;
        write!(
            f,
            "{exported} spans exported, {dropped} dropped, {unfinished} unfinished"
        )
    }
}
