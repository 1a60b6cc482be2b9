//! How many lines there were.

/// The lines so far, by their fate.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LineCounts {
    pub(crate) written: u64,
    pub(crate) dropped: u64,
    /// In the queue, or in the hands of the thread.
    pub(crate) waiting: u64,
}

impl LineCounts {
    pub(super) fn done(self) -> u64 {
        self.written + self.dropped
    }

    pub(super) fn pushed(self) -> u64 {
        self.done() + self.waiting
    }
}
