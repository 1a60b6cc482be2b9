//! Options whose values are of no use.

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use crate::format_duration;

/// An option whose value is of no use: its key as a file has it, the value, and what would be right.
///
/// The `check` of an options struct gives one for each of its mistakes. What holds the struct puts its own
/// key before the keys of them, with [`inside`](Self::inside).
///
/// ```
/// use kit_units::WrongOption;
///
/// let wrong = WrongOption::new("stop", "0s", "at least 1ms").inside("timeouts");
/// assert_eq!(wrong.key(), "timeouts.stop");
/// assert_eq!(wrong.to_string(), "`timeouts.stop` is 0s: it has to be at least 1ms");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrongOption {
    key: String,
    value: String,
    expected: String,
}

impl WrongOption {
    /// `value` is the value as a file would have it, or a description of it if it is a secret. `expected`
    /// goes on from "it has to be", without a full stop.
    #[must_use]
    pub fn new(
        key: impl Into<String>,
        value: impl fmt::Display,
        expected: impl Into<String>,
    ) -> WrongOption {
        WrongOption {
            key: key.into(),
            value: value.to_string(),
            expected: expected.into(),
        }
    }

    /// [`new`](Self::new), if the value is wrong.
    #[must_use]
    pub fn refuse_if(
        is_wrong: bool,
        key: impl Into<String>,
        value: impl fmt::Display,
        expected: impl Into<String>,
    ) -> Option<WrongOption> {
        is_wrong.then(|| WrongOption::new(key, value, expected))
    }

    /// Refuses a duration of zero.
    #[must_use]
    pub fn refuse_zero(key: impl Into<String>, duration: Duration) -> Option<WrongOption> {
        let value = format_duration(duration);
        WrongOption::refuse_if(duration.is_zero(), key, value, "longer than 0s")
    }

    /// Refuses a duration that is not in the range. A range that begins with 1 ns is one of durations that are
    /// longer than zero; one that begins with zero has a longest duration only.
    #[must_use]
    pub fn refuse_outside(
        key: impl Into<String>,
        duration: Duration,
        range: RangeInclusive<Duration>,
    ) -> Option<WrongOption> {
        let most = format_duration(*range.end());
        let expected = match range.start().as_nanos() {
            0 => format!("at most {most}"),
            1 => format!("longer than 0s and at most {most}"),
            _ => format!("from {} to {most}", format_duration(*range.start())),
        };
        let is_wrong = !range.contains(&duration);
        WrongOption::refuse_if(is_wrong, key, format_duration(duration), expected)
    }

    /// The same option, seen from what holds its struct under this key; an index of a list is `[0]`.
    #[must_use]
    pub fn inside(self, key: &str) -> WrongOption {
        let is_joined = key.is_empty() || self.key.is_empty() || self.key.starts_with('[');
        let dot = if is_joined { "" } else { "." };
        let key = format!("{key}{dot}{}", self.key);
        WrongOption { key, ..self }
    }

    /// The same option under another name, such as that of a builder's method.
    #[must_use]
    pub fn named(self, name: impl Into<String>) -> WrongOption {
        let key = name.into();
        WrongOption { key, ..self }
    }

    /// The same option with more about its value, such as ` for the hook "migrate"`.
    #[must_use]
    pub fn of(self, more: &str) -> WrongOption {
        let value = self.value + more;
        WrongOption { value, ..self }
    }

    /// The key, as a file has it: `timeouts.stop`, `operations[0].limit`. It is empty if the whole struct is
    /// meant.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The value, or a description of it if it is a secret.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }

    /// What would be right; it goes on from "it has to be".
    #[must_use]
    pub fn expected(&self) -> &str {
        &self.expected
    }

    /// The mistake in words; it goes on from the key: `is 0s: it has to be at least 1ms`.
    #[must_use]
    pub fn message(&self) -> String {
        let WrongOption {
            value, expected, ..
        } = self;
        format!("is {value}: it has to be {expected}")
    }
}

impl fmt::Display for WrongOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.key, self.message())
    }
}
