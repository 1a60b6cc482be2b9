//! Whom a client's certificate says that it is.

use rustls::pki_types::CertificateDer;
use tokio_rustls::server::TlsStream;
#[cfg(feature = "grpc")]
use tonic::transport::server::{Connected, TcpConnectInfo, TlsConnectInfo};
use webpki::EndEntityCert;

use crate::wire::socket::Socket;

/// A client's certificate, verified in the handshake.
#[derive(Clone, Debug)]
pub struct Identity {
    certificates: Vec<CertificateDer<'static>>,
    uris: Vec<String>,
    dns_names: Vec<String>,
    /// Where tonic looks for certificates.
    #[cfg(feature = "grpc")]
    connect_info: TlsConnectInfo<TcpConnectInfo>,
}

impl Identity {
    /// `None` when the client has shown none.
    pub(crate) fn of(stream: &TlsStream<Socket>) -> Option<Identity> {
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
            #[cfg(feature = "grpc")]
            connect_info: stream.connect_info(),
        })
    }

    #[cfg(feature = "grpc")]
    pub(crate) fn connect_info(&self) -> TlsConnectInfo<TcpConnectInfo> {
        self.connect_info.clone()
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

#[cfg(feature = "grpc")]
impl Connected for Socket {
    type ConnectInfo = TcpConnectInfo;

    fn connect_info(&self) -> TcpConnectInfo {
        match self {
            Socket::Tcp(stream) => stream.connect_info(),
            _ => TcpConnectInfo {
                local_addr: None,
                remote_addr: None,
            },
        }
    }
}
