//! Who is at the other end.

use std::net::SocketAddr;
#[cfg(feature = "tls")]
use std::sync::Arc;

use crate::Address;
#[cfg(feature = "tls")]
use crate::wire::identity::Identity;

/// The two ends of the connection a request came by: an extractor for axum, an extension for
/// tonic.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Peer {
    /// The client's address. A client of a Unix socket rarely has a path of its own; then this is
    /// the empty one.
    pub remote: Address,
    /// Ours.
    pub local: Address,
    #[cfg(feature = "tls")]
    pub(crate) identity: Option<Arc<Identity>>,
}

impl Peer {
    pub(crate) fn new(remote: Address, local: Address) -> Peer {
        Peer {
            remote,
            local,
            #[cfg(feature = "tls")]
            identity: None,
        }
    }

    #[cfg(feature = "tls")]
    pub(crate) fn with_identity(self, identity: Option<Identity>) -> Peer {
        let identity = identity.map(Arc::new);
        Peer { identity, ..self }
    }

    /// The client's address, when it came by IP.
    #[must_use]
    pub fn ip(&self) -> Option<SocketAddr> {
        self.remote.ip()
    }

    /// Whom the client's certificate says that it is. There is one only where the server
    /// [asks for it](crate::Tls::require_client_certificates), and then it was verified.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn identity(&self) -> Option<&Identity> {
        self.identity.as_deref()
    }
}
