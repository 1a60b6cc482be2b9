//! TLS of a backend's connections, with certificates in files.

mod explained;
mod stream;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kit_sync::BoxError;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::{Error, Parameters};
use explained::{CertificateRefusal, Unusable, explained};
use stream::Encrypted;

/// TLS of the connections to a registry, by rustls with *ring*: versions 1.2 and 1.3.
///
/// Authorities, certificate and key are PEM in files, whose paths are parameters of the registry's URL:
///
/// | parameter | default | |
/// |---|---|---|
/// | `ca` | none: it must be there | the authorities that may have signed the server's certificate |
/// | `cert` and `key` | none: no certificate is shown | the chain and the private key that this client shows |
/// | `server_name` | the host | the name or IP address that the server's certificate must be for |
///
/// The files are read for each connection, so a certificate that was replaced is used from the next
/// connection on, and connections that are open stay as they are. Files that cannot be used are the
/// error of the attempt to connect, which the backend repeats.
#[derive(Debug, Clone)]
pub struct ClientTls {
    ca: PathBuf,
    identity: Option<IdentityFiles>,
    server_name: Option<ServerName<'static>>,
    protocols: Vec<Vec<u8>>,
}

/// The files of the certificate that the client shows.
#[derive(Debug, Clone)]
struct IdentityFiles {
    cert: PathBuf,
    key: PathBuf,
}

impl ClientTls {
    /// The names of the parameters, for [`RegistryUrl::parameters`](crate::RegistryUrl::parameters).
    pub const PARAMETERS: [&'static str; 4] = ["ca", "cert", "key", "server_name"];

    /// Takes the paths from the parameters. No file is read.
    ///
    /// # Errors
    /// [`Error::Url`] without `ca`, with one of `cert` and `key` alone, and for a `server_name` that
    /// is neither a DNS name nor an IP address.
    pub fn from_parameters(parameters: &Parameters<'_>) -> Result<ClientTls, Error> {
        let path = |name| -> Result<Option<PathBuf>, Error> {
            Ok(parameters.get(name)?.map(PathBuf::from))
        };
        let Some(ca) = path("ca")? else {
            let expected = "the file of the authorities that sign the server's certificate, as in \
                            ?ca=/etc/tls/ca.crt; those of the system are often in \
                            /etc/ssl/certs/ca-certificates.crt";
            return Err(parameters.wrong("ca", "", expected));
        };
        let identity = match (path("cert")?, path("key")?) {
            (Some(cert), Some(key)) => Some(IdentityFiles { cert, key }),
            (None, None) => None,
            (Some(_), None) => {
                return Err(parameters.wrong("key", "", "the file of the key of cert"));
            }
            (None, Some(_)) => {
                return Err(parameters.wrong("cert", "", "the file of the certificate of key"));
            }
        };
        let server_name = match parameters.get("server_name")? {
            None => None,
            Some(name) => {
                let parsed = ServerName::try_from(name.to_owned());
                let wrong = |_| parameters.wrong("server_name", name, "a DNS name or IP address");
                Some(parsed.map_err(wrong)?)
            }
        };
        Ok(ClientTls {
            ca,
            identity,
            server_name,
            protocols: Vec::new(),
        })
    }

    /// Replaces the protocols that the connection may speak, for ALPN, best first. Default: none is
    /// offered.
    #[must_use]
    pub fn protocols(mut self, protocols: &[&[u8]]) -> ClientTls {
        self.protocols = protocols.iter().map(|name| name.to_vec()).collect();
        self
    }

    /// Reads the files, connects to `host:port`, and makes the handshake. It has no limit of time.
    ///
    /// # Errors
    /// In one line: the file that cannot be used, the connection that was refused, or the fault in the
    /// server's certificate.
    ///
    /// # Cancel safety
    /// When dropped, the connection is closed.
    pub async fn connect(
        &self,
        address: &str,
    ) -> Result<impl AsyncRead + AsyncWrite + Send + Unpin + 'static + use<>, BoxError> {
        let config = self.config().await?;
        let name = match &self.server_name {
            Some(name) => name.clone(),
            None => server_name_of(address)?,
        };
        let socket = TcpStream::connect(address).await?;
        socket.set_nodelay(true)?;
        let connected = TlsConnector::from(Arc::new(config))
            .connect(name.clone(), socket)
            .await;
        let refusal =
            CertificateRefusal::of(self.identity.as_ref().map(|files| files.cert.clone()));
        match connected {
            Ok(stream) => Ok(Encrypted::new(stream, refusal)),
            Err(error) => Err(explained(refusal.explain(error), &name, &self.ca)),
        }
    }

    async fn config(&self) -> Result<ClientConfig, Unusable> {
        let mut roots = RootCertStore::empty();
        let authorities = read("authorities", &self.ca).await?;
        for authority in certificates("authorities", &self.ca, &authorities)? {
            let added = roots.add(authority);
            added.map_err(|error| Unusable::new("authorities", &self.ca, error))?;
        }
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| Unusable::new("authorities", &self.ca, error))?
            .with_root_certificates(roots);
        let mut config = match &self.identity {
            None => builder.with_no_client_auth(),
            Some(files) => {
                let (chain, key) = files.read().await?;
                let built = builder.with_client_auth_cert(chain, key);
                built.map_err(|error| {
                    let why = format!("the key in {} is not its key: {error}", files.key.display());
                    let why = match error {
                        rustls::Error::InconsistentKeys(_) => why,
                        other => other.to_string(),
                    };
                    Unusable::new("certificate", &files.cert, why)
                })?
            }
        };
        config.alpn_protocols.clone_from(&self.protocols);
        Ok(config)
    }
}

impl IdentityFiles {
    async fn read(
        &self,
    ) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), Unusable> {
        let chain = read("certificate", &self.cert).await?;
        let key = read("private key", &self.key).await?;
        let chain = certificates("certificate", &self.cert, &chain)?;
        let key = PrivateKeyDer::from_pem_slice(&key)
            .map_err(|error| Unusable::new("private key", &self.key, error))?;
        Ok((chain, key))
    }
}

async fn read(what: &'static str, path: &Path) -> Result<Vec<u8>, Unusable> {
    let bytes = tokio::fs::read(path).await;
    bytes.map_err(|error| Unusable::new(what, path, error))
}

fn certificates(
    what: &'static str,
    path: &Path,
    pem: &[u8],
) -> Result<Vec<CertificateDer<'static>>, Unusable> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let all = all.map_err(|error| Unusable::new(what, path, error))?;
    if all.is_empty() {
        let none = "there is no certificate in it that begins with `-----BEGIN CERTIFICATE`";
        return Err(Unusable::new(what, path, none));
    }
    Ok(all)
}

/// The name of the host in `host:port`; an IPv6 address stands in brackets there.
fn server_name_of(address: &str) -> io::Result<ServerName<'static>> {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    let host = host.trim_start_matches('[').trim_end_matches(']');
    ServerName::try_from(host.to_owned()).map_err(|_| {
        let fault = format!("{host} is no name that a certificate can have; set server_name");
        io::Error::new(io::ErrorKind::InvalidInput, fault)
    })
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::RegistryUrl;

    fn parsed(query: &str) -> Result<ClientTls, Error> {
        let url = format!("x://h?{query}");
        let url = RegistryUrl::parse(&url)?;
        ClientTls::from_parameters(&url.parameters(&ClientTls::PARAMETERS)?)
    }

    #[test]
    fn a_missing_or_wrong_parameter_is_named() {
        for (query, begin) in [
            ("", "ca of the registry URL"),
            ("ca=/a&cert=/b", "key of the registry URL"),
            ("ca=/a&key=/b", "cert of the registry URL"),
            ("ca=/a&server_name=a b", "server_name of the registry URL"),
            ("ca=/a&server_name=", "server_name of the registry URL"),
            ("ca=/a&crt=/b", "unknown parameter \"crt\""),
        ] {
            let error = parsed(query).unwrap_err().to_string();
            assert!(error.starts_with(begin), "{query}: {error}");
        }
        parsed("ca=/a&cert=/b&key=/c&server_name=10.0.0.1").unwrap();
    }

    #[tokio::test]
    async fn a_file_that_cannot_be_used_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        std::fs::write(path("none"), "text").unwrap();
        for (query, error) in [
            (
                format!("ca={}", path("missing")),
                format!(
                    "cannot use the authorities from {}: No such file or directory (os error 2)",
                    path("missing")
                ),
            ),
            (
                format!("ca={}", path("none")),
                format!(
                    "cannot use the authorities from {}: there is no certificate in it that begins \
                     with `-----BEGIN CERTIFICATE`",
                    path("none")
                ),
            ),
        ] {
            let failed = parsed(&query).unwrap().connect("127.0.0.1:1").await.err();
            assert_eq!(failed.unwrap().to_string(), error);
        }
    }

    /// Writes a certificate that signs itself as `<name>.crt`, and its key as `<name>.key`.
    fn write_identity(folder: &Path, name: &str) {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(vec!["h".to_owned()]).unwrap();
        let cert = params.self_signed(&key).unwrap();
        std::fs::write(folder.join(format!("{name}.crt")), cert.pem()).unwrap();
        std::fs::write(folder.join(format!("{name}.key")), key.serialize_pem()).unwrap();
    }

    #[tokio::test]
    async fn a_key_of_another_certificate_is_named() {
        let folder = tempfile::tempdir().unwrap();
        write_identity(folder.path(), "a");
        write_identity(folder.path(), "b");
        let path = folder.path().display();
        let query = format!("ca={path}/a.crt&cert={path}/a.crt&key={path}/b.key");
        let failed = parsed(&query).unwrap().connect("127.0.0.1:1").await.err();
        let failed = failed.unwrap().to_string();
        let begin = format!(
            "cannot use the certificate from {path}/a.crt: the key in {path}/b.key is not its key: "
        );
        assert!(failed.starts_with(&begin), "{failed}");
    }

    #[tokio::test]
    async fn a_server_without_tls_is_called_one() {
        let folder = tempfile::tempdir().unwrap();
        write_identity(folder.path(), "a");
        let tls = parsed(&format!("ca={}/a.crt", folder.path().display())).unwrap();
        for answer in ["", "HTTP/1.1 400 Bad Request\r\n\r\n"] {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap().to_string();
            let serve = async {
                let (mut socket, _) = listener.accept().await.unwrap();
                // Bytes that were not read would make the end of the connection a reset.
                assert!(socket.read(&mut [0; 4096]).await.unwrap() > 0);
                socket.write_all(answer.as_bytes()).await.unwrap();
                socket.shutdown().await.unwrap();
            };
            let (failed, ()) = tokio::join!(tls.connect(&address), serve);
            let failed = failed.err().unwrap().to_string();
            let begin = "the server made no TLS handshake, so it may be one without TLS: ";
            assert!(failed.starts_with(begin), "{answer}: {failed}");
        }
    }

    #[test]
    fn the_name_is_the_host() {
        for (address, name) in [
            ("etcd.internal:2379", "etcd.internal"),
            ("10.0.0.1:2379", "10.0.0.1"),
            ("[fd00::1]:2379", "fd00::1"),
        ] {
            assert_eq!(server_name_of(address).unwrap().to_str(), name);
        }
        assert!(server_name_of("a b:1").is_err());
    }
}
