//! The limits, with the values that Kit has by default where nothing else is said.

use std::time::Duration;

/// For the head of a response.
pub(crate) const REQUEST: Duration = Duration::from_secs(30);
/// For the head of a request, from when the connection is idle: hyper has one timer for both, and this
/// is its default. A longer one than [`REQUEST`] would cost each request a system call, because a timer
/// that is due before all others wakes the thread that waits for sockets.
pub(crate) const HEAD: Duration = Duration::from_secs(30);
/// Between two PINGs of HTTP/2, and for the answer to one.
pub(crate) const PING: Duration = Duration::from_secs(20);
/// Between two probes of an idle socket.
pub(crate) const KEEP_ALIVE: Duration = Duration::from_secs(60);
/// The age at which a connection takes no new requests.
pub(crate) const MAX_AGE: Duration = Duration::from_secs(30 * 60);
/// Streams of HTTP/2 at a time.
pub(crate) const MAX_STREAMS: u32 = 200;
/// Connections at a time.
pub(crate) const MAX_CONNECTIONS: usize = 20_000;
/// Bytes of a request's head.
pub(crate) const MAX_HEAD: usize = 64 * 1024;
/// Bytes of a request's body.
pub(crate) const MAX_BODY: usize = 16 * 1024 * 1024;
/// For a whole stop.
pub(crate) const STOP: Duration = Duration::from_secs(20);
