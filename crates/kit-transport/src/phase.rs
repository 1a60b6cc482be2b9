//! When a component starts, relative to the others.

#[cfg(feature = "schema")]
mod schema;
#[cfg(feature = "serde")]
mod written;

use std::fmt;

/// A number that orders components: phases start in ascending order and stop in descending
/// order; inside one phase everything happens at the same time.
///
/// ```
/// use kit_transport::Phase;
///
/// assert!(Phase::RESOURCES < Phase::WORKERS && Phase::WORKERS < Phase::SERVERS);
/// let after_the_servers = Phase::new(250);
/// assert!(Phase::SERVERS < after_the_servers);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Phase(u16);

impl Phase {
    /// Components on which others build: pools, clients, caches. Phase 0.
    pub const RESOURCES: Phase = Phase(0);
    /// Background work. Phase 100.
    pub const WORKERS: Phase = Phase(100);
    /// Components that take requests from outside; they start last and stop first. Phase 200.
    pub const SERVERS: Phase = Phase(200);

    /// Your own phase, between or beyond the named ones.
    #[must_use]
    pub const fn new(order: u16) -> Phase {
        Phase(order)
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Phase::RESOURCES => f.write_str("resources"),
            Phase::WORKERS => f.write_str("workers"),
            Phase::SERVERS => f.write_str("servers"),
            Phase(order) => write!(f, "phase {order}"),
        }
    }
}
