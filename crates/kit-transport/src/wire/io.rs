//! The wrapper that sees bytes.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use kit_sync::Hold;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::connection::conn::Conn;
use crate::drain::connections::Place;
use crate::wire::frames::{Frames, HEADER};
use crate::wire::sniff::{PREFACE, Protocol, Sniffer, Stage};
use crate::wire::socket::Socket;

mod read;

use read::Kept;

/// A connection's socket. As long as it lives, whoever holds it, the connection is a member of the
/// server's scope; a kill makes every read and write fail, also those of tasks that nobody told
/// us about.
#[derive(Debug)]
pub(crate) struct Io {
    stream: Socket,
    conn: Arc<Conn>,
    sniffer: Sniffer,
    frames: Frames,
    /// What was read to know the protocol, until hyper gets it.
    greeting: Kept<{ PREFACE.len() }>,
    /// The last bytes that were read, which [`Frames`] has not looked at.
    held: Kept<HEADER>,
    /// It is shut down, and the client is still sending.
    lingers: bool,
    // Dropped after the socket, in this order: the drain sees it gone before the scope does.
    _place: Place,
    _member: Hold,
}

impl Io {
    pub(crate) fn new(stream: Socket, conn: Arc<Conn>, place: Place, member: Hold) -> Io {
        Io {
            stream,
            conn,
            sniffer: Sniffer::new(),
            frames: Frames::default(),
            greeting: Kept::new(),
            held: Kept::new(),
            lingers: false,
            _place: place,
            _member: member,
        }
    }

    fn written(
        &self,
        cx: &Context<'_>,
        result: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        match &result {
            Poll::Ready(Ok(bytes)) => self.conn.wrote(*bytes),
            Poll::Pending if !self.conn.waits_to_write(cx) => {
                return Poll::Ready(Err(self.conn.end()));
            }
            _ => {}
        }
        result
    }

    /// So many of these bytes were written.
    fn passes(&mut self, slices: &[IoSlice<'_>], mut count: usize) {
        if self.sniffer.protocol() != Some(Protocol::Http2) {
            return;
        }
        for slice in slices {
            let part = slice.len().min(count);
            self.frames.wrote(&slice[..part]);
            count -= part;
        }
        self.conn.passed(&self.frames);
    }

    /// Whoever is refused early may be in the middle of sending, as a body that is too large is, and
    /// a client of HTTP/2 sends until it has read the server's goodbye. To close with bytes unread
    /// is a reset, which overtakes what was sent: so what still comes is thrown away, until the
    /// client has read that and closes, or has had its time.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let is_http2 = self.sniffer.stage() == Stage::Http2;
        let much = !is_http2 && self.conn.answered() >= MUCH;
        if self.conn.was_early() || much || is_http2 && self.conn.is_closing() {
            self.linger();
        }
        let mut room = [0; 4096];
        for _ in 0..MOST_READS {
            let mut buffer = ReadBuf::new(&mut room);
            let result = if is_http2 {
                self.poll_read_http2(cx, &mut buffer)
            } else {
                Pin::new(&mut self.stream).poll_read(cx, &mut buffer)
            };
            match result {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    self.linger();
                }
                Poll::Pending if self.lingers => return Poll::Pending,
                Poll::Ready(_) | Poll::Pending => return Poll::Ready(()),
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn linger(&mut self) {
        if !std::mem::replace(&mut self.lingers, true) {
            self.conn.lingers();
        }
    }
}

/// As much as a client can have got without having read it: it may still be reading when it asks
/// again, and that is answered by a reset where nobody listens any more.
const MUCH: u64 = 64 << 10;
/// In one poll, of a client that sends faster than can be thrown away.
const MOST_READS: usize = 64;

impl AsyncWrite for Io {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.conn.is_killed() {
            return Poll::Ready(Err(this.conn.end()));
        }
        let result = Pin::new(&mut this.stream).poll_write(cx, bytes);
        if let Poll::Ready(Ok(count)) = result {
            this.passes(&[IoSlice::new(bytes)], count);
        }
        this.written(cx, result)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.conn.is_killed() {
            return Poll::Ready(Err(this.conn.end()));
        }
        let result = Pin::new(&mut this.stream).poll_write_vectored(cx, slices);
        if let Poll::Ready(Ok(count)) = result {
            this.passes(slices, count);
        }
        this.written(cx, result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.conn.is_killed() {
            return Poll::Ready(Err(this.conn.end()));
        }
        let result = Pin::new(&mut this.stream).poll_flush(cx);
        match &result {
            Poll::Ready(Ok(())) => this.conn.flushed(),
            // With TLS it is here that small writes wait.
            Poll::Pending if !this.conn.waits_to_write(cx) => {
                return Poll::Ready(Err(this.conn.end()));
            }
            Poll::Pending | Poll::Ready(Err(_)) => {}
        }
        result
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.conn.is_killed() {
            return Poll::Ready(Err(this.conn.end()));
        }
        if !this.lingers {
            match Pin::new(&mut this.stream).poll_shutdown(cx) {
                Poll::Ready(done) => done?,
                Poll::Pending if !this.conn.waits_to_write(cx) => {
                    return Poll::Ready(Err(this.conn.end()));
                }
                Poll::Pending => return Poll::Pending,
            }
        }
        if !this.conn.is_switched() {
            ready!(this.poll_linger(cx));
        }
        Poll::Ready(Ok(()))
    }
}
