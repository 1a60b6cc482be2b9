//! The address at which a server is listening, which need not be the endpoint that is advertised.

use std::borrow::Cow;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

/// An address that is bound and accepting, and the scheme that is spoken there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listening {
    scheme: Cow<'static, str>,
    address: Address,
    private: bool,
    only_ipv6: bool,
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
    /// The IP address and the port; `None` for a Unix socket.
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
        Listening {
            scheme: scheme.into(),
            address,
            private: false,
            only_ipv6: false,
        }
    }

    /// Listening on an IP address, such as `Listening::tcp("http", address)`.
    pub fn tcp(scheme: impl Into<Cow<'static, str>>, address: SocketAddr) -> Listening {
        Listening::new(scheme, Address::Ip(address))
    }

    /// Listening on a Unix socket.
    pub fn unix(scheme: impl Into<Cow<'static, str>>, path: impl Into<PathBuf>) -> Listening {
        Listening::new(scheme, Address::Unix(path.into()))
    }

    /// The same, kept out of registries, whatever address it has. For an admin server, or metrics that
    /// a neighbour collects.
    ///
    /// ```
    /// use kit_transport::Listening;
    ///
    /// let listening = Listening::tcp("http", ([127, 0, 0, 1], 9090).into()).private();
    /// assert!(listening.is_private());
    /// ```
    #[must_use]
    pub fn private(self) -> Listening {
        Listening {
            private: true,
            ..self
        }
    }

    /// The same, of a socket at `[::]` that takes no IPv4 (`IPV6_V6ONLY`), so that no IPv4 address is
    /// advertised for it. Without this call the socket is assumed to take both, as is usual.
    #[must_use]
    pub fn only_ipv6(self) -> Listening {
        Listening {
            only_ipv6: true,
            ..self
        }
    }

    /// Whether it is kept out of registries.
    #[must_use]
    pub fn is_private(&self) -> bool {
        self.private
    }

    /// Whether it takes no IPv4, as [`only_ipv6`](Self::only_ipv6) says.
    #[must_use]
    pub fn is_only_ipv6(&self) -> bool {
        self.only_ipv6
    }

    /// The scheme of the endpoint that can be made of it: `http`, `https`, `grpc`, `grpcs`, or
    /// your own.
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

/// As the text that it is printed as.
#[cfg(feature = "serde")]
impl serde::Serialize for Listening {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
