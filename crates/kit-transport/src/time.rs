//! Instants that are far away, and the clock of one poll.

use std::time::Duration;

use tokio::time::Instant;

/// Longer than any process lives.
pub(crate) const AGES: Duration = Duration::from_secs(30 * 365 * 24 * 3600);

/// A limit may be longer than the clock can count.
pub(crate) fn after(instant: Instant, limit: Duration) -> Instant {
    instant + limit.min(AGES)
}

/// The time of one poll. The clock is read at most once, and only when the time is asked for.
#[derive(Debug, Default)]
pub(crate) struct PollTime(Option<Instant>);

impl PollTime {
    pub(crate) fn new(known: Option<Instant>) -> PollTime {
        PollTime(known)
    }

    pub(crate) fn now(&mut self) -> Instant {
        *self.0.get_or_insert_with(Instant::now)
    }

    /// The time, if the clock was read.
    pub(crate) fn known(&self) -> Option<Instant> {
        self.0
    }
}
