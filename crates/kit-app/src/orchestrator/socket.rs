//! The socket of the service manager. Sending never blocks.

#[cfg_attr(not(unix), path = "socket/no_unix.rs")]
mod unix;

pub(super) use unix::{NotifySocket, Sender};

/// The fate of a message.
#[derive(Debug)]
pub(super) enum Sent {
    Yes,
    /// The service manager has not read what came before.
    Full,
    /// It could not be reached.
    Failed(std::io::Error),
}
