//! Reading: which protocol a client speaks, and what the bytes of both ends show.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, ReadBuf};

use crate::wire::frames::{Frames, HEADER};
use crate::wire::meter::WireMeter;
use crate::wire::preface::{PREFACE, Preface, Protocol, Sniffer};
use crate::wire::socket::Socket;

/// Follows the bytes of one connection, from the first one on, and records what they show.
#[derive(Debug)]
pub(crate) struct Transcript {
    meter: Arc<WireMeter>,
    sniffer: Sniffer,
    frames: Frames,
    /// The bytes that were read to know the protocol, until hyper gets them.
    greeting: Kept<{ PREFACE.len() }>,
    /// The last bytes that were read, if [`Frames`] has not looked at them.
    held: Kept<HEADER>,
}

impl Transcript {
    pub(crate) fn new(meter: Arc<WireMeter>) -> Transcript {
        Transcript {
            meter,
            sniffer: Sniffer::new(),
            frames: Frames::default(),
            greeting: Kept::new(),
            held: Kept::new(),
        }
    }

    pub(crate) fn preface(&self) -> Preface {
        self.sniffer.preface()
    }

    /// Which protocol the client speaks; `None` when it has closed without showing it.
    pub(crate) fn poll_protocol(
        &mut self,
        stream: &mut Socket,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<Option<Protocol>>> {
        loop {
            if let Some(protocol) = self.sniffer.protocol() {
                return Poll::Ready(Ok(Some(protocol)));
            }
            let before = self.greeting.length;
            let mut buffer = ReadBuf::new(&mut self.greeting.bytes);
            buffer.set_filled(before);
            ready!(Pin::new(&mut *stream).poll_read(cx, &mut buffer))?;
            let bytes = &buffer.filled()[before..];
            if bytes.is_empty() {
                // Part of a preface: hyper says what is wrong with it.
                return Poll::Ready(Ok((before > 0).then_some(Protocol::Http1)));
            }
            self.meter
                .record_read(bytes.len(), self.sniffer.feed(bytes));
            self.greeting.length = buffer.filled().len();
        }
    }

    /// Reads the next bytes for hyper: first those that were read to know the protocol.
    pub(crate) fn poll_read(
        &mut self,
        stream: &mut Socket,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.greeting.give(buffer) {
            return Poll::Ready(Ok(()));
        }
        match self.sniffer.protocol() {
            Some(Protocol::Http2) => self.poll_read_http2(stream, cx, buffer),
            _ => self.poll_read_http1(stream, cx, buffer),
        }
    }

    fn poll_read_http1(
        &mut self,
        stream: &mut Socket,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = Pin::new(stream).poll_read(cx, buffer);
        self.meter.set_read_waits(result.is_pending());
        ready!(result)?;
        let bytes = buffer.filled().len() - before;
        if bytes > 0 {
            self.meter.record_read(bytes, Preface::Http1);
        }
        Poll::Ready(Ok(()))
    }

    /// Reads bytes of HTTP/2, which [`Frames`] follows and in which it may hide a frame.
    ///
    /// A frame's header is looked at whole. So bytes that begin a header whose rest has not come are
    /// held back, and given with the next read; and where the caller has less room than a header
    /// takes, the bytes are read into a buffer of this function and handed over piece by piece.
    pub(crate) fn poll_read_http2(
        &mut self,
        stream: &mut Socket,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if buffer.remaining() < HEADER {
            let mut room = [0; PREFACE.len()];
            let mut whole = ReadBuf::new(&mut room);
            ready!(self.poll_read_http2(stream, cx, &mut whole))?;
            self.greeting.keep(whole.filled());
            self.greeting.give(buffer);
            return Poll::Ready(Ok(()));
        }
        let start = buffer.filled().len();
        loop {
            self.held.give(buffer);
            let before = buffer.filled().len();
            let result = Pin::new(&mut *stream).poll_read(cx, buffer);
            if buffer.filled().len() == before {
                // It waits, has ended or failed: what is held goes on waiting for the rest.
                self.held.keep(&buffer.filled()[start..]);
                buffer.set_filled(start);
                return result;
            }
            // What comes after the greeting of HTTP/2 starts nothing.
            let bytes = &mut buffer.filled_mut()[start..];
            if self.sniffer.preface() != Preface::Http2 {
                self.meter
                    .record_read(bytes.len(), self.sniffer.feed(bytes));
            }
            let unseen = self.frames.read(bytes);
            self.meter.record_frames(&self.frames);
            let seen = buffer.filled().len() - unseen;
            self.held.keep(&buffer.filled()[seen..]);
            buffer.set_filled(seen);
            if seen > start {
                return result;
            }
        }
    }

    /// The first `count` of these bytes were written.
    pub(crate) fn record_write(&mut self, slices: &[IoSlice<'_>], mut count: usize) {
        if self.sniffer.protocol() != Some(Protocol::Http2) {
            return;
        }
        for slice in slices {
            let part = slice.len().min(count);
            self.frames.wrote(&slice[..part]);
            count -= part;
        }
        self.meter.record_frames(&self.frames);
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
        self.length = bytes.len();
        if bytes.is_empty() {
            return;
        }
        self.bytes[..bytes.len()].copy_from_slice(bytes);
    }

    /// Moves as many as there is room for; whether there were any.
    #[inline]
    fn give(&mut self, buffer: &mut ReadBuf<'_>) -> bool {
        // Nearly always. A copy of nothing is a call all the same.
        if self.length == 0 {
            return false;
        }
        self.move_to(buffer)
    }

    #[cold]
    fn move_to(&mut self, buffer: &mut ReadBuf<'_>) -> bool {
        let part = self.length.min(buffer.remaining());
        buffer.put_slice(&self.bytes[..part]);
        self.bytes.copy_within(part..self.length, 0);
        self.length -= part;
        part > 0
    }
}
