//! Log lines about what keeps a server from accepting: one at once, then at growing intervals, and
//! one when it is over.

use std::io;
use std::time::Duration;

use kit_sync::{Repeated, Repetition};
use tokio::time::{Instant, sleep_until};

use crate::Address;
use crate::descriptors::{Limit, Share};
use crate::drain::connections::Connections;

/// A failure that did not happen for this time is over.
const OVER_AFTER: Duration = Duration::from_secs(5);

/// The failures of one server's listener, and the names that its lines carry.
#[derive(Debug)]
pub(crate) struct Trouble<'a> {
    server: &'a str,
    listening: &'a Address,
    share: &'a Share,
    refused: Failure,
    shed: Failure,
}

impl<'a> Trouble<'a> {
    pub(crate) fn of(connections: &'a Connections) -> Trouble<'a> {
        let (server, listening) = connections.place();
        Trouble {
            server,
            listening,
            share: &connections.share,
            refused: Failure::default(),
            shed: Failure::default(),
        }
    }

    /// Records that the system gave no connection, and most likely gives none to the next attempt.
    pub(crate) fn record_refused(&mut self, error: &io::Error) {
        let (server, listening) = (self.server, self.listening);
        match self.refused.record(&error.to_string()) {
            None => {}
            Some(Course { times: 1, .. }) => tracing::error!(
                server, %listening, %error,
                "cannot accept connections; trying again every 100 ms"
            ),
            Some(Course { times, lasted }) => tracing::error!(
                server, %listening, %error, times, ?lasted,
                "still cannot accept connections"
            ),
        }
    }

    /// Records that a connection is closed for lack of a place.
    pub(crate) fn record_shed(&mut self) {
        let (server, listening) = (self.server, self.listening);
        let limit = self.share.limit();
        let kind = match &limit {
            Limit::MaxConnections(_) => "max_connections",
            Limit::OpenFiles { .. } => "open files",
        };
        match self.shed.record(kind) {
            None => {}
            Some(Course { times: 1, .. }) => tracing::warn!(
                server, %listening, %limit,
                "too many connections; new ones are closed"
            ),
            Some(Course { times, lasted }) => tracing::warn!(
                server, %listening, %limit, closed = times, ?lasted,
                "still too many connections; new ones are closed"
            ),
        }
    }

    /// Logs that a connection failed before it was accepted, which no setting of the server changes.
    pub(crate) fn log_broken(&self, error: &io::Error) {
        let (server, listening) = (self.server, self.listening);
        tracing::debug!(server, %listening, %error, "a connection failed before it was accepted");
    }

    /// Resolves once one of the failures is over, and has logged that; never when there is none.
    ///
    /// # Cancel safety
    /// May be dropped at any time.
    pub(crate) async fn until_over(&mut self) {
        let (server, listening) = (self.server, self.listening);
        tokio::select! {
            Course { times, lasted } = self.refused.over() => tracing::info!(
                server, %listening, times, ?lasted,
                "accepting connections has not failed for 5 s"
            ),
            Course { times, lasted } = self.shed.over() => tracing::info!(
                server, %listening, closed = times, ?lasted,
                "no connection was closed for 5 s for lack of a place"
            ),
        }
    }
}

/// A failure that happens again and again, and its last time.
#[derive(Debug, Default)]
struct Failure {
    repeated: Repeated,
    last: Option<Instant>,
}

/// How often a failure has happened, and the time from the first to the last one.
#[derive(Debug, PartialEq)]
struct Course {
    times: u64,
    lasted: Duration,
}

impl Failure {
    /// Counts one failure; `Some` when it is worth a line.
    fn record(&mut self, text: &str) -> Option<Course> {
        let now = Instant::now();
        self.last = Some(now);
        let repetition = self.repeated.failed(text)?;
        Some(Course::of(repetition, now))
    }

    /// Resolves when it has not happened for 5 s and its end is worth a line; never without a
    /// failure.
    ///
    /// # Cancel safety
    /// May be dropped at any time.
    async fn over(&mut self) -> Course {
        let Some(last) = self.last else {
            return std::future::pending().await;
        };
        sleep_until(last + OVER_AFTER).await;
        self.last = None;
        match self.repeated.ended() {
            Some(repetition) => Course::of(repetition, last),
            // None of the failures since the last end had a line, so this end has none.
            None => std::future::pending().await,
        }
    }
}

impl Course {
    fn of(repetition: Repetition, last: Instant) -> Course {
        Course {
            times: repetition.times,
            lasted: last - repetition.since,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_failure_is_logged_at_once_then_ever_more_rarely() {
        let mut failure = Failure::default();
        let mut logged = Vec::new();
        let begun = Instant::now();
        for _ in 0..12_000 {
            let course = failure.record("refused");
            logged.extend(course.map(|course| (course.lasted.as_secs(), course.times)));
            tokio::time::advance(Duration::from_millis(100)).await;
        }
        assert_eq!(begun.elapsed(), Duration::from_secs(1_200));
        let expected = [
            (0, 1),
            (10, 101),
            (30, 301),
            (70, 701),
            (150, 1501),
            (310, 3101),
            (610, 6101),
            (910, 9101),
        ];
        assert_eq!(logged, expected);
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_is_over_when_it_has_not_happened_for_a_while_and_begins_anew() {
        let mut failure = Failure::default();
        assert_eq!(failure.record("").map(|course| course.times), Some(1));
        // A failure that pauses for a moment now and then is one course.
        for _ in 0..3 {
            let pause = OVER_AFTER - Duration::from_millis(1);
            let over = tokio::time::timeout(pause, failure.over()).await;
            assert!(over.is_err());
            failure.record("");
        }
        let last = Instant::now();
        let course = failure.over().await;
        assert_eq!(course.times, 4);
        assert_eq!(last.elapsed(), OVER_AFTER);
        // The quiet that ends a course is as long as the pause between two lines.
        tokio::time::advance(Duration::from_secs(20)).await;
        assert_eq!(failure.record("").map(|course| course.times), Some(1));
    }

    /// A server that is full for a moment every few seconds does not fill the log.
    #[tokio::test(start_paused = true)]
    async fn a_failure_that_flaps_is_not_logged_each_time() {
        let mut failure = Failure::default();
        assert!(failure.record("").is_some());
        failure.over().await;
        assert_eq!(failure.record(""), None);
        let over = tokio::time::timeout(OVER_AFTER * 2, failure.over());
        assert!(over.await.is_err(), "the end of a failure without a line");
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_that_has_not_happened_is_not_over() {
        let mut failure = Failure::default();
        let over = tokio::time::timeout(Duration::from_secs(3600), failure.over());
        assert!(over.await.is_err());
    }
}
