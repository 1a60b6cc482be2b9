//! Who is at the other end.

use std::net::SocketAddr;

/// The two ends of the connection a request came by: an extractor for axum, an extension for
/// tonic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Peer {
    /// The client's address.
    pub remote: SocketAddr,
    /// Ours.
    pub local: SocketAddr,
}

impl Peer {
    pub(super) fn new(remote: SocketAddr, local: SocketAddr) -> Peer {
        Peer { remote, local }
    }
}
