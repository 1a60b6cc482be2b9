//! The bounds of times that options have in common.

use std::time::Duration;

use kit_units::WrongOption;

/// The longest timeout: more than any wait needs, and short enough to be added to any time.
pub(crate) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The longest time between two events of one kind.
pub(crate) const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

const SHORTEST: Duration = Duration::from_nanos(1);

/// Refuses a timeout of zero, or of more than a day.
pub(crate) fn refuse_timeout(key: &str, timeout: Duration) -> Option<WrongOption> {
    WrongOption::refuse_outside(key, timeout, SHORTEST..=DAY)
}

/// Refuses a period of zero, or of more than a year.
pub(crate) fn refuse_period(key: &str, period: Duration) -> Option<WrongOption> {
    WrongOption::refuse_outside(key, period, SHORTEST..=YEAR)
}

/// Refuses a number of none.
pub(crate) fn refuse_none(key: &str, number: u32) -> Option<WrongOption> {
    WrongOption::refuse_if(number == 0, key, 0, "1 or more")
}
