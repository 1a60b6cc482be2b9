//! The counts of exports of metrics.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// How exports of metrics have ended. Counts only: nothing is read through them.
#[derive(Debug, Default)]
pub(crate) struct MetricsTally {
    exports: AtomicU64,
    failures: AtomicU64,
    refused: AtomicU64,
    is_behind: AtomicBool,
}

/// How the exports of metrics have ended since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Exports {
    /// Those that the collector has taken.
    pub(crate) exported: u64,
    /// Those that have failed, in whole or in part. The next one has newer values of the same metrics.
    pub(crate) failed: u64,
    /// Values that the collector has refused among others that it has taken.
    pub(crate) refused_values: u64,
    /// The last values did not arrive: the last export has failed, or is under way.
    pub(crate) is_behind: bool,
}

impl MetricsTally {
    pub(super) fn begin(&self) {
        self.is_behind.store(true, Ordering::Relaxed);
    }

    pub(super) fn count_exported(&self) {
        self.exports.fetch_add(1, Ordering::Relaxed);
        self.is_behind.store(false, Ordering::Relaxed);
    }

    pub(super) fn count_failed(&self) {
        self.failures.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_refused(&self, values: u64) {
        self.refused.fetch_add(values, Ordering::Relaxed);
    }

    /// Of exports and values alike.
    pub(super) fn lost(&self) -> u64 {
        self.failures.load(Ordering::Relaxed) + self.refused.load(Ordering::Relaxed)
    }

    pub(crate) fn exports(&self) -> Exports {
        Exports {
            exported: self.exports.load(Ordering::Relaxed),
            failed: self.failures.load(Ordering::Relaxed),
            refused_values: self.refused.load(Ordering::Relaxed),
            is_behind: self.is_behind.load(Ordering::Relaxed),
        }
    }
}

impl Exports {
    /// Whether each export has arrived, with all of its values.
    pub(crate) fn is_whole(&self) -> bool {
        self.failed == 0 && self.refused_values == 0 && !self.is_behind
    }
}

impl fmt::Display for Exports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Exports {
            exported,
            failed,
            refused_values,
            is_behind,
        } = self;
        write!(
            f,
            "{exported} exports of metrics arrived, {failed} failed, {refused_values} values were refused"
        )?;
        match is_behind {
            true => f.write_str(", the last values did not arrive"),
            false => Ok(()),
        }
    }
}
