//! The limits of one connection.

use std::time::Duration;

/// How long a connection may keep the server waiting, and what a stream gets when it is told.
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
pub struct ConnectionOptions {
    /// From the connection to its first byte. Who connects and says nothing holds a socket for
    /// free. Default: 10 s.
    pub first_byte: Duration,
    /// From the first byte of an HTTP/1.1 request's head to its last, or of an HTTP/2 connection
    /// to the end of its preface and first SETTINGS frame's header. Default: 10 s.
    pub head: Duration,
    /// Without a request in flight; then it is closed, on HTTP/2 by GOAWAY. Default: 60 s.
    pub idle: Duration,
    /// From the arrival of a request's head to the head of its response; then the answer is 504,
    /// or `DEADLINE_EXCEEDED`, and the handler's future is dropped. Nobody waits for ever, and what
    /// a handler waits for may never come; a request's body that drips is part of it. Bodies of
    /// responses, and what becomes of an upgraded connection, take as long as they take. `None`:
    /// no limit.
    ///
    /// A gRPC client's `grpc-timeout` is kept as well, by every server: that is for the whole
    /// call, up to the end of its last stream. One that cannot be read is ignored. Default: 30 s.
    pub request_timeout: Option<Duration>,
    /// For server-sent events and upgraded sockets from the moment they are told of the drain to
    /// the moment they are cut; at most half of what is left until the deadline. Default: 2 s.
    pub stream_grace: Duration,
    /// How many connections there may be at a time. One more waits in the system's queue; when it
    /// has waited for a second it is closed, so that its client looks elsewhere. Keep it below the
    /// process's limit of open files. Default: 20 000.
    pub max_connections: usize,
}

impl Default for ConnectionOptions {
    fn default() -> ConnectionOptions {
        ConnectionOptions {
            first_byte: Duration::from_secs(10),
            head: Duration::from_secs(10),
            idle: Duration::from_secs(60),
            request_timeout: Some(Duration::from_secs(30)),
            stream_grace: Duration::from_secs(2),
            max_connections: 20_000,
        }
    }
}
