//! TLS while a server runs: the present certificate, and handshakes.

use std::sync::Arc;
use std::time::Duration;

use kit_sync::{BoxError, Ending, Published, error_chain};
use kit_units::WrongOption;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

pub(crate) use crate::tls::Tls;
use crate::tls::{Clients, Pem, Source};
use crate::wire::plain::Plain;
use crate::{Context as AppContext, StartError};

#[cfg(feature = "grpc")]
mod connect_info;
#[cfg(feature = "grpc")]
pub(crate) mod for_tonic;
mod found;
pub(crate) mod identity;
#[cfg(not(feature = "grpc"))]
mod no_connect_info;
mod peer;
mod validity;

#[cfg(not(feature = "grpc"))]
use no_connect_info as connect_info;

use found::{Wanted, explain};
use identity::Identity;
use validity::Validities;

/// The protocols that a server speaks, for ALPN, best first.
type Protocols = &'static [&'static [u8]];

/// An encrypted stream.
pub(crate) type Encrypted = TlsStream<Plain>;

/// The certificate of a client that has shown one. Its clones share it.
pub(crate) type ClientIdentity = Option<Arc<Identity>>;

/// `None` when the client has shown no certificate.
pub(crate) fn identify(stream: &Encrypted) -> ClientIdentity {
    Identity::of(stream).map(Arc::new)
}

/// A handshake.
pub(crate) type Accept = tokio_rustls::Accept<Plain>;

/// TLS of a server that listens.
#[derive(Clone, Debug)]
pub(crate) struct ServerTls {
    current: Arc<Published<ServerConfig>>,
    handshake: Duration,
}

impl ServerTls {
    /// Reads the certificates, and goes on reading them in a task of the server's scope.
    pub(crate) async fn start(
        tls: &Tls,
        protocols: Protocols,
        ctx: &AppContext,
    ) -> Result<ServerTls, StartError> {
        let files = Files::read(tls).await?;
        let (config, mut validities) = files.config(tls, protocols)?;
        validities.remark(&tls.certificate, UnixTime::now(), ctx);
        let current = Arc::new(Published::new(config));
        if let Some(every) = tls.reload
            && has_files(tls)
        {
            let (tls, current, ctx) = (tls.clone(), Arc::clone(&current), ctx.clone());
            let scope = ctx.scope().clone();
            scope.spawn_as("certificates", Ending::MayBeDropped, async move {
                reload(&tls, every, protocols, (files, validities), &current, &ctx).await;
            });
        }
        Ok(ServerTls {
            current,
            handshake: tls.handshake,
        })
    }

    /// Begins a handshake, with the present certificate.
    pub(crate) fn accept(&self, socket: Plain) -> Accept {
        TlsAcceptor::from(self.current.load()).accept(socket)
    }

    /// How long a handshake may take.
    pub(crate) fn handshake_timeout(&self) -> Duration {
        self.handshake
    }
}

/// The content of all files.
#[derive(Debug, PartialEq, Eq)]
struct Files {
    certificate: Vec<u8>,
    key: Vec<u8>,
    authorities: Option<Vec<u8>>,
}

impl Files {
    async fn read(tls: &Tls) -> Result<Files, StartError> {
        let authorities = match &tls.clients {
            Clients::Anonymous => None,
            Clients::MayHave(pem) | Clients::MustHave(pem) => Some(read(pem).await?),
        };
        Ok(Files {
            certificate: read(&tls.certificate).await?,
            key: read(&tls.key).await?,
            authorities,
        })
    }

    /// Makes rustls' configuration of the files: the chain first, then the key, the authorities for
    /// clients' certificates, and last the check that key and certificate belong together. An error
    /// names the file, and its content where that is another kind of PEM.
    fn config(
        &self,
        tls: &Tls,
        protocols: Protocols,
    ) -> Result<(ServerConfig, Validities), StartError> {
        let chain: Vec<_> = certificates(CERTIFICATE, &self.certificate, &tls.certificate)?;
        let validities = Validities::of(&chain);
        let key = PrivateKeyDer::from_pem_slice(&self.key).map_err(|error| {
            let source = explain(&self.key, Wanted::Key, error.into());
            unusable(KEY, &tls.key, source)
        })?;
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| unusable(CERTIFICATE, &tls.certificate, error.into()))?;
        let builder = match (&tls.clients, &self.authorities) {
            (Clients::MayHave(pem), Some(bytes)) => {
                builder.with_client_cert_verifier(verifier(pem, bytes, false)?)
            }
            (Clients::MustHave(pem), Some(bytes)) => {
                builder.with_client_cert_verifier(verifier(pem, bytes, true)?)
            }
            _ => builder.with_no_client_auth(),
        };
        let mut config = builder.with_single_cert(chain, key).map_err(|error| {
            let source = format!("with the private key from {}: {error}", tls.key);
            unusable(CERTIFICATE, &tls.certificate, source.into())
        })?;
        config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
        Ok((config, validities))
    }
}

/// Every mistake in the options of TLS: their times, and the files that cannot be read or used. Only files that
/// can all be read are looked into, by [`Files::config`], which has one error.
///
/// The files are read at once: it is for the time before a runtime runs.
pub(crate) fn check(tls: &Tls) -> Vec<WrongOption> {
    let authorities = match &tls.clients {
        Clients::Anonymous => None,
        Clients::MayHave(pem) => Some(("clients.accept", pem)),
        Clients::MustHave(pem) => Some(("clients.require", pem)),
    };
    let mut unread = Vec::new();
    let mut read = |key: &str, pem: &Pem| {
        let bytes = match &pem.0 {
            Source::Bytes(bytes) => Ok(bytes.to_vec()),
            Source::File(path) => std::fs::read(path),
        };
        bytes.unwrap_or_else(|error| {
            let expected = format!("a file that can be read: {error}");
            unread.push(WrongOption::new(key, pem, expected));
            Vec::new()
        })
    };
    let files = Files {
        certificate: read("certificate", &tls.certificate),
        key: read("key", &tls.key),
        authorities: authorities.map(|(key, pem)| read(key, pem)),
    };
    let mut wrong = tls.check();
    if unread.is_empty()
        && let Err(StartError::Tls { what, from, source }) = files.config(tls, &[])
    {
        let key = match what {
            CERTIFICATE => "certificate",
            KEY => "key",
            _ => authorities.map_or("clients", |(key, _)| key),
        };
        let expected = format!("a file that TLS can use: {}", error_chain(&*source));
        wrong.push(WrongOption::new(key, from, expected));
    }
    wrong.extend(unread);
    wrong
}

/// The parts of TLS, in errors.
const CERTIFICATE: &str = "certificate";
const KEY: &str = "private key";

fn has_files(tls: &Tls) -> bool {
    let authorities = match &tls.clients {
        Clients::Anonymous => None,
        Clients::MayHave(pem) | Clients::MustHave(pem) => Some(pem),
    };
    [Some(&tls.certificate), Some(&tls.key), authorities]
        .into_iter()
        .flatten()
        .any(|pem| matches!(pem.0, Source::File(_)))
}

async fn read(pem: &Pem) -> Result<Vec<u8>, StartError> {
    match &pem.0 {
        Source::Bytes(bytes) => Ok(bytes.to_vec()),
        Source::File(path) => tokio::fs::read(path)
            .await
            .map_err(|error| unusable("file", pem, error.into())),
    }
}

fn unusable(what: &'static str, pem: &Pem, source: BoxError) -> StartError {
    let from = pem.to_string();
    StartError::Tls { what, from, source }
}

fn certificates(
    what: &'static str,
    bytes: &[u8],
    pem: &Pem,
) -> Result<Vec<CertificateDer<'static>>, StartError> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(bytes).collect();
    match all {
        Ok(all) if !all.is_empty() => Ok(all),
        Ok(_) => {
            let source = explain(bytes, Wanted::Certificates, "there is none in it".into());
            Err(unusable(what, pem, source))
        }
        Err(error) => {
            let source = explain(bytes, Wanted::Certificates, error.into());
            Err(unusable(what, pem, source))
        }
    }
}

fn verifier(
    pem: &Pem,
    bytes: &[u8],
    required: bool,
) -> Result<Arc<dyn ClientCertVerifier>, StartError> {
    const WHAT: &str = "authority for client certificates";
    let mut roots = RootCertStore::empty();
    for certificate in certificates(WHAT, bytes, pem)? {
        let added = roots.add(certificate);
        added.map_err(|error| unusable(WHAT, pem, error.into()))?;
    }
    let provider = Arc::new(ring::default_provider());
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    let builder = if required {
        builder
    } else {
        builder.allow_unauthenticated()
    };
    builder
        .build()
        .map_err(|error| unusable(WHAT, pem, error.into()))
}

/// The shortest pause between two readings of the files.
const SHORTEST_PAUSE: Duration = Duration::from_millis(1);

/// Reads the files again and again, and publishes a new configuration when their content has changed
/// and can be used. A reason why they cannot is logged once for as long as it stays the same, and so is its end: the
/// next one is logged again. The dates of the certificates in use are checked at each reading, whatever has come of it.
async fn reload(
    tls: &Tls,
    every: Duration,
    protocols: Protocols,
    (mut known, mut validities): (Files, Validities),
    current: &Published<ServerConfig>,
    ctx: &AppContext,
) {
    let mut trouble: Option<String> = None;
    // Why the content that was read last cannot be used.
    let mut unusable: Option<String> = None;
    loop {
        tokio::time::sleep(every.max(SHORTEST_PAUSE)).await;
        let mut has_changed = false;
        let now = match Files::read(tls).await {
            Ok(files) if files == known => unusable.clone(),
            Ok(files) => {
                let config = files.config(tls, protocols);
                known = files;
                unusable = match config {
                    Ok((config, new)) => {
                        current.store(config);
                        (has_changed, validities) = (true, new);
                        None
                    }
                    Err(error) => Some(error_chain(&error)),
                };
                unusable.clone()
            }
            Err(error) => Some(error_chain(&error)),
        };
        let certificate = &tls.certificate;
        match &now {
            Some(error) if now != trouble => {
                tracing::error!(error, "cannot use a changed certificate; the old one stays");
            }
            None if has_changed => {
                tracing::info!(%certificate, "the files of TLS have changed, and are used");
            }
            None if trouble.is_some() => {
                tracing::info!(%certificate, "the files of TLS are again what is used");
            }
            _ => {}
        }
        // A certificate that was not replaced may expire, whatever its files hold now.
        validities.remark(certificate, UnixTime::now(), ctx);
        trouble = now;
    }
}
