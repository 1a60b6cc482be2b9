//! The result of a server's drain.

use std::fmt;
use std::time::Duration;

/// The result of a server's drain, beside its [cuts](crate::Cuts).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Drained {
    /// The connections that were open when it began, and those that were accepted afterwards.
    pub connections: usize,
    /// The requests that ended while it went on.
    pub requests: u64,
    /// The streams that ran when the drain began or began during it: health watches, server-sent
    /// events, WebSockets, and responses whose handlers asked for the drain.
    pub streams: usize,
    /// From the beginning of the drain to the end of the last connection.
    pub took: Duration,
}

impl fmt::Display for Drained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Drained {
            connections,
            requests,
            streams,
            took,
        } = self;
        let ending = |is_one: bool| if is_one { "" } else { "s" };
        write!(
            f,
            "{connections} connection{}, {requests} request{} and {streams} stream{} ended in {took:.1?}",
            ending(*connections == 1),
            ending(*requests == 1),
            ending(*streams == 1),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_a_kind_is_no_plural() {
        let drained = |connections, requests, streams| Drained {
            connections,
            requests,
            streams,
            took: Duration::from_millis(240),
        };
        assert_eq!(
            drained(1, 1, 1).to_string(),
            "1 connection, 1 request and 1 stream ended in 240.0ms"
        );
        assert_eq!(
            drained(41, 0, 2).to_string(),
            "41 connections, 0 requests and 2 streams ended in 240.0ms"
        );
    }
}
