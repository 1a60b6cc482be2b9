//! The whereabouts of spans.

use std::fmt;

/// The whereabouts of the spans that have ended since the start of the export.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Flushed {
    /// Those that the collector has taken.
    pub exported: u64,
    /// Those that were given up: the queue was full, or the collector has refused them.
    pub dropped: u64,
    /// Those that wait, or are under way and without an answer. After a shutdown they are lost.
    pub unfinished: u64,
}

impl Flushed {
    /// Whether each span has arrived.
    #[must_use]
    pub fn is_whole(&self) -> bool {
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
