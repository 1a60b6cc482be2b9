//! Why a server did not start.

use std::io;
use std::net::SocketAddr;

use kit_sync::BoxError;
use thiserror::Error;

/// Why one of Kit's servers did not start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartError {
    /// Somebody else listens there.
    #[error("could not listen on {address}: address in use")]
    AddressInUse {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The address is not ours, or not allowed.
    #[error("could not listen on {address}")]
    Listen {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// A file descriptor set given for reflection cannot be read.
    #[error("could not offer reflection: a file descriptor set is not what protoc writes")]
    Reflection {
        /// What is wrong with it.
        source: BoxError,
    },
}
