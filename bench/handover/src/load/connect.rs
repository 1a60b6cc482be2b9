//! Connecting, with TLS or without.

use std::io;

use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::Target;
use super::steps::{Step, Steps};

pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

pub(super) type Io = TokioIo<Box<dyn Stream>>;

impl Target {
    /// `protocol` is offered by ALPN.
    pub(super) async fn connect(&self, protocol: &str, steps: &Steps) -> io::Result<Io> {
        let stream = steps.during(Step::Connect, TcpStream::connect(self.address));
        let stream = stream.await?;
        stream.set_nodelay(true)?;
        let stream: Box<dyn Stream> = match &self.trust {
            None => Box::new(stream),
            Some(trust) => {
                let name = ServerName::try_from("localhost").expect("a name");
                let connector = TlsConnector::from(trust.client(protocol));
                let shaken = connector.connect(name, stream);
                Box::new(steps.during(Step::TlsHandshake, shaken).await?)
            }
        };
        Ok(TokioIo::new(stream))
    }

    pub(super) fn path(&self) -> &'static str {
        if self.big { "/big" } else { "/" }
    }
}
