//! An encrypted connection whose errors are in words.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::explained::CertificateRefusal;

/// The server judges the client's certificate after the handshake, as the client sees it: in TLS 1.3
/// the refusal is the error of the first read.
pub(super) struct Encrypted {
    stream: TlsStream<TcpStream>,
    refusal: CertificateRefusal,
    /// The error of a write, while its reason is being read.
    failed: Option<io::Error>,
}

impl Encrypted {
    pub(super) fn new(stream: TlsStream<TcpStream>, refusal: CertificateRefusal) -> Encrypted {
        Encrypted {
            stream,
            refusal,
            failed: None,
        }
    }

    /// Writes, and finds the reason of a write that failed. A server that refuses the client's
    /// certificate writes its reason and closes, so the next write is the first to fail, while the
    /// reason is still unread: this reads up to the end of such a connection, which has come already.
    fn poll_explained<T>(
        &mut self,
        cx: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut TlsStream<TcpStream>>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        let error = match self.failed.take() {
            Some(error) => error,
            None => match ready!(write(Pin::new(&mut self.stream), cx)) {
                Err(error) if is_closed(&error) => error,
                done => return Poll::Ready(done.map_err(|error| self.refusal.explain(error))),
            },
        };
        loop {
            let mut bytes = [0; 1024];
            let mut rest = ReadBuf::new(&mut bytes);
            match Pin::new(&mut self.stream).poll_read(cx, &mut rest) {
                Poll::Ready(Ok(())) if rest.filled().is_empty() => return Poll::Ready(Err(error)),
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(reason)) => {
                    return Poll::Ready(Err(self.refusal.explain(reason)));
                }
                Poll::Pending => {
                    self.failed = Some(error);
                    return Poll::Pending;
                }
            }
        }
    }
}

/// Whether the peer has closed the connection for both directions.
fn is_closed(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::BrokenPipe
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
    )
}

impl AsyncRead for Encrypted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = ready!(Pin::new(&mut self.stream).poll_read(cx, buf));
        Poll::Ready(read.map_err(|error| self.refusal.explain(error)))
    }
}

impl AsyncWrite for Encrypted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_explained(cx, |stream, cx| stream.poll_write(cx, buf))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_explained(cx, |stream, cx| stream.poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_explained(cx, AsyncWrite::poll_flush)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let closed = ready!(Pin::new(&mut self.stream).poll_shutdown(cx));
        Poll::Ready(closed.map_err(|error| self.refusal.explain(error)))
    }
}
