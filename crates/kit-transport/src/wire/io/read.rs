//! Reading: which protocol a client speaks, and what is to be seen of it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, ReadBuf};

use super::Io;
use crate::wire::frames::HEADER;
use crate::wire::sniff::{PREFACE, Protocol, Stage};

impl Io {
    /// Which protocol the client speaks; `None` when it has gone without saying.
    pub(crate) fn poll_protocol(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<Option<Protocol>>> {
        loop {
            if self.conn.is_killed() {
                return Poll::Ready(Err(self.conn.end()));
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
    pub(crate) fn is_silent(&self) -> bool {
        self.sniffer.stage() == Stage::Silent
    }

    fn poll_read_http1(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(cx, buffer);
        self.conn.set_read_waits(result.is_pending());
        ready!(result)?;
        if buffer.filled().len() > before {
            self.conn.received(Stage::Http1);
        }
        Poll::Ready(Ok(()))
    }

    pub(crate) fn poll_read_http2(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if buffer.remaining() < HEADER {
            // A header is looked at whole, so it waits here for more room.
            let mut room = [0; PREFACE.len()];
            let mut whole = ReadBuf::new(&mut room);
            ready!(self.poll_read_http2(cx, &mut whole))?;
            self.greeting.keep(whole.filled());
            self.greeting.give(buffer);
            return Poll::Ready(Ok(()));
        }
        let start = buffer.filled().len();
        loop {
            self.held.give(buffer);
            let before = buffer.filled().len();
            let result = Pin::new(&mut self.stream).poll_read(cx, buffer);
            if buffer.filled().len() == before {
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
            let unseen = self.frames.read(bytes);
            self.conn.passed(&self.frames);
            let seen = buffer.filled().len() - unseen;
            self.held.keep(&buffer.filled()[seen..]);
            buffer.set_filled(seen);
            if seen > start {
                return result;
            }
        }
    }
}

impl AsyncRead for Io {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.conn.is_killed() {
            return Poll::Ready(Err(this.conn.end()));
        }
        if this.greeting.give(buffer) {
            return Poll::Ready(Ok(()));
        }
        let result = match this.sniffer.protocol() {
            Some(Protocol::Http2) => this.poll_read_http2(cx, buffer),
            _ => this.poll_read_http1(cx, buffer),
        };
        if result.is_pending() && !this.conn.waits_to_read(cx) {
            return Poll::Ready(Err(this.conn.end()));
        }
        result
    }
}

/// A few bytes for later.
#[derive(Debug)]
pub(crate) struct Kept<const N: usize> {
    bytes: [u8; N],
    length: usize,
}

impl<const N: usize> Kept<N> {
    pub(crate) fn new() -> Kept<N> {
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
