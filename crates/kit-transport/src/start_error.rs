//! Why a server did not start.

use std::io;

use kit_sync::BoxError;
use thiserror::Error;

use crate::ListenError;

/// Why one of Kit's servers did not start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartError {
    /// Somebody else listens there.
    #[error("could not listen on {address}: address in use")]
    AddressInUse {
        /// The address that was asked for.
        address: String,
        /// What the system said.
        source: io::Error,
    },
    /// The address is not ours, or not allowed.
    #[error("could not listen on {address}")]
    Listen {
        /// The address that was asked for.
        address: String,
        /// What the system said.
        source: io::Error,
    },
    /// What was given as the address is none.
    #[error("could not listen")]
    Address(#[from] ListenError),
    /// A server that was given a listener was started twice.
    #[error(
        "could not listen: the listener that the server was given was taken by an earlier start; \
         give every start one of its own"
    )]
    ListenerTaken,
    /// The process has not inherited that many listeners.
    #[error(
        "could not listen on inherited listener {index}: the process has no such listener, or \
         another server has taken it (LISTEN_FDS says how many there are, counted from 0)"
    )]
    NotInherited {
        /// The index that was asked for.
        index: usize,
    },
    /// A gRPC service was added twice.
    #[error("gRPC service `{service}` was added twice: one server has each service once")]
    DuplicateService {
        /// The service's full name.
        service: &'static str,
    },
    /// A limit with which no connection could be served.
    #[error("`{option}` is {value}; it must be {right}")]
    Option {
        /// Its name.
        option: &'static str,
        /// What it is.
        value: String,
        /// What would be right.
        right: &'static str,
    },
    /// A certificate or a key cannot be used.
    #[cfg(feature = "tls")]
    #[error("could not set up TLS: the {what} from {from} cannot be used")]
    Tls {
        /// What: the certificate, the private key, …
        what: &'static str,
        /// The file, or that it was in memory.
        from: String,
        /// What is wrong with it.
        source: BoxError,
    },
    /// A file descriptor set given for reflection cannot be read.
    #[error("could not offer reflection: a file descriptor set is not what protoc writes")]
    Reflection {
        /// What is wrong with it.
        source: BoxError,
    },
}
