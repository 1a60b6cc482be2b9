//! What a client's certificate says of the client.

use rustls::pki_types::CertificateDer;
use tokio_rustls::server::TlsStream;
use webpki::EndEntityCert;

use crate::wire::plain::Plain;
use crate::wire::tls::connect_info::{ConnectInfo, connect_info};

/// A client's certificate, verified in the handshake.
#[derive(Clone, Debug)]
pub struct Identity {
    certificates: Vec<CertificateDer<'static>>,
    uris: Vec<String>,
    dns_names: Vec<String>,
    /// The value in which tonic looks for certificates.
    pub(crate) connect_info: ConnectInfo,
}

impl Identity {
    /// `None` when the client has shown no certificate.
    pub(crate) fn of(stream: &TlsStream<Plain>) -> Option<Identity> {
        let certificates = stream.get_ref().1.peer_certificates()?.to_vec();
        let leaf = EndEntityCert::try_from(certificates.first()?).ok();
        let owned = |name: &str| name.to_owned();
        let (uris, dns_names) = leaf
            .map(|leaf| {
                (
                    leaf.valid_uri_names().map(owned).collect(),
                    leaf.valid_dns_names().map(owned).collect(),
                )
            })
            .unwrap_or_default();
        Some(Identity {
            certificates,
            uris,
            dns_names,
            connect_info: connect_info(stream),
        })
    }

    /// The chain as the client sent it, in DER: its own certificate first.
    #[must_use]
    pub fn certificates(&self) -> &[CertificateDer<'static>] {
        &self.certificates
    }

    /// The URIs in its subject alternative names, such as `spiffe://example.org/orders`.
    #[must_use]
    pub fn uris(&self) -> &[String] {
        &self.uris
    }

    /// The host names in its subject alternative names.
    #[must_use]
    pub fn dns_names(&self) -> &[String] {
        &self.dns_names
    }
}
