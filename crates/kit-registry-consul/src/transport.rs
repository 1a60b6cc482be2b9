//! Connections to an agent, plain or with TLS.

use kit_registry::{Error, Parameters};
use kit_sync::BoxError;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::tls;

/// How connections are made.
#[derive(Debug, Clone)]
pub(crate) struct Transport(Option<tls::Tls>);

/// A connection of either kind.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

impl Transport {
    pub(crate) fn plain() -> Transport {
        Transport(None)
    }

    pub(crate) fn encrypted(parameters: &Parameters<'_>) -> Result<Transport, Error> {
        Ok(Transport(Some(tls::from_parameters(parameters)?)))
    }

    pub(crate) async fn connect(&self, address: &str) -> Result<Box<dyn Stream>, BoxError> {
        if let Some(tls) = &self.0 {
            return Ok(Box::new(tls::connect(tls, address).await?));
        }
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Box::new(stream))
    }
}
