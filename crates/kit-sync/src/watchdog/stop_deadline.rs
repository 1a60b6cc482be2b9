//! The deadline of a stop, and whether the stop is overdue.

use std::time::{Duration, Instant};

use crate::Deadline;
use crate::sync::{Mutex, lock};

/// Set by the owner of the watchdog, read by its thread.
#[derive(Debug, Default)]
pub(super) struct StopDeadline(Mutex<Option<ExpectedStop>>);

#[derive(Debug)]
struct ExpectedStop {
    deadline: Deadline,
    set_at: Instant,
    is_reported: bool,
}

impl StopDeadline {
    pub(super) fn set(&self, deadline: Deadline, now: Instant) {
        *lock(&self.0) = Some(ExpectedStop {
            deadline,
            set_at: now,
            is_reported: false,
        });
    }

    pub(super) fn clear(&self) {
        *lock(&self.0) = None;
    }

    /// How long ago the deadline was, once for each deadline and once that is longer than `after`.
    pub(super) fn overdue(&self, now: Instant, after: Duration) -> Option<Duration> {
        let mut stop = lock(&self.0);
        let stop = stop.as_mut()?;
        // Asked first: when the thread that sees standstills looks in between, the deadline that is
        // read after it has moved already.
        if stop.is_reported || stop.deadline.is_behind() {
            return None;
        }
        let since = now.checked_duration_since(stop.deadline.instant().into_std())?;
        if since < after {
            return None;
        }
        stop.is_reported = true;
        Some(since)
    }

    /// Moves the deadline by time that the process missed. One that was set in the meantime was
    /// set with the right clock, and one that is watched moves by itself.
    pub(super) fn forgive(&self, now: Instant, missed: Duration) {
        let mut stop = lock(&self.0);
        if let Some(stop) = stop.as_mut().filter(|stop| !stop.deadline.is_watched()) {
            let missed = missed.min(now.duration_since(stop.set_at));
            stop.deadline = (stop.deadline.instant() + missed).into();
        }
    }
}

#[cfg(all(test, not(kit_loom)))]
mod tests {
    use super::*;
    use crate::regularly::now;

    #[test]
    fn a_deadline_that_was_given_after_a_standstill_is_not_moved() {
        // Continued after an hour; the signal that was pending is read first.
        let continued = now() + Duration::from_secs(3600);
        let deadline = continued + Duration::from_secs(20);
        let stop = StopDeadline::default();
        stop.set(tokio::time::Instant::from_std(deadline).into(), continued);
        stop.forgive(continued, Duration::from_secs(3600));
        let overdue = |seconds| {
            let now = continued + Duration::from_secs(seconds);
            stop.overdue(now, Duration::ZERO)
        };
        assert_eq!(overdue(19), None);
        assert_eq!(overdue(21), Some(Duration::from_secs(1)));
        assert_eq!(overdue(22), None, "once for each deadline");
    }
}
