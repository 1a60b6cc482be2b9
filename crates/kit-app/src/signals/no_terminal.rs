//! Systems on which a terminal is not asked for: none is lost.

/// A terminal that the process never had.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terminal;

impl Terminal {
    pub(crate) fn now() -> Terminal {
        Terminal
    }

    pub(crate) fn is_lost(&self) -> bool {
        false
    }
}
