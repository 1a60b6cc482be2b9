//! Where a server is listening, as opposed to where others are told to reach it.

use std::borrow::Cow;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

/// An address that is bound and accepting, and the scheme that is spoken there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listening {
    scheme: Cow<'static, str>,
    address: Address,
}

/// An address that is bound or connected.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Address {
    /// An IP address and a port; the port is the real one, never 0.
    Ip(SocketAddr),
    /// A Unix socket's path; empty for a socket that has none. Not advertised in registries.
    Unix(PathBuf),
}

impl Address {
    /// The IP address and the port, if it has those.
    #[must_use]
    pub fn ip(&self) -> Option<SocketAddr> {
        match self {
            Address::Ip(address) => Some(*address),
            Address::Unix(_) => None,
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Ip(address) => address.fmt(f),
            Address::Unix(path) if path.as_os_str().is_empty() => f.write_str("a Unix socket"),
            Address::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl Listening {
    /// Listening at an address.
    pub fn new(scheme: impl Into<Cow<'static, str>>, address: Address) -> Listening {
        let scheme = scheme.into();
        Listening { scheme, address }
    }

    /// Listening on an IP address, such as `Listening::tcp("http", address)`.
    pub fn tcp(scheme: impl Into<Cow<'static, str>>, address: SocketAddr) -> Listening {
        Listening::new(scheme, Address::Ip(address))
    }

    /// Listening on a Unix socket.
    pub fn unix(scheme: impl Into<Cow<'static, str>>, path: impl Into<PathBuf>) -> Listening {
        Listening::new(scheme, Address::Unix(path.into()))
    }

    /// The scheme of the endpoint that can be made of it: `http`, `https`, `grpc`, `grpcs`, or
    /// one of your own.
    #[must_use]
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// The bound address.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
    }
}

impl fmt::Display for Listening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.address {
            Address::Ip(address) => write!(f, "{}://{address}", self.scheme),
            Address::Unix(path) => write!(f, "{}+unix:{}", self.scheme, path.display()),
        }
    }
}
