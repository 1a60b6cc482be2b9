//! The socket of a connection, as hyper and the handlers of upgraded connections use it.

use std::any::Any;
use std::fmt;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::wire::meter::WireMeter;
use crate::wire::orders::Orders;
use crate::wire::preface::{Preface, Protocol};
use crate::wire::socket::Socket;
use crate::wire::transcript::Transcript;

/// At most so many bytes can a client have got without having read them: it may still read when it
/// asks again, and a closed socket answers that with a reset.
const UNREAD_AT_MOST: u64 = 64 << 10;
/// Reads of one poll, of a client that sends faster than its bytes can be thrown away.
const MOST_READS: usize = 64;

/// A connection's socket. It records what it sees in a [`WireMeter`] and obeys [`Orders`]: a kill
/// makes every read and write fail, also those of tasks that the driver does not know.
pub(crate) struct Io {
    stream: Socket,
    meter: Arc<WireMeter>,
    orders: Arc<Orders>,
    transcript: Transcript,
    /// The socket has bytes that hyper has not read yet, so the client's going cannot be seen.
    has_unread: bool,
    /// What lives as long as the socket and is dropped after it: the connection's place in the
    /// server's table, and its membership in the scope.
    _held: Box<dyn Any + Send + Sync>,
}

impl Io {
    pub(crate) fn new(
        stream: Socket,
        meter: Arc<WireMeter>,
        orders: Arc<Orders>,
        held: impl Any + Send + Sync,
    ) -> Io {
        Io {
            stream,
            transcript: Transcript::new(Arc::clone(&meter)),
            meter,
            orders,
            has_unread: false,
            _held: Box::new(held),
        }
    }

    /// Which protocol the client speaks; `None` when it has closed without showing it.
    pub(crate) fn poll_protocol(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<Option<Protocol>>> {
        self.fail_if_killed()?;
        self.transcript.poll_protocol(&mut self.stream, cx)
    }

    /// Whether its bytes are in the clear, so that the client's going can be seen beside hyper.
    pub(crate) fn is_plain(&self) -> bool {
        matches!(self.stream, Socket::Plain(_))
    }

    /// Whether no byte has come yet.
    pub(crate) fn is_silent(&self) -> bool {
        self.transcript.preface() == Preface::Silent
    }

    fn fail_if_killed(&self) -> io::Result<()> {
        if self.orders.is_killed() {
            return Err(self.orders.end());
        }
        Ok(())
    }

    /// A write, a flush or a shutdown waits for the client to read.
    fn wait_to_write<T>(&self, cx: &Context<'_>) -> Poll<io::Result<T>> {
        self.meter.mark_blocked();
        if self.orders.wait_to_write(cx) {
            return Poll::Pending;
        }
        Poll::Ready(Err(self.orders.end()))
    }

    /// Fails when the client of the exchange in flight has gone.
    ///
    /// hyper would see that by reading ahead, for which it takes a buffer of 8 KiB at every request.
    /// Readiness does not tell: a close, a half-close and a reset look alike, also while bytes are
    /// unread. So this peeks: an end or an error is the client's going, and behind bytes nothing can
    /// be seen before they are read.
    fn fail_if_client_has_gone(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        if !self.orders.is_watched(self.meter.read()) {
            return Ok(());
        }
        self.orders.mark_looked();
        if self.has_unread {
            return Ok(());
        }
        let Socket::Plain(plain) = &self.stream else {
            return Ok(());
        };
        match plain.poll_peek(cx) {
            Poll::Pending => Ok(()),
            Poll::Ready(Ok(0)) => Err(io::ErrorKind::UnexpectedEof.into()),
            Poll::Ready(Ok(_)) => {
                self.has_unread = true;
                Ok(())
            }
            Poll::Ready(Err(error)) => Err(error),
        }
    }

    fn record_write(
        &mut self,
        cx: &Context<'_>,
        slices: &[IoSlice<'_>],
        result: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        match result {
            Poll::Ready(Ok(count)) => {
                self.transcript.record_write(slices, count);
                self.meter.record_write(count);
                result
            }
            Poll::Ready(Err(_)) => result,
            Poll::Pending => self.wait_to_write(cx),
        }
    }

    /// Throws away what still comes, until the client has read its answer and closes, or the
    /// connection's clock ends the wait.
    ///
    /// A client that is refused early may be in the middle of sending, as with a body that is too
    /// large, and a client of HTTP/2 sends until it has read the server's GOAWAY. To close a socket
    /// with bytes unread is a reset, which overtakes what was sent.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let is_http2 = self.transcript.preface() == Preface::Http2;
        if is_http2 && self.orders.is_closing()
            || self.orders.is_early()
            || !is_http2 && self.orders.bytes_of_exchange(self.meter.written()) >= UNREAD_AT_MOST
        {
            self.meter.mark_lingering();
        }
        let mut room = [0; 4096];
        for _ in 0..MOST_READS {
            let mut buffer = ReadBuf::new(&mut room);
            let result = if is_http2 {
                self.transcript
                    .poll_read_http2(&mut self.stream, cx, &mut buffer)
            } else {
                Pin::new(&mut self.stream).poll_read(cx, &mut buffer)
            };
            match result {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => self.meter.mark_lingering(),
                Poll::Pending if self.meter.is_lingering() => return Poll::Pending,
                Poll::Ready(_) | Poll::Pending => return Poll::Ready(()),
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl AsyncRead for Io {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.fail_if_killed()?;
        this.has_unread = false;
        let result = this.transcript.poll_read(&mut this.stream, cx, buffer);
        if result.is_pending() && !this.orders.wait_to_read(cx) {
            return Poll::Ready(Err(this.orders.end()));
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
        this.fail_if_killed()?;
        let result = Pin::new(&mut this.stream).poll_write(cx, bytes);
        this.record_write(cx, &[IoSlice::new(bytes)], result)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.fail_if_killed()?;
        let result = Pin::new(&mut this.stream).poll_write_vectored(cx, slices);
        this.record_write(cx, slices, result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.fail_if_killed()?;
        match Pin::new(&mut this.stream).poll_flush(cx) {
            Poll::Ready(result) => {
                result?;
                this.meter.record_flush();
                Poll::Ready(this.fail_if_client_has_gone(cx))
            }
            // With TLS it is here that small writes wait.
            Poll::Pending => this.wait_to_write(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.fail_if_killed()?;
        if !this.meter.is_lingering() {
            match Pin::new(&mut this.stream).poll_shutdown(cx) {
                Poll::Ready(done) => done?,
                Poll::Pending => return this.wait_to_write(cx),
            }
        }
        if !this.orders.is_upgraded() {
            ready!(this.poll_linger(cx));
        }
        Poll::Ready(Ok(()))
    }
}

impl fmt::Debug for Io {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Io")
            .field("stream", &self.stream)
            .field("meter", &self.meter)
            .field("orders", &self.orders)
            .finish_non_exhaustive()
    }
}
