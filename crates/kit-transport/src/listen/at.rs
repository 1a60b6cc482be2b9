//! The places at which a server can listen.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use crate::Inherited;
use crate::inherited::InheritedKey;
use crate::listen::error::ListenError;

#[derive(Clone, Debug)]
pub(crate) enum At {
    Address(SocketAddr),
    /// Every interface, in each family that the system has.
    Everywhere(u16),
    /// The loopback interface.
    Localhost(u16),
    Unix(PathBuf),
    Existing(Existing),
    Inherited(InheritedKey),
    /// A text that names no place; the start of the server fails with this error.
    Unusable(ListenError),
}

impl At {
    /// Whether both cannot be bound at once; ports can if they `is_shared`.
    pub(super) fn is_place_of(&self, other: &At, is_shared: bool) -> bool {
        match (self, other) {
            (At::Unix(this), At::Unix(that)) => this == that,
            (At::Inherited(this), At::Inherited(that)) => this == that,
            _ => match (self.port(), other.port()) {
                (Some(this), Some(that)) => {
                    this == that && this != 0 && !is_shared && self.has_interface_of(other)
                }
                _ => false,
            },
        }
    }

    fn port(&self) -> Option<u16> {
        match self {
            At::Address(address) => Some(address.port()),
            At::Everywhere(port) | At::Localhost(port) => Some(*port),
            At::Unix(_) | At::Existing(_) | At::Inherited(_) | At::Unusable(_) => None,
        }
    }

    /// Of two places with ports.
    fn has_interface_of(&self, other: &At) -> bool {
        match (self, other) {
            (At::Everywhere(_), _)
            | (_, At::Everywhere(_))
            | (At::Localhost(_), At::Localhost(_)) => true,
            (At::Localhost(_), At::Address(address)) | (At::Address(address), At::Localhost(_)) => {
                let ip = address.ip();
                ip.is_unspecified() || ip == Ipv4Addr::LOCALHOST || ip == Ipv6Addr::LOCALHOST
            }
            (At::Address(this), At::Address(that)) => {
                let (this, that) = (this.ip(), that.ip());
                let is_one_unspecified = this.is_unspecified() || that.is_unspecified();
                this == that || (is_one_unspecified && this.is_ipv4() == that.is_ipv4())
            }
            _ => false,
        }
    }
}

/// A listener that the first start takes. The system queues connections until then, because the
/// listener stays open.
#[derive(Clone, Debug)]
pub(crate) struct Existing(Arc<Mutex<Option<Inherited>>>);

impl Existing {
    pub(crate) fn new(listener: Inherited) -> Existing {
        Existing(Arc::new(Mutex::new(Some(listener))))
    }

    pub(crate) fn take(&self) -> Option<Inherited> {
        kit_sync::lock(&self.0).take()
    }
}

/// The text that is parsed as the same place, where there is one.
impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            At::Address(address) => write!(f, "{address}"),
            At::Everywhere(port) => write!(f, ":{port}"),
            At::Localhost(port) => write!(f, "localhost:{port}"),
            At::Unix(path) => write!(f, "unix:{}", path.display()),
            At::Existing(_) => f.write_str("the listener that it was given"),
            At::Inherited(wanted) => write!(f, "inherited:{wanted}"),
            At::Unusable(error) => f.write_str(error.text()),
        }
    }
}
