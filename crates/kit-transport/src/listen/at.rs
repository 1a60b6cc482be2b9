//! The places at which a server can listen.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use crate::Inherited;
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
    Inherited(usize),
    /// A text that names no place; the start of the server fails with this error.
    Unusable(ListenError),
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
            At::Inherited(index) => write!(f, "inherited:{index}"),
            At::Unusable(error) => f.write_str(error.text()),
        }
    }
}
