//! How a task ended.

use std::fmt;

/// How a task ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub enum Outcome {
    /// By itself.
    Completed,
    /// With an error.
    Failed {
        /// The error and its sources.
        error: String,
    },
    /// With a panic.
    Panicked {
        /// The panic's message.
        message: String,
        /// Where it happened; unknown without [the hook](crate::panic::install_hook).
        location: Option<String>,
    },
    /// Dropped when it was cancelled, as its spawn allowed.
    Cancelled,
    /// Dropped at the deadline.
    Aborted,
    /// Still running when the report was made, as its spawn allowed.
    LeftBehind {
        /// The reason that its spawn gave.
        reason: String,
    },
    /// Still running when the report was made, although it was cancelled and aborted.
    Stuck {
        /// Why it could not be ended.
        why: String,
    },
}

impl Outcome {
    /// Whether the task failed or panicked.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        matches!(self, Outcome::Failed { .. } | Outcome::Panicked { .. })
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Completed => f.write_str("completed"),
            Outcome::Failed { error } => write!(f, "failed: {error}"),
            Outcome::Panicked {
                message,
                location: Some(at),
            } => write!(f, "panicked at {at}: {message}"),
            Outcome::Panicked {
                message,
                location: None,
            } => write!(f, "panicked: {message}"),
            Outcome::Cancelled => f.write_str("cancelled"),
            Outcome::Aborted => f.write_str("aborted at the deadline"),
            Outcome::LeftBehind { reason } => write!(f, "left behind: {reason}"),
            Outcome::Stuck { why } => write!(f, "could not be ended: {why}"),
        }
    }
}
