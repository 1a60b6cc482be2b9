//! Certificates made for a test, and a client that looks at the one that it is shown.

use std::io;
use std::path::Path;
use std::sync::Arc;

use kit_test_support::PATIENCE;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, SanType};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::transport::Identity;

pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, in PEM.
pub(crate) struct Signed {
    certificate: String,
    key: String,
}

impl Authority {
    pub(crate) fn new() -> Authority {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Authority(CertifiedIssuer::self_signed(params, key).expect("a certificate"))
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    pub(crate) fn server(&self) -> Signed {
        self.sign("localhost")
    }

    pub(crate) fn client(&self) -> Signed {
        self.sign("orders.example.org")
    }

    fn sign(&self, name: &str) -> Signed {
        let mut params = CertificateParams::default();
        params.subject_alt_names = vec![SanType::DnsName(name.try_into().expect("a name"))];
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.0).expect("a certificate");
        Signed {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        }
    }
}

impl Signed {
    /// Each file is replaced at once, as a secret in Kubernetes is. Between the two the key does not fit, and the
    /// server keeps what it has.
    pub(crate) fn write(&self, folder: &Path) {
        for (name, text) in [("tls.crt", &self.certificate), ("tls.key", &self.key)] {
            let new = folder.join("new");
            std::fs::write(&new, text).expect("a file");
            std::fs::rename(new, folder.join(name)).expect("a file");
        }
    }

    pub(crate) fn der(&self) -> CertificateDer<'static> {
        CertificateDer::from_pem_slice(self.certificate.as_bytes()).expect("a certificate")
    }

    pub(crate) fn identity(&self) -> Identity {
        Identity::from_pem(&self.certificate, &self.key)
    }
}

/// A connection of HTTP/1.1 that stays open.
pub(crate) struct Connection(TlsStream<TcpStream>);

/// Connects as a client that trusts this authority, with a certificate if it has one.
pub(crate) async fn connect(
    address: &str,
    authority: &Authority,
    own: Option<&Signed>,
) -> io::Result<Connection> {
    let mut roots = RootCertStore::empty();
    roots.add(authority.0.der().clone()).expect("a root");
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(ring)
        .with_safe_default_protocol_versions()
        .expect("versions of ring's")
        .with_root_certificates(roots);
    let config = match own {
        None => config.with_no_client_auth(),
        Some(own) => {
            let key = PrivateKeyDer::from_pem_slice(own.key.as_bytes()).expect("a key");
            config
                .with_client_auth_cert(vec![own.der()], key)
                .expect("they fit")
        }
    };
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from("localhost").expect("a name");
    let connecting = TlsConnector::from(Arc::new(config)).connect(name, stream);
    Ok(Connection(connecting.await?))
}

impl Connection {
    /// The certificate that the server has shown.
    pub(crate) fn shown(&self) -> CertificateDer<'static> {
        let (_, session) = self.0.get_ref();
        session.peer_certificates().expect("a handshake")[0]
            .clone()
            .into_owned()
    }

    pub(crate) async fn get(&mut self, path: &str) -> String {
        self.try_get(path).await.expect("an answer")
    }

    /// Asks, and gives the body of the answer, whose length is in its head.
    pub(crate) async fn try_get(&mut self, path: &str) -> io::Result<String> {
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
        self.0.write_all(request.as_bytes()).await?;
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            let byte = timeout(PATIENCE, self.0.read_u8())
                .await
                .expect("it answers")?;
            head.push(byte.into());
        }
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        let (_, length) = head.split_once("content-length: ").expect("a length");
        let length = length.lines().next().and_then(|length| length.parse().ok());
        let mut body = vec![0; length.expect("a number")];
        let read = timeout(PATIENCE, self.0.read_exact(&mut body)).await;
        read.expect("it answers")?;
        Ok(String::from_utf8(body).expect("a text"))
    }

    /// Without a `close_notify` the read would be an error.
    pub(crate) async fn expect_orderly_end(mut self) {
        let read = timeout(PATIENCE, self.0.read(&mut [0])).await;
        assert_eq!(read.expect("it ends").expect("in good order"), 0);
    }
}
