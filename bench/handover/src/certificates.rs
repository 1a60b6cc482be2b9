//! A certificate for `localhost`, signed by itself.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};

/// The configuration by which clients trust the servers.
#[derive(Clone)]
pub(crate) struct Trust {
    pub(crate) pem: String,
    /// With the same.
    pub(crate) file: PathBuf,
    certificate: CertificateDer<'static>,
}

impl Trust {
    /// Makes a certificate and writes it into the folder that servers read.
    pub(crate) fn new(folder: &Path) -> io::Result<Trust> {
        let signed = rcgen::generate_simple_self_signed(["localhost".to_owned()])
            .map_err(io::Error::other)?;
        let file = folder.join("tls.crt");
        std::fs::write(&file, signed.cert.pem())?;
        std::fs::write(folder.join("tls.key"), signed.signing_key.serialize_pem())?;
        Ok(Trust {
            pem: signed.cert.pem(),
            file,
            certificate: signed.cert.der().clone(),
        })
    }

    /// A client that offers just this protocol.
    pub(crate) fn client(&self, protocol: &str) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        let added = roots.add(self.certificate.clone());
        added.expect("a certificate that was just made");
        let ring = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(ring)
            .with_safe_default_protocol_versions()
            .expect("ring has the defaults")
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
        Arc::new(config)
    }
}
