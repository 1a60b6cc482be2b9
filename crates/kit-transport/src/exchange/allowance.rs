//! How long an exchange may take.

use std::time::Duration;

use tokio::time::Instant;

use crate::time::after;

/// The slowest body, in bytes per second, whose arrival puts the end of `request_timeout` off. (The
/// common servers have 240 and 500.)
const SLOWEST_BODY: u64 = 500;

/// The limits of one exchange, from its start: the server's own until the head of the response is
/// there, and its client's for all of the call.
///
/// Time in which the body of the request makes progress does not count against the server's limit.
/// A part of a body that arrives gives the handler the whole limit again, but as long as the body is
/// not whole never more than the time that a body of [`SLOWEST_BODY`] would have taken: a client that
/// drips bytes is cut like one that sends nothing. The end of a body, and of each message of a gRPC
/// call, gives the whole limit in any case.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allowance {
    started: Instant,
    own: Option<Duration>,
    client: Option<Duration>,
    /// How much later than its start the time of the server's limit begins.
    put_off: Duration,
    /// Bytes of the request's body.
    received: u64,
}

/// A limit of a response, by the side that has set it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ResponseLimit {
    /// The server's own.
    Own(Duration),
    /// The client's.
    Client(Duration),
}

impl ResponseLimit {
    pub(crate) fn duration(self) -> Duration {
        let (ResponseLimit::Own(limit) | ResponseLimit::Client(limit)) = self;
        limit
    }
}

/// An arrival of a part of a request's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// This number of bytes.
    Part(u64),
    /// The end of a message of a gRPC call. Each message is progress, however small: a stream of
    /// messages has no rate.
    Message,
    /// The end.
    Whole,
}

impl Allowance {
    pub(crate) fn new(
        started: Instant,
        own: Option<Duration>,
        client: Option<Duration>,
    ) -> Allowance {
        Allowance {
            started,
            own,
            client,
            put_off: Duration::ZERO,
            received: 0,
        }
    }

    pub(crate) fn started(&self) -> Instant {
        self.started
    }

    /// A part of the request's body has arrived.
    pub(crate) fn record(&mut self, arrival: Arrival, now: Instant) {
        let elapsed = now.saturating_duration_since(self.started);
        self.put_off = match arrival {
            Arrival::Message | Arrival::Whole => elapsed,
            Arrival::Part(bytes) => {
                self.received = self.received.saturating_add(bytes);
                let bought =
                    Duration::from_millis(self.received.saturating_mul(1000) / SLOWEST_BODY);
                // A message before it may have given more.
                elapsed.min(bought).max(self.put_off)
            }
        };
    }

    /// The head of the response is there: the server's own limit ends.
    pub(crate) fn end_own(&mut self) {
        self.own = None;
    }

    /// The limit that ends first, and when.
    pub(crate) fn next(&self) -> Option<(Instant, ResponseLimit)> {
        let client = self
            .client
            .map(|limit| (after(self.started, limit), ResponseLimit::Client(limit)));
        let own = self.own.map(|limit| {
            let deadline = after(self.started + self.put_off, limit);
            (deadline, ResponseLimit::Own(limit))
        });
        own.into_iter().chain(client).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn limit(allowance: &Allowance) -> Duration {
        let (deadline, _) = allowance.next().expect("it has a limit");
        deadline - allowance.started()
    }

    #[test]
    fn a_body_that_arrives_puts_the_servers_limit_off_and_not_the_clients() {
        let start = Instant::now();
        let mut allowance = Allowance::new(start, Some(30 * SECOND), None);
        for second in 1..=40 {
            allowance.record(Arrival::Part(20_000), start + second * SECOND);
            assert_eq!(limit(&allowance), (second + 30) * SECOND);
        }
        let mut both = Allowance::new(start, Some(30 * SECOND), Some(50 * SECOND));
        both.record(Arrival::Part(1 << 20), start + 40 * SECOND);
        assert_eq!(limit(&both), 50 * SECOND);
        both.end_own();
        assert_eq!(
            both.next(),
            Some((start + 50 * SECOND, ResponseLimit::Client(50 * SECOND)))
        );
    }

    #[test]
    fn of_two_limits_that_end_together_the_servers_own_has_passed() {
        let start = Instant::now();
        let allowance = Allowance::new(start, Some(SECOND), Some(SECOND));
        let next = (start + SECOND, ResponseLimit::Own(SECOND));
        assert_eq!(allowance.next(), Some(next));
    }

    #[test]
    fn a_body_that_drips_puts_it_off_by_what_it_brings() {
        let start = Instant::now();
        let mut allowance = Allowance::new(start, Some(30 * SECOND), None);
        for second in 1..=20 {
            allowance.record(Arrival::Part(50), start + second * SECOND);
        }
        assert_eq!(limit(&allowance), 32 * SECOND);
        allowance.record(Arrival::Whole, start + 21 * SECOND);
        assert_eq!(limit(&allowance), 51 * SECOND);
    }

    #[test]
    fn each_message_of_a_call_gives_the_whole_limit_again() {
        let start = Instant::now();
        let mut allowance = Allowance::new(start, Some(30 * SECOND), None);
        allowance.record(Arrival::Message, start + 29 * SECOND);
        assert_eq!(limit(&allowance), 59 * SECOND);
        for second in 30..50 {
            allowance.record(Arrival::Part(1), start + second * SECOND);
            assert_eq!(limit(&allowance), 59 * SECOND, "a message that drips");
        }
        allowance.end_own();
        assert_eq!(allowance.next(), None);
    }
}
