//! Why a server did not start.

use std::io;

use kit_sync::BoxError;
use kit_units::WrongOption;
use thiserror::Error;

use crate::ListenError;

/// Why one of Kit's servers did not start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartError {
    /// Another socket listens there.
    #[error("could not listen on {address}: address in use")]
    AddressInUse {
        /// The address that was asked for.
        address: String,
        /// The same as an error of its kind.
        source: io::Error,
    },
    /// The address does not belong to this machine, or the process may not use it.
    #[error("could not listen on {address}")]
    Listen {
        /// The address that was asked for.
        address: String,
        /// The system's error.
        source: io::Error,
    },
    /// The text that was given names no place to listen at.
    #[error("could not listen")]
    Address(#[from] ListenError),
    /// A server that was given a listener was started twice.
    #[error(
        "could not listen: the listener that the server was given was taken by an earlier start; \
         give every start its own listener"
    )]
    ListenerTaken,
    /// The process has not inherited that listener, or another server has taken it.
    #[error("could not listen on inherited listener `{listener}`: {why}")]
    NotInherited {
        /// The number or the name that was asked for.
        listener: String,
        /// Why it cannot be had, with what there is.
        why: String,
    },
    /// A gRPC service was added twice.
    #[error("gRPC service `{service}` was added twice: one server has each service once")]
    DuplicateService {
        /// The service's full name.
        service: &'static str,
    },
    /// Layers were given twice.
    #[error("`layers` was called twice: put all layers into one stack, which has their order")]
    LayersTwice,
    /// The function that builds what a server serves has failed.
    #[error("could not build the {what}")]
    Build {
        /// What: `routes`, or `gRPC services`.
        what: &'static str,
        /// Its error.
        source: BoxError,
    },
    /// Options with which no connection could be served: all of them, each with its key in the options of the
    /// server.
    #[error("{}", listed(.0))]
    Options(Vec<WrongOption>),
    /// A certificate or a key cannot be used. Only a server with TLS fails so.
    #[error("could not set up TLS: the {what} from {from} cannot be used")]
    Tls {
        /// The part: the certificate, the private key, …
        what: &'static str,
        /// The file, or that it was in memory.
        from: String,
        /// The reason.
        source: BoxError,
    },
    /// A file descriptor set given for reflection cannot be read.
    #[error("could not offer reflection: a file descriptor set is not what protoc writes")]
    Reflection {
        /// The reason.
        source: BoxError,
    },
}

impl StartError {
    /// The error of a listener that could not be set up at an address.
    pub(crate) fn listen(address: String, source: io::Error) -> StartError {
        match source.kind() {
            io::ErrorKind::AddrInUse => StartError::AddressInUse {
                address,
                // Not the system's text, which would say the same again in other words.
                source: io::ErrorKind::AddrInUse.into(),
            },
            _ => StartError::Listen { address, source },
        }
    }

    /// Refuses options if any of them is wrong.
    pub(crate) fn refuse_options(wrong: Vec<WrongOption>) -> Result<(), StartError> {
        if wrong.is_empty() {
            Ok(())
        } else {
            Err(StartError::Options(wrong))
        }
    }
}

fn listed(wrong: &[WrongOption]) -> String {
    let all: Vec<_> = wrong
        .iter()
        .map(|wrong| format!("option {wrong}"))
        .collect();
    all.join("; ")
}
