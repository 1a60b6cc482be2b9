//! The deadline of a stop as the watchdog knows it.

use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use kit_sync::{Deadline, Standstill, Watchdog};
use tokio::time::Instant;

use crate::budget::FORCED;

/// Gives the watchdog the deadline at once, from the thread that asks for the stop: with a blocked
/// runtime the stop itself does not begin.
#[derive(Debug, Default)]
pub(crate) struct Backstop(OnceLock<Armed>);

#[derive(Debug)]
struct Armed {
    watchdog: Watchdog,
    stop_timeout: Duration,
    deadline: Mutex<Option<Deadline>>,
}

impl Armed {
    /// A later request never moves the deadline back.
    fn expect_end_by(&self, deadline: Deadline) {
        let mut nearest = kit_sync::lock(&self.deadline);
        let deadline = match nearest.take() {
            Some(nearest) => nearest.sooner(deadline),
            None => deadline,
        };
        *nearest = Some(deadline.clone());
        self.watchdog.expect_end_by(deadline);
    }
}

impl Backstop {
    /// From now on the watchdog ends the process when a stop does not end.
    pub(super) fn arm(&self, watchdog: Watchdog, stop_timeout: Duration) {
        let armed = Armed {
            watchdog,
            stop_timeout,
            deadline: Mutex::new(None),
        };
        // An app runs once, so it is armed once.
        let _ = self.0.set(armed);
    }

    /// A stop was asked for at this instant, which moves with the process.
    pub(super) fn begin(&self, since: &Deadline) {
        if let Some(armed) = self.0.get() {
            armed.expect_end_by(since.later_by(armed.stop_timeout));
        }
    }

    /// The stop was forced at `at`.
    pub(super) fn force(&self, at: Instant, standstill: &Standstill) {
        if let Some(armed) = self.0.get() {
            armed.expect_end_by(standstill.deadline(at + FORCED));
        }
    }

    /// The stop has ended.
    pub(super) fn end(&self) {
        if let Some(armed) = self.0.get() {
            armed.watchdog.clear_deadline();
        }
    }
}
