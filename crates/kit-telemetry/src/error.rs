//! What can go wrong before telemetry works.

use std::error::Error as StdError;

/// Why there is no telemetry, or why a change of it was refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A value that is of no use.
    #[error("option `{option}` is {value}: it has to be {expected}")]
    Option {
        /// Its key.
        option: &'static str,
        /// Its value.
        value: String,
        /// What would be right.
        expected: &'static str,
    },
    /// A text that is no filter of the log.
    #[error(
        "the filter `{filter}` of the log is wrong at `{directive}`: {why}; write levels (error, warn, \
         info, debug, trace, off) and targets, such as `info,orders=debug`"
    )]
    Filter {
        /// The whole text.
        filter: String,
        /// The part of it that is wrong.
        directive: String,
        /// Why.
        why: String,
    },
    /// The process has a subscriber already, such as that of an earlier call.
    #[error("cannot install the log: the process has a subscriber of `tracing` already")]
    Installed(#[source] Box<dyn StdError + Send + Sync>),
    /// The system has no thread for the log, or does not let its output be used.
    #[error("cannot write the log to the {output}")]
    Output {
        /// Which output.
        output: &'static str,
        /// Why.
        source: std::io::Error,
    },
}
