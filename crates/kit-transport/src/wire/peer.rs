//! The two ends of a connection.

use std::net::SocketAddr;

use crate::Address;
use crate::wire::tls::ClientIdentity;

/// The two ends of the connection by which a request came: an extractor for axum; on a
/// request of tonic, `grpc::RequestExt::peer` gives it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Peer {
    /// The client's address. A client of a Unix socket rarely has a path; then this is the empty
    /// one.
    pub remote: Address,
    /// The server's address.
    pub local: Address,
    pub(crate) identity: ClientIdentity,
}

impl Peer {
    pub(crate) fn new(remote: Address, local: Address) -> Peer {
        Peer {
            remote,
            local,
            identity: ClientIdentity::default(),
        }
    }

    /// The same with what the client has shown in its TLS handshake.
    pub(crate) fn with_identity(self, identity: ClientIdentity) -> Peer {
        Peer { identity, ..self }
    }

    /// The client's address, when it came by IP.
    #[must_use]
    pub fn ip(&self) -> Option<SocketAddr> {
        self.remote.ip()
    }
}
