//! Connections that the system has queued, and which errors of `accept` end an attempt to empty the
//! queue.

use std::io;

use crate::wire::peer::Peer;
use crate::wire::plain::Plain;

/// How many connections are taken from the queue of a listener that closes.
const SWEEP: usize = 1024;

/// A new connection, or the error of one that failed before it could be served.
pub(crate) type Accepted = io::Result<(Plain, Peer)>;

/// Accepts until the queue is empty or the listener fails, at most 1024 times.
pub(crate) fn until_empty<T>(
    accept: impl Fn() -> io::Result<T>,
) -> impl Iterator<Item = io::Result<T>> {
    let accepted = std::iter::repeat_with(accept).take(SWEEP);
    accepted.take_while(|accepted| match accepted {
        Err(error) => concerns_one_connection(error),
        Ok(_) => true,
    })
}

/// Errors that `accept` reports for the connection it would have returned, not for the listener.
pub(crate) fn concerns_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{
        ConnectionAborted, ConnectionRefused, ConnectionReset, HostUnreachable, Interrupted,
        NetworkDown, NetworkUnreachable, NotConnected, PermissionDenied, TimedOut,
    };
    matches!(
        error.kind(),
        ConnectionAborted
            | ConnectionRefused
            | ConnectionReset
            | HostUnreachable
            | Interrupted
            | NetworkDown
            | NetworkUnreachable
            | NotConnected
            | PermissionDenied
            | TimedOut
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_connection_is_ignored_and_an_exhausted_process_is_not() {
        for broken in [
            io::ErrorKind::ConnectionAborted,
            io::ErrorKind::ConnectionReset,
        ] {
            assert!(concerns_one_connection(&broken.into()));
        }
        // EMFILE has no kind, and shows as another error.
        for exhausted in [io::ErrorKind::Other, io::ErrorKind::OutOfMemory] {
            assert!(!concerns_one_connection(&exhausted.into()));
        }
    }
}
