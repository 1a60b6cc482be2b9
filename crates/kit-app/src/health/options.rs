//! How a check is run, and what its results change.

use std::time::Duration;

use kit_units::WrongOption;

use crate::bounds::{DAY, refuse_none, refuse_timeout};

/// The shortest period: a check is not a loop.
const SHORTEST: Duration = Duration::from_millis(10);

/// How a check is run, and what its results change.
///
/// ```
/// use std::time::Duration;
///
/// use kit_app::{App, CheckOptions};
///
/// let often = CheckOptions::new().period(Duration::from_secs(2)).failure_threshold(5);
/// let app = App::builder("orders")
///     .check_with("database", often, |_check| async { Ok(()) })
///     .check_with("recommendations", CheckOptions::new().informational(), |_check| async {
///         Err("no answer".into())
///     });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[must_use = "options do nothing until they are given to a check"]
pub struct CheckOptions {
    /// The time from the beginning of one run to that of the next, from 10 ms to 24 hours. Default: 10 s.
    #[cfg_attr(feature = "serde", serde(with = "kit_units::duration"))]
    #[cfg_attr(feature = "schema", schemars(with = "kit_units::schema::Duration"))]
    pub(super) period: Duration,
    /// How long one run may take, longer than zero and at most 24 hours. Default: 1 s.
    #[cfg_attr(feature = "serde", serde(with = "kit_units::duration"))]
    #[cfg_attr(feature = "schema", schemars(with = "kit_units::schema::Duration"))]
    pub(super) timeout: Duration,
    /// How many runs fail in a row until the check does, at least 1. Default: 3.
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub(super) failure_threshold: u32,
    /// How many runs succeed in a row until a check that failed passes again, at least 1. Default: 1.
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub(super) success_threshold: u32,
    /// Whether a failure changes readiness and gRPC health. Default: yes.
    #[cfg_attr(feature = "serde", serde(rename = "required"))]
    pub(super) is_required: bool,
}

impl CheckOptions {
    /// A required check: every 10 s, with 1 s for each run, three failures in a row until it fails,
    /// one success until it passes again.
    pub fn new() -> CheckOptions {
        CheckOptions {
            period: Duration::from_secs(10),
            timeout: Duration::from_secs(1),
            failure_threshold: 3,
            success_threshold: 1,
            is_required: true,
        }
    }

    /// Replaces the time from the beginning of one run to that of the next, from 10 ms to 24 h.
    /// Default: 10 s. Until its first success a check runs every second, if its period is longer.
    pub fn period(self, period: Duration) -> CheckOptions {
        CheckOptions { period, ..self }
    }

    /// Replaces how long one run may take, at most 24 h. Default: 1 s. Then the run is dropped, and
    /// counts as a failure.
    pub fn timeout(self, timeout: Duration) -> CheckOptions {
        CheckOptions { timeout, ..self }
    }

    /// Replaces how many runs fail in a row until the check does, at least 1. Default: 3. Before its
    /// first success a single failure is enough.
    pub fn failure_threshold(self, failure_threshold: u32) -> CheckOptions {
        CheckOptions {
            failure_threshold,
            ..self
        }
    }

    /// Replaces how many runs succeed in a row until a check that failed passes again, at least 1.
    /// Default: 1.
    pub fn success_threshold(self, success_threshold: u32) -> CheckOptions {
        CheckOptions {
            success_threshold,
            ..self
        }
    }

    /// The check is shown and has events, and changes neither readiness nor gRPC health.
    pub fn informational(self) -> CheckOptions {
        CheckOptions {
            is_required: false,
            ..self
        }
    }

    /// Everything that is wrong. An app that has a check with any of it does not start.
    #[must_use]
    pub fn check(&self) -> Vec<WrongOption> {
        let CheckOptions {
            period,
            timeout,
            failure_threshold,
            success_threshold,
            is_required: _,
        } = *self;
        let all = [
            WrongOption::refuse_outside("period", period, SHORTEST..=DAY),
            refuse_timeout("timeout", timeout),
            refuse_none("failure_threshold", failure_threshold),
            refuse_none("success_threshold", success_threshold),
        ];
        all.into_iter().flatten().collect()
    }
}

impl Default for CheckOptions {
    fn default() -> CheckOptions {
        CheckOptions::new()
    }
}
