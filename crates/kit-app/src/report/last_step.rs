//! What the report says of a last step.

use std::fmt;
use std::time::Duration;

/// One [last step](crate::LastStep).
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct LastStepReport {
    /// Its name.
    pub name: String,
    /// For how long it ran, or was waited for.
    pub took: Duration,
    /// The lines that it gave.
    pub lines: Vec<String>,
    /// Why it gave none, if it panicked or did not end in time.
    pub error: Option<String>,
}

impl LastStepReport {
    /// Whether the report has a line about it.
    pub(crate) fn has_news(&self) -> bool {
        self.error.is_some() || !self.lines.is_empty()
    }
}

impl fmt::Display for LastStepReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.name;
        for line in self.lines.iter().chain(&self.error) {
            write!(f, "\n  {name}: {line}")?;
        }
        Ok(())
    }
}
