//! The result of a check, for handlers, pages and tests.

use std::fmt;
use std::time::Duration;

/// A check, and its last result.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CheckStatus {
    /// Its name.
    pub name: String,
    /// Whether its failure changes readiness and gRPC health.
    pub required: bool,
    /// Where it stands.
    pub state: CheckState,
    /// Why its last run failed; `None` when it succeeded.
    pub reason: Option<String>,
    /// How many runs have failed in a row.
    pub failures: u32,
    /// Since its last run ended; `None` before the first has.
    pub age: Option<Duration>,
    /// How long that run took.
    pub took: Option<Duration>,
}

/// Where a check stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CheckState {
    /// Its first run has not ended. A required check that is pending does not pass.
    Pending,
    /// It passes.
    Passing,
    /// It fails.
    Failing,
}

impl fmt::Display for CheckState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CheckState::Pending => "pending",
            CheckState::Passing => "passing",
            CheckState::Failing => "failing",
        })
    }
}

/// `passing, 2.1s ago`, or `failing, 3 failures in a row, 2.1s ago: connection refused`.
impl fmt::Display for CheckStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.state)?;
        if self.failures > 1 {
            write!(f, ", {} failures in a row", self.failures)?;
        }
        if let Some(age) = self.age {
            write!(f, ", {age:.1?} ago")?;
        }
        match &self.reason {
            Some(reason) => write!(f, ": {reason}"),
            None => Ok(()),
        }
    }
}
