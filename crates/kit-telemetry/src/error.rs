//! What can go wrong before telemetry works.

use std::error::Error as StdError;
use std::fmt;
use std::io;

/// Why there is no telemetry, or why a change of it was refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Options that are of no use, all of them.
    #[error("the options of telemetry are wrong: {}", listed(.0))]
    Options(Vec<WrongOption>),
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
    #[error("cannot install telemetry: the process has a subscriber of `tracing` already")]
    Subscriber,
    /// The process has a recorder of the facade `metrics` already.
    #[error("cannot install telemetry: the process has a recorder of metrics already")]
    Recorder,
    /// The system does not let the output of the log be used.
    #[error("cannot write the log to the {output}")]
    Output {
        /// Which output.
        output: &'static str,
        /// Why.
        source: io::Error,
    },
    /// The system has refused a thread or its runtime.
    #[error("cannot start the thread `{thread}`")]
    Thread {
        /// Its name.
        thread: &'static str,
        /// Why.
        source: io::Error,
    },
}

/// An option whose value is of no use.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WrongOption {
    /// Its key in [`TelemetryOptions`](crate::TelemetryOptions), such as `traces.endpoint`.
    pub key: String,
    /// Its value as a file has it; `***` for a secret.
    pub value: String,
    /// What would be right, such as `a number of spans from 1 to 10`.
    pub expected: String,
}

impl WrongOption {
    pub(crate) fn new(
        key: impl Into<String>,
        value: impl Into<String>,
        expected: impl Into<String>,
    ) -> WrongOption {
        WrongOption {
            key: key.into(),
            value: value.into(),
            expected: expected.into(),
        }
    }
}

impl fmt::Display for WrongOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let WrongOption {
            key,
            value,
            expected,
        } = self;
        write!(f, "`{key}` is {value}: expected {expected}")
    }
}

impl StdError for WrongOption {}

fn listed(wrong: &[WrongOption]) -> String {
    let all: Vec<_> = wrong.iter().map(WrongOption::to_string).collect();
    all.join("; ")
}
