//! The wrapper that sees bytes.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use kit_sync::Hold;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::conn::Conn;
use super::connections::Place;
use super::frames::{Frames, HEADER};
use super::sniff::{PREFACE, Protocol, Sniffer, Stage};
use super::socket::Socket;

/// A connection's socket. As long as it lives, whoever holds it, the connection is a member of the
/// server's scope; a kill makes every read and write fail, also those of tasks that nobody told
/// us about.
#[derive(Debug)]
pub(super) struct Io {
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
    pub(super) fn new(stream: Socket, conn: Arc<Conn>, place: Place, member: Hold) -> Io {
        Io {
            stream,
            conn,
            sniffer: Sniffer::new(),
            frames: Frames::new(),
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
            Poll::Pending if !self.conn.waits_to_write(cx) => return Poll::Ready(Err(killed())),
            _ => {}
        }
        result
    }
}

impl Io {
    /// Which protocol the client speaks; `None` when it has gone without saying.
    pub(super) fn poll_protocol(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<Option<Protocol>>> {
        loop {
            if self.conn.is_killed() {
                return Poll::Ready(Err(killed()));
            }
            if let Some(protocol) = self.sniffer.protocol() {
                return Poll::Ready(Ok(Some(protocol)));
            }
            let before = self.greeting.length;
            let mut buffer = ReadBuf::new(&mut self.greeting.bytes);
            buffer.set_filled(before);
            ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer))?;
            let bytes = &buffer.filled()[before..];
            if bytes.is_empty() {
                // Part of a preface: hyper says what is wrong with it.
                return Poll::Ready(Ok((before > 0).then_some(Protocol::Http1)));
            }
            self.conn.received(self.sniffer.feed(bytes));
            self.greeting.length = buffer.filled().len();
        }
    }

    /// No byte has come yet.
    pub(super) fn is_silent(&self) -> bool {
        self.sniffer.stage() == Stage::Silent
    }

    fn poll_read_http1(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        if buffer.filled().len() > before {
            self.conn.received(Stage::Http1);
        }
        Poll::Ready(Ok(()))
    }

    fn poll_read_http2(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let start = buffer.filled().len();
        loop {
            self.held.give(buffer);
            let before = buffer.filled().len();
            let room = buffer.remaining() > 0;
            let result = match room {
                true => Pin::new(&mut self.stream).poll_read(cx, buffer),
                false => Poll::Ready(Ok(())),
            };
            if room && buffer.filled().len() == before {
                // It waits, has ended or failed: what is held goes on waiting for the rest.
                self.held.keep(&buffer.filled()[start..]);
                buffer.set_filled(start);
                return result;
            }
            // What comes after the greeting of HTTP/2 starts nothing.
            let bytes = &mut buffer.filled_mut()[start..];
            if self.sniffer.stage() != Stage::Http2 {
                self.conn.received(self.sniffer.feed(bytes));
            }
            let unseen = self.frames.feed(bytes, room);
            self.conn.heard_of(self.frames.window_updates());
            let seen = buffer.filled().len() - unseen;
            self.held.keep(&buffer.filled()[seen..]);
            buffer.set_filled(seen);
            if seen > start {
                return result;
            }
        }
    }

    /// Whoever is refused early may be in the middle of sending, as a body that is too large is, and
    /// a client of HTTP/2 sends until it has read the server's goodbye. To close with bytes unread
    /// is a reset, which overtakes what was sent: so what still comes is thrown away, until the
    /// client has read that and closes, or has had its time.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let is_http2 = self.sniffer.stage() == Stage::Http2;
        if self.conn.was_early() || is_http2 && self.conn.is_closing() {
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

/// A few bytes for later.
#[derive(Debug)]
struct Kept<const N: usize> {
    bytes: [u8; N],
    length: usize,
}

impl<const N: usize> Kept<N> {
    fn new() -> Kept<N> {
        Kept {
            bytes: [0; N],
            length: 0,
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        self.bytes[..bytes.len()].copy_from_slice(bytes);
        self.length = bytes.len();
    }

    /// Whether there were any, and room for them.
    fn give(&mut self, buffer: &mut ReadBuf<'_>) -> bool {
        let part = self.length.min(buffer.remaining());
        buffer.put_slice(&self.bytes[..part]);
        self.bytes.copy_within(part..self.length, 0);
        self.length -= part;
        part > 0
    }
}

/// In one poll, of a client that sends faster than can be thrown away.
const MOST_READS: usize = 64;

fn killed() -> io::Error {
    io::ErrorKind::ConnectionAborted.into()
}

impl AsyncRead for Io {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.conn.is_killed() {
            return Poll::Ready(Err(killed()));
        }
        if this.greeting.give(buffer) {
            return Poll::Ready(Ok(()));
        }
        let result = match this.sniffer.protocol() {
            Some(Protocol::Http2) => this.poll_read_http2(cx, buffer),
            _ => this.poll_read_http1(cx, buffer),
        };
        if result.is_pending() && !this.conn.waits_to_read(cx) {
            return Poll::Ready(Err(killed()));
        }
        result
    }
}

impl AsyncWrite for Io {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.conn.is_killed() {
            return Poll::Ready(Err(killed()));
        }
        let result = Pin::new(&mut this.stream).poll_write(cx, bytes);
        this.written(cx, result)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.conn.is_killed() {
            return Poll::Ready(Err(killed()));
        }
        let result = Pin::new(&mut this.stream).poll_write_vectored(cx, slices);
        this.written(cx, result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.conn.is_killed() {
            return Poll::Ready(Err(killed()));
        }
        let result = Pin::new(&mut this.stream).poll_flush(cx);
        match &result {
            Poll::Ready(Ok(())) => this.conn.flushed(),
            // With TLS it is here that small writes wait.
            Poll::Pending if !this.conn.waits_to_write(cx) => return Poll::Ready(Err(killed())),
            Poll::Pending | Poll::Ready(Err(_)) => {}
        }
        result
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.conn.is_killed() {
            return Poll::Ready(Err(killed()));
        }
        if !this.lingers {
            match Pin::new(&mut this.stream).poll_shutdown(cx) {
                Poll::Ready(done) => done?,
                Poll::Pending if !this.conn.waits_to_write(cx) => {
                    return Poll::Ready(Err(killed()));
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
