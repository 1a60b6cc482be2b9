//! What tonic's users find in the extensions of a request beside its addresses: nothing.

use std::convert::Infallible;

use crate::wire::peer::Peer;

pub(crate) fn tls_connect_info(_: &Peer) -> Option<Infallible> {
    None
}
