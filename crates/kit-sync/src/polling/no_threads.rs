//! In place of the threads in models, which run without a watchdog: polls are noted nowhere.

use std::num::NonZeroU64;

use super::cell::{Mark, Polling, ThreadPolling};

pub(crate) fn all() -> Vec<ThreadPolling> {
    Vec::new()
}

pub(crate) fn here() -> Option<Polling> {
    None
}

pub(crate) fn polling<R>(_: u64, _: Mark, poll: impl FnOnce() -> R) -> R {
    poll()
}

/// As the other one; nothing is noted.
pub fn on_errand<R>(_: NonZeroU64, part: impl FnOnce() -> R) -> R {
    part()
}
