//! Connections to an agent, without the feature `tls`.

use kit_registry::{Error, Parameters};
use kit_sync::BoxError;
use tokio::net::TcpStream;

/// The schemes that there are.
pub(crate) const SCHEMES: &[&str] = &["consul"];

/// The parameters of TLS: there are none.
pub(crate) const PARAMETERS: &[&str] = &[];

/// How connections are made.
#[derive(Debug, Clone)]
pub(crate) struct Transport(());

impl Transport {
    pub(crate) fn plain() -> Self {
        Self(())
    }

    pub(crate) fn encrypted(parameters: &Parameters<'_>) -> Result<Self, Error> {
        let expected = "consul, or consuls with the feature `tls` of `kit-registry-consul`";
        Err(parameters.wrong("scheme", "consuls", expected))
    }

    pub(crate) async fn connect(&self, address: &str) -> Result<TcpStream, BoxError> {
        let Self(()) = self;
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}
