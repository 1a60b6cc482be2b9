//! The bytes of a connection: sockets, TLS, the protocol that a client speaks, frames, and the meter
//! of all that is written and read. No time limit and no request below this line.

mod either;
pub(crate) mod frames;
pub(crate) mod io;
pub(crate) mod meter;
#[cfg(not(feature = "tls"))]
pub(crate) mod no_tls;
pub(crate) mod orders;
#[cfg(unix)]
mod peek;
pub(crate) mod peer;
pub(crate) mod plain;
pub(crate) mod preface;
pub(crate) mod socket;
#[cfg(feature = "tls")]
pub(crate) mod tls;
pub(crate) mod transcript;

#[cfg(not(feature = "tls"))]
pub(crate) use no_tls as tls;
