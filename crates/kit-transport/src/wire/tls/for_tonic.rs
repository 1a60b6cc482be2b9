//! What tonic's users find in the extensions of a request that came encrypted.

use crate::wire::peer::Peer;
use crate::wire::tls::connect_info::ConnectInfo;

/// `None` when the client has shown no certificate.
pub(crate) fn tls_connect_info(peer: &Peer) -> Option<ConnectInfo> {
    let identity = peer.identity.as_deref()?;
    Some(identity.connect_info.clone())
}
