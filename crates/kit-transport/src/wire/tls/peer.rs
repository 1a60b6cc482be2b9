//! What TLS adds to a peer.

use crate::wire::peer::Peer;
use crate::wire::tls::identity::Identity;

impl Peer {
    /// The client's certificate. There is one only where the server
    /// [asks for it](crate::Tls::require_client_certificates), and then it was verified.
    #[must_use]
    pub fn identity(&self) -> Option<&Identity> {
        self.identity.as_deref()
    }
}
