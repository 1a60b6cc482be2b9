//! Counts of what a server has accepted, served and refused.

use std::fmt;
use std::sync::{Arc, OnceLock};

use crate::{Cut, Cuts};

/// What a server has accepted, served and refused so far. The counts never go down; those of connections
/// and requests that are there now do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Traffic {
    /// The connections that are open.
    pub open_connections: usize,
    /// Those that were accepted.
    pub connections: u64,
    /// The requests in flight.
    pub requests_in_flight: usize,
    /// Those that have ended.
    pub requests: u64,
    /// The connections whose TLS handshake has failed, or took too long.
    pub refused_handshakes: u64,
}

type ReadTraffic = dyn Fn() -> Traffic + Send + Sync;

/// Reads the [`Traffic`] and the [`Cuts`] of a component; from [`Context::meter`](crate::Context::meter).
/// It keeps neither the component nor its context alive, and reads the last counts when it has ended.
#[derive(Clone, Default)]
pub struct Meter {
    read: Arc<OnceLock<Box<ReadTraffic>>>,
    cuts: Arc<Cuts>,
}

impl Meter {
    pub(crate) fn new(cuts: Arc<Cuts>) -> Meter {
        let read = Arc::default();
        Meter { read, cuts }
    }

    pub(crate) fn set(&self, read: impl Fn() -> Traffic + Send + Sync + 'static) {
        let _ = self.read.set(Box::new(read));
    }

    /// What the component has accepted, served and refused; `None` when it has not
    /// [set](crate::Context::set_traffic) how to find it, because it is no server or does not listen yet.
    ///
    /// Takes the lock of each open connection once, for a few instructions.
    #[must_use]
    pub fn traffic(&self) -> Option<Traffic> {
        self.read.get().map(|read| read())
    }

    /// How many of this kind the component has cut.
    #[must_use]
    pub fn count_of(&self, what: Cut) -> usize {
        self.cuts.count_of(what)
    }
}

impl fmt::Debug for Meter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meter")
            .field("traffic", &self.traffic())
            .finish_non_exhaustive()
    }
}
