//! What can go wrong before telemetry works.

use std::io;

use kit_units::WrongOption;

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

fn listed(wrong: &[WrongOption]) -> String {
    let all: Vec<_> = wrong.iter().map(WrongOption::to_string).collect();
    all.join("; ")
}
