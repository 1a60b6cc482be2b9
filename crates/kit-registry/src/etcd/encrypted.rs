//! Connections of the scheme `etcds`, with the feature `etcd-tls`.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use hyper::Uri;
use hyper_util::rt::TokioIo;
use kit_sync::BoxError;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tonic::transport::{Channel, Endpoint};
use tower_service::Service;

use crate::tls::ClientTls;
use crate::{Error, Parameters};

/// Whether there is the scheme `etcds`.
pub(super) const IS_KNOWN: bool = true;

/// The names of the parameters of a URL.
pub(super) const PARAMETERS: [&str; 4] = ClientTls::PARAMETERS;

/// TLS of the connections to a cluster.
#[derive(Debug, Clone)]
pub(super) struct Encryption(ClientTls);

/// TLS of the connections to one endpoint.
#[derive(Debug)]
pub(super) struct EncryptedNode {
    tls: ClientTls,
    address: String,
    fault: Fault,
}

/// The error that ended a connection. HTTP/2 says of it no more than "closed", and a server that
/// refuses the client's certificate says so by such an error.
#[derive(Debug, Clone, Default)]
struct Fault(Arc<Mutex<Option<String>>>);

impl Encryption {
    pub(super) fn from_parameters(parameters: &Parameters<'_>) -> Result<Encryption, Error> {
        let tls = ClientTls::from_parameters(parameters)?;
        Ok(Encryption(tls.protocols(&[b"h2"])))
    }

    pub(super) fn at(self, address: &str) -> EncryptedNode {
        EncryptedNode {
            tls: self.0,
            address: address.to_owned(),
            fault: Fault::default(),
        }
    }
}

impl EncryptedNode {
    /// A connection that reads the files anew whenever it is made again.
    pub(super) fn connect_lazy(&self, endpoint: &Endpoint) -> Channel {
        let mut endpoint = endpoint.clone();
        // The connector below encrypts, so tonic's own TLS must not: it looks at the URI, and the server
        // at the origin, where it takes a client's certificate for a login only with `https`.
        if let Ok(origin) = format!("https://{}", self.address).parse() {
            endpoint = endpoint.origin(origin);
        }
        endpoint.connect_with_connector_lazy(Connector {
            tls: self.tls.clone(),
            address: self.address.clone(),
            fault: self.fault.clone(),
        })
    }

    /// The error that ended the last connection, once.
    pub(super) fn take_fault(&self) -> Option<String> {
        kit_sync::lock(&self.fault.0).take()
    }
}

struct Connector {
    tls: ClientTls,
    address: String,
    fault: Fault,
}

impl Service<Uri> for Connector {
    type Response = TokioIo<Noted>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<TokioIo<Noted>, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let (tls, address, fault) = (self.tls.clone(), self.address.clone(), self.fault.clone());
        // The fault of the connection before is no explanation of this one.
        kit_sync::lock(&fault.0).take();
        Box::pin(async move {
            let stream = Box::new(tls.connect(&address).await?);
            Ok(TokioIo::new(Noted { stream, fault }))
        })
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// An encrypted connection that notes the error of its end.
struct Noted {
    /// Boxed, because the type of `ClientTls::connect` has no name.
    stream: Box<dyn Stream>,
    fault: Fault,
}

impl Noted {
    fn note<T>(&self, done: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if let Poll::Ready(Err(error)) = &done {
            *kit_sync::lock(&self.fault.0) = Some(error.to_string());
        }
        done
    }
}

impl AsyncRead for Noted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        self.note(read)
    }
}

impl AsyncWrite for Noted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.note(written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.note(flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
