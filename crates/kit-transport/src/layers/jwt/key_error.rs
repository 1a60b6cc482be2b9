//! Why a key cannot be used.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why a key cannot verify tokens. It shows nothing of the key.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The key is not one for its algorithms.
    #[error(
        "could not use the JWT key {key} for {algorithms}: it is {found}; it must be {expected}"
    )]
    Unfit {
        /// Its id in quotes, or `without an id`.
        key: String,
        /// The algorithms that were given.
        algorithms: String,
        /// The thing that was found.
        found: String,
        /// What would be right.
        expected: String,
    },
    /// A file cannot be read.
    #[error("could not read JWT keys from {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// A JWK set cannot be read.
    #[error("could not read the JWK set: {found}; it must be {expected}")]
    Jwks {
        /// The thing that was found.
        found: String,
        /// What would be right.
        expected: &'static str,
    },
    /// There is no key.
    #[error("could not use a set of JWT keys that is empty: no token would be accepted")]
    Empty,
}
