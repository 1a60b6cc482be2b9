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
        write!(
            f,
            "{connections} connections, {requests} requests and {streams} streams ended in {took:.1?}"
        )
    }
}
