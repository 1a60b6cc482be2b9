//! The limits of one connection.

use std::time::Duration;

use kit_units::{WrongOption, format_size};

mod http2;

pub use http2::Http2Options;

/// How long a connection may keep the server waiting, how much it may send, and how long a stream
/// lives on in a drain. All of it is on by default: a server on the open network that lacks one of
/// these limits can be stopped by a single client, and its owner finds out on that day.
///
/// ```
/// use std::time::Duration;
///
/// use kit_transport::ConnectionOptions;
///
/// let patient = ConnectionOptions { idle: Duration::from_secs(600), ..ConnectionOptions::default() };
/// assert_eq!(patient.head, Duration::from_secs(10));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ConnectionOptions {
    /// From the connection to its first byte. A client that connects and sends nothing holds one of
    /// the server's sockets at no cost. Default: 10 s.
    #[cfg_attr(feature = "serde", serde(with = "kit_units::duration"))]
    #[cfg_attr(feature = "schema", schemars(with = "kit_units::schema::Duration"))]
    pub first_byte: Duration,
    /// From the first byte of an HTTP/1.1 request's head to its last, or of an HTTP/2 connection
    /// to the end of its preface and first SETTINGS frame's header. Default: 10 s.
    #[cfg_attr(feature = "serde", serde(with = "kit_units::duration"))]
    #[cfg_attr(feature = "schema", schemars(with = "kit_units::schema::Duration"))]
    pub head: Duration,
    /// Time without a request in flight; then the connection is closed, on HTTP/2 by GOAWAY.
    /// Balancers and proxies commonly keep idle connections for 60 s: a server that closes at the
    /// same time or before does so while a request is on its way to it, which fails. Give it more
    /// than what stands in front of it has. Default: 75 s.
    #[cfg_attr(feature = "serde", serde(with = "kit_units::duration"))]
    #[cfg_attr(feature = "schema", schemars(with = "kit_units::schema::Duration"))]
    pub idle: Duration,
    /// How long bytes of a response may wait while the client makes no room for more; then the
    /// connection is cut. A client that asks for much and reads nothing keeps all of it in the
    /// server's memory. The system makes room in steps of up to a few megabytes, so a client that
    /// reads slower than about 10 kB/s may seem to read nothing. Default: 5 min.
    #[cfg_attr(feature = "serde", serde(with = "kit_units::duration"))]
    #[cfg_attr(feature = "schema", schemars(with = "kit_units::schema::Duration"))]
    pub unread: Duration,
    /// The age at which a connection takes no new requests, a tenth more or less, so that those that
    /// began together do not end together. It says so by GOAWAY on HTTP/2 and by `connection: close`
    /// with the next response on HTTP/1.1, and ends when the requests in flight have ended. Clients
    /// choose a server when they connect: without an end, instances that were added later stay idle,
    /// and clients do not notice that addresses have changed. `None`, in a file `off`: no limit.
    /// Default: 30 min.
    #[cfg_attr(feature = "serde", serde(with = "kit_units::limit"))]
    #[cfg_attr(feature = "schema", schemars(with = "kit_units::schema::Limit"))]
    pub max_age: Option<Duration>,
    /// From the arrival of a request's head to the head of its response; then the answer is 504,
    /// or `DEADLINE_EXCEEDED`, and the handler's future is dropped. A client gives up at some time,
    /// and the event that a handler waits for may never come. Time in which the request's body
    /// arrives does not count: each part, and the end of the body, give the handler the whole limit
    /// again. A body slower than 500 bytes a second buys only the time that it would have taken at
    /// that rate, so that a body that drips is cut; each message of a gRPC call counts, however
    /// small. Bodies of responses and upgraded connections have no such limit. `None`, in a file `off`:
    /// no limit. Default: 30 s.
    ///
    /// Every server also keeps a gRPC client's `grpc-timeout`, which is for the whole call, up to
    /// the end of its last stream. One that cannot be read is ignored.
    #[cfg_attr(feature = "serde", serde(with = "kit_units::limit"))]
    #[cfg_attr(feature = "schema", schemars(with = "kit_units::schema::Limit"))]
    pub request_timeout: Option<Duration>,
    /// Time that server-sent events, gRPC streams and upgraded sockets have from the beginning of the
    /// drain until they are ended, gRPC streams with `UNAVAILABLE`; at most half of the time that is
    /// left until the deadline. A handler asks for more with
    /// [`Draining::finish_within`](crate::Draining::finish_within). Default: 2 s.
    #[cfg_attr(feature = "serde", serde(with = "kit_units::duration"))]
    #[cfg_attr(feature = "schema", schemars(with = "kit_units::schema::Duration"))]
    pub stream_grace: Duration,
    /// Bytes in a request's head, on HTTP/2 with 32 more for each header; the answer to more is
    /// 431, to a gRPC call `RESOURCE_EXHAUSTED` with the limit. (HTTP/2 reads up to twice as much to
    /// say so; the answer to a head that is larger still is a bare 431, which gRPC shows as
    /// `UNKNOWN`.) A head is in memory before any handler can refuse it. At least 8 KiB. On HTTP/1.1
    /// it is the size of the buffer: a head that is a little larger may still be read, and bodies
    /// come in parts of at most this size. Default: 64 KiB.
    #[cfg_attr(feature = "serde", serde(with = "kit_units::size"))]
    #[cfg_attr(
        feature = "schema",
        schemars(with = "kit_units::schema::Size", range(min = 8192))
    )]
    pub max_head: usize,
    /// Headers in an HTTP/1.1 request, at least 1; the answer to more is 431. Each costs more than its bytes.
    /// Another number than the default costs an allocation per request. Default: 100.
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub max_headers: usize,
    /// Bytes in the body of an HTTP request (not of a gRPC call, where each message has a limit).
    /// The answer is 413, at once when the length that the head gives is too large, else when axum's
    /// extractors have read up to the limit; a handler that reads the body by hand gets
    /// `http_body_util::LengthLimitError`. Extractors that read it whole have a smaller limit,
    /// axum's `DefaultBodyLimit` of 2 MB. `None`, in a file `off`: no limit. Default: 16 MiB.
    #[cfg_attr(feature = "serde", serde(with = "kit_units::size_limit"))]
    #[cfg_attr(feature = "schema", schemars(with = "kit_units::schema::SizeLimit"))]
    pub max_body: Option<u64>,
    /// The limits that only HTTP/2 has.
    pub http2: Http2Options,
    /// Connections at a time, at least 1. More wait in the system's queue; when there was no room for a second
    /// they are closed until there is, so that their clients look elsewhere. All servers of the
    /// process together have at most nine tenths of the files that it may open, of which each server
    /// is sure of 16 connections. Default: 20 000.
    #[cfg_attr(feature = "schema", schemars(range(min = 1)))]
    pub max_connections: usize,
}

/// hyper panics with a smaller one.
const SMALLEST_BUFFER: usize = 8192;
/// hyper keeps this number of headers on its stack.
pub(crate) const MAX_HEADERS: usize = 100;

impl Default for ConnectionOptions {
    fn default() -> ConnectionOptions {
        ConnectionOptions {
            first_byte: Duration::from_secs(10),
            head: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            unread: Duration::from_secs(5 * 60),
            max_age: Some(Duration::from_secs(30 * 60)),
            request_timeout: Some(Duration::from_secs(30)),
            stream_grace: Duration::from_secs(2),
            max_head: 64 * 1024,
            max_headers: MAX_HEADERS,
            max_body: Some(16 * 1024 * 1024),
            http2: Http2Options::default(),
            max_connections: 20_000,
        }
    }
}

impl ConnectionOptions {
    /// The size of a head's buffer.
    pub(crate) fn max_head(&self) -> usize {
        self.max_head.max(SMALLEST_BUFFER)
    }

    /// Limits with which no connection could be served: times of zero, and numbers below their least value.
    /// A server with any of them does not start.
    ///
    /// ```
    /// use kit_transport::ConnectionOptions;
    ///
    /// let options = ConnectionOptions { max_head: 1024, ..ConnectionOptions::default() };
    /// let wrong = options.check();
    /// assert_eq!(wrong[0].to_string(), "`max_head` is 1KiB: it has to be at least 8KiB");
    /// ```
    #[must_use]
    pub fn check(&self) -> Vec<WrongOption> {
        // Every field by its name, so that one that is added has to be looked at here.
        let ConnectionOptions {
            first_byte,
            head,
            idle,
            unread,
            max_age,
            request_timeout,
            stream_grace: _,
            max_head,
            max_headers,
            max_body: _,
            http2,
            max_connections,
        } = self;
        let least_head = format!("at least {}", format_size(SMALLEST_BUFFER as u64));
        let size = format_size(u64::try_from(*max_head).unwrap_or(u64::MAX));
        let own = [
            WrongOption::refuse_zero("first_byte", *first_byte),
            WrongOption::refuse_zero("head", *head),
            WrongOption::refuse_zero("idle", *idle),
            WrongOption::refuse_zero("unread", *unread),
            WrongOption::refuse_zero("max_age", max_age.unwrap_or(Duration::MAX)),
            WrongOption::refuse_zero("request_timeout", request_timeout.unwrap_or(Duration::MAX)),
            WrongOption::refuse_if(*max_head < SMALLEST_BUFFER, "max_head", size, least_head),
            WrongOption::refuse_if(*max_headers == 0, "max_headers", 0, "at least 1"),
        ];
        let http2 = http2.check().into_iter().map(|wrong| wrong.inside("http2"));
        let last =
            WrongOption::refuse_if(*max_connections == 0, "max_connections", 0, "at least 1");
        own.into_iter().flatten().chain(http2).chain(last).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// AWS' application load balancers and nginx, towards its upstreams, have 60 s by default.
    #[test]
    fn an_idle_connection_outlives_the_idle_time_of_common_balancers() {
        let balancer = Duration::from_secs(60);
        let idle = ConnectionOptions::default().idle;
        assert_eq!(idle, Duration::from_secs(75));
        assert!(idle >= balancer + Duration::from_secs(10), "they race");
    }
}
