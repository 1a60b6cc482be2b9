//! Why an export does not begin.

use std::fmt;
use std::io;

/// The export cannot begin, or not be installed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OtlpError {
    /// Options that are of no use, all of them.
    #[error("options of otlp: {}", listed(.0))]
    Options(Vec<WrongOption>),
    /// The system has refused a thread or a runtime.
    #[error("starting the thread `kit otlp`")]
    Thread(#[source] io::Error),
    /// The process has a subscriber of `tracing` already.
    #[error("installing the export of traces: the process has a subscriber already")]
    Installed,
}

/// An option whose value is of no use.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WrongOption {
    /// The field, such as `endpoint`.
    pub field: String,
    /// Its value as written; `***` for a secret.
    pub value: String,
    /// What would be right.
    pub expected: String,
}

impl fmt::Display for WrongOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let WrongOption {
            field,
            value,
            expected,
        } = self;
        write!(f, "`{field}` is {value}: expected {expected}")
    }
}

fn listed(wrong: &[WrongOption]) -> String {
    let all: Vec<_> = wrong.iter().map(WrongOption::to_string).collect();
    all.join("; ")
}
