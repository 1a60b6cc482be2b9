//! Counts of exchanges and connections that a server has cut.

use std::fmt;
use std::sync::Mutex;

/// How many names of each kind are kept; further cuts are counted without their names.
const NAMED: usize = 16;

/// A kind of thing that a server cuts at its deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub enum Cut {
    /// An exchange whose response is not complete. Makes the exit code 1.
    Request,
    /// A stream that was asked to end and had its grace: server-sent events, a WebSocket, a response
    /// whose handler waits for the drain.
    Stream,
    /// A connection without a request.
    Connection,
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Cut::Request => "request",
            Cut::Stream => "stream",
            Cut::Connection => "connection",
        })
    }
}

/// Counts of each kind of cut, with the names of the first few.
#[derive(Debug, Default)]
pub struct Cuts {
    kinds: Mutex<[Kind; 3]>,
}

#[derive(Debug, Default)]
struct Kind {
    count: usize,
    names: Vec<String>,
}

impl Cuts {
    /// How many of this kind were cut.
    #[must_use]
    pub fn count_of(&self, what: Cut) -> usize {
        self.lock()[what as usize].count
    }

    /// The names of the first sixteen of this kind.
    #[must_use]
    pub fn names_of(&self, what: Cut) -> Vec<String> {
        self.lock()[what as usize].names.clone()
    }

    pub(crate) fn count(&self, what: Cut, which: String) {
        let kind = &mut self.lock()[what as usize];
        kind.count += 1;
        if kind.names.len() < NAMED {
            kind.names.push(which);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, [Kind; 3]> {
        kit_sync::lock(&self.kinds)
    }
}
