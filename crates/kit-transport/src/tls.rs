//! TLS for servers: certificates, and the clients that may connect.

#[cfg(feature = "schema")]
mod schema;
#[cfg(feature = "serde")]
mod written;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use kit_units::WrongOption;

/// TLS for a server, by [rustls](https://docs.rs/rustls) with *ring*: versions 1.2 and 1.3, and the
/// choice between HTTP/1.1 and HTTP/2 by ALPN.
///
/// Certificates and keys are PEM, in files or in memory. Files are read again when they change:
/// connections that are open stay as they are, new ones get the new certificate. Files that cannot
/// be used are an error in the log, and the earlier certificate stays. A certificate of the chain
/// that has expired, is not valid yet, or expires within 14 days is a warning with the date.
///
/// An encrypted key is refused: a server has no password to give.
///
/// ```
/// use kit_transport::Tls;
///
/// let tls = Tls::new("/etc/tls/tls.crt", "/etc/tls/tls.key")
///     .require_client_certificates("/etc/tls/ca.crt");
/// ```
///
/// In a file (feature `serde`) it is a table of paths; `clients` is `"anonymous"`, which is the default,
/// `{ require = "ca.crt" }` or `{ accept = "ca.crt" }`:
///
/// ```toml
/// [tls]
/// certificate = "/etc/tls/tls.crt"
/// key = "/etc/tls/tls.key"
/// clients = { require = "/etc/tls/ca.crt" }
/// reload = "10s"
/// handshake_timeout = "10s"
/// ```
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[must_use = "it says how to encrypt, and does not encrypt"]
pub struct Tls {
    /// The file of the chain of certificates, PEM, the server's own first.
    pub(crate) certificate: Pem,
    /// The file of the private key, PEM (PKCS#8, SEC1 or PKCS#1), not encrypted.
    pub(crate) key: Pem,
    /// The certificates that clients show: `anonymous`, or the file of the authorities of those that they
    /// must (`require`) or may (`accept`) show. Default: `anonymous`.
    #[cfg_attr(feature = "serde", serde(default))]
    pub(crate) clients: Clients,
    /// How often the files are read, or `off` for once, at the start. Default: 10 s.
    #[cfg_attr(
        feature = "serde",
        serde(default = "reload", with = "kit_units::limit")
    )]
    #[cfg_attr(feature = "schema", schemars(with = "kit_units::schema::Limit"))]
    pub(crate) reload: Option<Duration>,
    /// How long a handshake may take. Default: 10 s.
    #[cfg_attr(feature = "serde", serde(rename = "handshake_timeout"))]
    #[cfg_attr(
        feature = "serde",
        serde(default = "handshake", with = "kit_units::duration")
    )]
    #[cfg_attr(feature = "schema", schemars(with = "kit_units::schema::Duration"))]
    pub(crate) handshake: Duration,
}

/// The certificates that clients must or may show: those that these authorities have signed.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) enum Clients {
    /// They show none.
    #[default]
    Anonymous,
    /// They may show one that these authorities have signed.
    #[cfg_attr(feature = "serde", serde(rename = "accept"))]
    MayHave(Pem),
    /// They must show one that these authorities have signed.
    #[cfg_attr(feature = "serde", serde(rename = "require"))]
    MustHave(Pem),
}

/// How often files are read, unless something else is said.
fn reload() -> Option<Duration> {
    Some(Duration::from_secs(10))
}

/// How long a handshake may take, unless something else is said.
fn handshake() -> Duration {
    Duration::from_secs(10)
}

/// PEM, in a file (a path converts) or in memory.
#[derive(Clone)]
pub struct Pem(pub(crate) Source);

#[derive(Clone)]
pub(crate) enum Source {
    File(PathBuf),
    Bytes(Arc<[u8]>),
}

impl Tls {
    /// With a chain of certificates, the server's own first, and its private key (PKCS#8, SEC1 or
    /// PKCS#1).
    pub fn new(certificate: impl Into<Pem>, key: impl Into<Pem>) -> Tls {
        Tls {
            certificate: certificate.into(),
            key: key.into(),
            clients: Clients::Anonymous,
            reload: reload(),
            handshake: handshake(),
        }
    }

    /// Clients must show a certificate that one of these authorities has signed; handlers find it
    /// in [`Peer`](crate::Peer).
    pub fn require_client_certificates(self, authorities: impl Into<Pem>) -> Tls {
        let clients = Clients::MustHave(authorities.into());
        Tls { clients, ..self }
    }

    /// Clients may show a certificate; one that none of these authorities has signed is refused.
    pub fn accept_client_certificates(self, authorities: impl Into<Pem>) -> Tls {
        let clients = Clients::MayHave(authorities.into());
        Tls { clients, ..self }
    }

    /// How often the files are read. Their content counts, not their dates: secrets mounted by
    /// Kubernetes change by a link. Default: every 10 s; `None`: once, at the start.
    pub fn reload(self, every: impl Into<Option<Duration>>) -> Tls {
        let reload = every.into();
        Tls { reload, ..self }
    }

    /// How long a handshake may take. Meanwhile other connections are accepted. Default: 10 s.
    pub fn handshake_timeout(self, limit: Duration) -> Tls {
        Tls {
            handshake: limit,
            ..self
        }
    }

    /// Times with which a server does not start. The files are read by the `check` of the server's options.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use kit_transport::Tls;
    ///
    /// let wrong = Tls::new("tls.crt", "tls.key").handshake_timeout(Duration::ZERO).check();
    /// assert_eq!(wrong[0].key(), "handshake_timeout");
    /// ```
    #[must_use]
    pub fn check(&self) -> Vec<WrongOption> {
        let is_zero = self.reload.is_some_and(|every| every.is_zero());
        let expected = "longer than 0s, or \"off\"";
        let reload = WrongOption::refuse_if(is_zero, "reload", "0s", expected);
        let handshake = WrongOption::refuse_zero("handshake_timeout", self.handshake);
        reload.into_iter().chain(handshake).collect()
    }
}

impl Pem {
    /// PEM in memory.
    pub fn bytes(pem: impl Into<Vec<u8>>) -> Pem {
        Pem(Source::Bytes(pem.into().into()))
    }

    /// PEM in a file.
    pub fn file(path: impl Into<PathBuf>) -> Pem {
        Pem(Source::File(path.into()))
    }
}

impl From<PathBuf> for Pem {
    fn from(path: PathBuf) -> Pem {
        Pem::file(path)
    }
}

impl From<&std::path::Path> for Pem {
    fn from(path: &std::path::Path) -> Pem {
        Pem::file(path)
    }
}

/// A path; or PEM itself, which no path looks like.
impl From<&str> for Pem {
    fn from(text: &str) -> Pem {
        if text.contains("-----BEGIN ") {
            Pem::bytes(text)
        } else {
            Pem::file(text)
        }
    }
}

/// A path; or PEM itself, which no path looks like.
impl From<String> for Pem {
    fn from(text: String) -> Pem {
        Pem::from(text.as_str())
    }
}

/// Shows where the PEM is, and never its content, which may be a key.
impl fmt::Display for Pem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Source::File(path) => path.display().fmt(f),
            Source::Bytes(bytes) => write!(f, "{} bytes in memory", bytes.len()),
        }
    }
}

impl fmt::Debug for Pem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pem({self})")
    }
}
