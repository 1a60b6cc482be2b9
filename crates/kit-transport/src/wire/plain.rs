//! The sockets that a server accepts, before anything is encrypted.

use std::io;
use std::task::{Context, Poll};

use tokio::io::ReadBuf;
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;

use crate::wire::either::read_and_write;
#[cfg(unix)]
use crate::wire::peek::poll_peek;

/// An accepted connection.
#[derive(Debug)]
pub(crate) enum Plain {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
}

read_and_write!(Plain {
    Tcp,
    #[cfg(unix)]
    Unix,
});

impl Plain {
    /// Waits for bytes, and leaves them where they are: their number, at most 1; 0 is the end.
    pub(crate) fn poll_peek(&self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        match self {
            Plain::Tcp(stream) => stream.poll_peek(cx, &mut ReadBuf::new(&mut [0])),
            #[cfg(unix)]
            Plain::Unix(stream) => poll_peek(stream, cx),
        }
    }
}
