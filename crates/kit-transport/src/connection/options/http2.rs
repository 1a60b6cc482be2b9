//! The limits that HTTP/2 alone needs.

use std::time::Duration;

use kit_units::{WrongOption, format_duration};

/// PINGs that follow each other sooner than this would be most of the traffic.
const SHORTEST_PING: Duration = Duration::from_millis(10);

/// What a client may do on one HTTP/2 connection.
///
/// ```
/// use kit_transport::{ConnectionOptions, Http2Options};
///
/// let http2 = Http2Options { max_streams: 1000, ..Http2Options::default() };
/// let busy = ConnectionOptions { http2, ..ConnectionOptions::default() };
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Http2Options {
    /// Requests at a time, at least 1. A client holds further ones back until one has ended; with no limit, one
    /// connection could take all that the server has. Default: 200.
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub max_streams: u32,
    /// Requests that were taken back before the server had looked at them; one more closes the
    /// connection. A request costs its server more than its client, which can send and take back
    /// any number of them without ever having many open ("rapid reset"). Default: 20.
    pub max_early_resets: usize,
    /// Streams that the server had to reset because the client broke the protocol in them; one
    /// more closes the connection. The same attack with the server's own resets. Default: 1024.
    pub max_faulty_streams: usize,
    /// The silence after which the server asks by a PING whether the client is there. Without it a
    /// client that vanished without a word (a machine that was switched off, a router that forgot)
    /// is not noticed: its streams would stay open without end, and a stop would wait for them.
    /// `None`, in a file `off`: never; at least 10 ms otherwise. Default: 20 s.
    #[cfg_attr(feature = "serde", serde(with = "kit_units::limit"))]
    #[cfg_attr(feature = "schema", schemars(with = "kit_units::schema::Limit"))]
    pub ping_interval: Option<Duration>,
    /// How long the answer to a PING may take; then the connection is closed. At least 10 ms. Default: 20 s.
    #[cfg_attr(feature = "serde", serde(with = "kit_units::duration"))]
    #[cfg_attr(feature = "schema", schemars(with = "kit_units::schema::Duration"))]
    pub ping_timeout: Duration,
}

impl Default for Http2Options {
    fn default() -> Http2Options {
        Http2Options {
            max_streams: 200,
            max_early_resets: 20,
            max_faulty_streams: 1024,
            ping_interval: Some(Duration::from_secs(20)),
            ping_timeout: Duration::from_secs(20),
        }
    }
}

impl Http2Options {
    /// Limits with which no connection could be served. A server with any of them does not start.
    #[must_use]
    pub fn check(&self) -> Vec<WrongOption> {
        let Http2Options {
            max_streams,
            max_early_resets: _,
            max_faulty_streams: _,
            ping_interval,
            ping_timeout,
        } = self;
        let least = format_duration(SHORTEST_PING);
        let interval = ping_interval.filter(|interval| *interval < SHORTEST_PING);
        let interval = interval.map(|interval| {
            let expected = format!("at least {least}, or \"off\"");
            WrongOption::new("ping_interval", format_duration(interval), expected)
        });
        let timeout = WrongOption::refuse_if(
            *ping_timeout < SHORTEST_PING,
            "ping_timeout",
            format_duration(*ping_timeout),
            format!("at least {least}"),
        );
        let streams = WrongOption::refuse_if(*max_streams == 0, "max_streams", 0, "at least 1");
        [interval, timeout, streams].into_iter().flatten().collect()
    }
}
