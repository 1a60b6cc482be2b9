//! A look at the bytes of a Unix socket, which tokio offers for TCP only.

use std::io;
use std::mem::MaybeUninit;
use std::task::{Context, Poll, ready};

use socket2::SockRef;
use tokio::io::Interest;
use tokio::net::UnixStream;

/// Waits for bytes, and leaves them where they are: their number, at most 1; 0 is the end.
pub(super) fn poll_peek(stream: &UnixStream, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
    loop {
        ready!(stream.poll_read_ready(cx))?;
        let mut room = [MaybeUninit::uninit()];
        let peek = || SockRef::from(stream).peek(&mut room);
        match stream.try_io(Interest::READABLE, peek) {
            // It was not ready after all, which tokio has noted: the next look waits.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            peeked => return Poll::Ready(peeked),
        }
    }
}
