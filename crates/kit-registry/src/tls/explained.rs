//! Failures of TLS in words that name the file or the parameter to look at.

use std::error::Error as StdError;
use std::path::{Path, PathBuf};
use std::{fmt, io};

use kit_sync::BoxError;
use rustls::pki_types::ServerName;
use rustls::{AlertDescription, CertificateError};

/// A file that cannot be used, with the reason in one line.
#[derive(Debug)]
pub(super) struct Unusable {
    what: &'static str,
    path: PathBuf,
    why: String,
}

impl Unusable {
    pub(super) fn new(what: &'static str, path: &Path, why: impl fmt::Display) -> Unusable {
        Unusable {
            what,
            path: path.to_owned(),
            why: why.to_string(),
        }
    }
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Unusable { what, path, why } = self;
        write!(f, "cannot use the {what} from {}: {why}", path.display())
    }
}

impl StdError for Unusable {}

/// The error of a handshake, in words where it is about the server's certificate.
pub(super) fn explained(error: io::Error, name: &ServerName<'_>, ca: &Path) -> BoxError {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    let fault = match inner {
        Some(rustls::Error::InvalidCertificate(fault)) => fault,
        // A server that expects no TLS closes the connection, or answers in its own protocol.
        Some(rustls::Error::InvalidMessage(_)) => return no_tls(&error),
        None if error.kind() == io::ErrorKind::UnexpectedEof => return no_tls(&error),
        _ => return error.into(),
    };
    let fault = match fault {
        // A signature is bad when two authorities have one name.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            format!("was not signed by an authority in {}", ca.display())
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            let name = name.to_str();
            format!("is not for {name}: server_name in the URL can be another name")
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "has expired".to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "is not valid yet".to_owned()
        }
        other => format!("is not accepted: {other}"),
    };
    format!("the server's certificate {fault}").into()
}

fn no_tls(error: &io::Error) -> BoxError {
    format!("the server made no TLS handshake, so it may be one without TLS: {error}").into()
}

/// The words for a server that refuses the client's certificate, or misses one.
pub(super) struct CertificateRefusal {
    cert: Option<PathBuf>,
}

impl CertificateRefusal {
    pub(super) fn of(cert: Option<PathBuf>) -> CertificateRefusal {
        CertificateRefusal { cert }
    }

    /// An error of a connection, in words where it is such a refusal.
    pub(super) fn explain(&self, error: io::Error) -> io::Error {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
        let Some(rustls::Error::AlertReceived(alert)) = inner else {
            return error;
        };
        let words = match (alert, &self.cert) {
            (AlertDescription::CertificateRequired | AlertDescription::BadCertificate, None) => {
                "the server wants a certificate, which cert and key in the URL would name"
                    .to_owned()
            }
            (
                AlertDescription::BadCertificate
                | AlertDescription::UnsupportedCertificate
                | AlertDescription::CertificateExpired
                | AlertDescription::CertificateRevoked
                | AlertDescription::CertificateUnknown
                | AlertDescription::UnknownCA,
                Some(cert),
            ) => format!(
                "the server does not accept the certificate from {}: {alert:?}",
                cert.display()
            ),
            _ => return error,
        };
        io::Error::new(error.kind(), words)
    }
}
