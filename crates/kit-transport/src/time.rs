//! Instants that are far away, and the clock of one poll.

use std::sync::atomic::{AtomicU64, Ordering};
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

/// The time of the present poll of a connection, for those that are called in it and cannot be given
/// it. The clock is read at most once a poll.
///
/// A task of a stream that asks between two polls finds the time of the last one. Accesses are
/// relaxed: a time says nothing about other memory. A stream's task cannot put an old time into a poll
/// that has begun since: it finds the time that the poll before has stored, because hyper asks for it
/// in each poll, under the lock under which a stream's task asks, before it accepts a stream.
#[derive(Debug)]
pub(crate) struct PollClock {
    /// Nanoseconds from the origin; [`UNKNOWN`](Self::UNKNOWN) until the time is asked for.
    now: AtomicU64,
}

impl PollClock {
    const UNKNOWN: u64 = u64::MAX;

    pub(crate) fn new() -> PollClock {
        PollClock {
            now: AtomicU64::new(PollClock::UNKNOWN),
        }
    }

    /// A poll begins.
    pub(crate) fn forget(&self) {
        self.now.store(PollClock::UNKNOWN, Ordering::Relaxed);
    }

    /// The time, counted from `origin`, which is the same in every call.
    pub(crate) fn now(&self, origin: Instant) -> Instant {
        let known = self.now.load(Ordering::Relaxed);
        if known != PollClock::UNKNOWN {
            return origin + Duration::from_nanos(known);
        }
        let now = Instant::now();
        let since = now.duration_since(origin).as_nanos();
        let since = u64::try_from(since).unwrap_or(PollClock::UNKNOWN);
        self.now.store(since, Ordering::Relaxed);
        now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_clock_is_read_once_a_poll() {
        const SECOND: Duration = Duration::from_secs(1);
        let origin = Instant::now();
        tokio::time::advance(SECOND).await;
        let clock = PollClock::new();
        assert_eq!(clock.now(origin), origin + SECOND);
        tokio::time::advance(SECOND).await;
        assert_eq!(clock.now(origin), origin + SECOND);
        clock.forget();
        assert_eq!(clock.now(origin), origin + 2 * SECOND);
    }
}
