//! What keeps a server from accepting, told once, then at growing intervals, and when it is over.

use std::io;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::Address;
use crate::descriptors::Limit;
use crate::drain::connections::Connections;

/// From the first line about something to the next, twice as long each time.
const AGAIN_AFTER: Duration = Duration::from_secs(5);
const AGAIN_AFTER_AT_MOST: Duration = Duration::from_secs(5 * 60);
/// Without it for so long, it is over.
const OVER_AFTER: Duration = Duration::from_secs(5);

/// What one server has to say of its listener.
#[derive(Debug)]
pub(crate) struct Trouble<'a> {
    server: &'a str,
    listening: &'a Address,
    limit: Limit,
    refused: Recurring,
    shed: Recurring,
}

impl<'a> Trouble<'a> {
    pub(crate) fn of(connections: &'a Connections) -> Trouble<'a> {
        let (server, listening) = connections.place();
        Trouble {
            server,
            listening,
            limit: connections.limit(),
            refused: Recurring::default(),
            shed: Recurring::default(),
        }
    }

    /// The system gave no connection, and gives none to the next attempt, most likely.
    pub(crate) fn refused(&mut self, error: &io::Error) {
        let (server, listening) = (self.server, self.listening);
        match self.refused.happened() {
            None => {}
            Some(Told { times: 1, .. }) => tracing::error!(
                server, %listening, %error,
                "cannot accept connections; trying again every 100 ms"
            ),
            Some(Told { times, lasted }) => tracing::error!(
                server, %listening, %error, times, ?lasted,
                "still cannot accept connections"
            ),
        }
    }

    /// A connection is closed for lack of a place.
    pub(crate) fn shed(&mut self) {
        let (server, listening, limit) = (self.server, self.listening, self.limit);
        match self.shed.happened() {
            None => {}
            Some(Told { times: 1, .. }) => tracing::warn!(
                server, %listening, %limit,
                "too many connections; new ones are closed"
            ),
            Some(Told { times, lasted }) => tracing::warn!(
                server, %listening, %limit, closed = times, ?lasted,
                "still too many connections; new ones are closed"
            ),
        }
    }

    /// A connection failed before it was accepted, which is its client's affair.
    pub(crate) fn broken(&self, error: &io::Error) {
        let (server, listening) = (self.server, self.listening);
        tracing::debug!(server, %listening, %error, "a connection failed before it was accepted");
    }

    /// Resolves once one of them is over, and has said so; never when there is none.
    ///
    /// # Cancel safety
    /// May be dropped at any time.
    pub(crate) async fn until_over(&mut self) {
        let (server, listening) = (self.server, self.listening);
        tokio::select! {
            Told { times, lasted } = self.refused.over() => tracing::info!(
                server, %listening, times, ?lasted,
                "accepting connections has not failed for 5 s"
            ),
            Told { times, lasted } = self.shed.over() => tracing::info!(
                server, %listening, closed = times, ?lasted,
                "no connection was closed for 5 s for lack of a place"
            ),
        }
    }
}

/// Something that happens again and again for a while.
#[derive(Debug, Default)]
struct Recurring(Option<While>);

#[derive(Debug)]
struct While {
    began: Instant,
    last: Instant,
    times: u64,
    tell: Instant,
    interval: Duration,
}

/// What there is to say: how often it happened, and for how long it has.
#[derive(Debug, PartialEq)]
struct Told {
    times: u64,
    lasted: Duration,
}

impl Recurring {
    /// It happens now. What to say of it, when it is time.
    fn happened(&mut self) -> Option<Told> {
        let now = Instant::now();
        let course = self.0.get_or_insert(While {
            began: now,
            last: now,
            times: 0,
            tell: now,
            interval: AGAIN_AFTER,
        });
        course.times += 1;
        course.last = now;
        if now < course.tell {
            return None;
        }
        course.tell = now + course.interval;
        course.interval = (course.interval * 2).min(AGAIN_AFTER_AT_MOST);
        Some(course.told())
    }

    /// Resolves when it has not happened for a while; never when it has not happened at all.
    async fn over(&mut self) -> Told {
        let Some(course) = &self.0 else {
            return std::future::pending().await;
        };
        sleep_until(course.last + OVER_AFTER).await;
        let told = course.told();
        self.0 = None;
        told
    }
}

impl While {
    fn told(&self) -> Told {
        Told {
            times: self.times,
            lasted: self.last - self.began,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_repeats_is_told_at_once_then_ever_more_rarely() {
        let mut repeated = Recurring::default();
        let mut told = Vec::new();
        let begun = Instant::now();
        for _ in 0..12_000 {
            let said = repeated.happened();
            told.extend(said.map(|said| (begun.elapsed().as_secs(), said.times)));
            tokio::time::advance(Duration::from_millis(100)).await;
        }
        let expected = [
            (0, 1),
            (5, 51),
            (15, 151),
            (35, 351),
            (75, 751),
            (155, 1551),
            (315, 3151),
            (615, 6151),
            (915, 9151),
        ];
        assert_eq!(told, expected);
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_over_when_it_has_not_happened_for_a_while_and_begins_anew() {
        let mut repeated = Recurring::default();
        assert_eq!(repeated.happened().map(|told| told.times), Some(1));
        // What happens now and then is one course, however often it pauses for a moment.
        for _ in 0..3 {
            let pause = OVER_AFTER - Duration::from_millis(1);
            let over = tokio::time::timeout(pause, repeated.over()).await;
            assert!(over.is_err());
            repeated.happened();
        }
        let last = Instant::now();
        let told = repeated.over().await;
        assert_eq!(told.times, 4);
        assert_eq!(last.elapsed(), OVER_AFTER);
        assert_eq!(repeated.happened().map(|told| told.times), Some(1));
    }

    #[tokio::test(start_paused = true)]
    async fn what_has_not_happened_is_not_over() {
        let mut repeated = Recurring::default();
        let over = tokio::time::timeout(Duration::from_secs(3600), repeated.over());
        assert!(over.await.is_err());
    }
}
