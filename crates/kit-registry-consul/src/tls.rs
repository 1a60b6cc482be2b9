//! TLS of the connections to an agent.

use kit_registry::tls::ClientTls;
use kit_registry::{Error, Parameters};
use kit_sync::BoxError;
use tokio::io::{AsyncRead, AsyncWrite};

/// The schemes that there are.
pub(crate) const SCHEMES: &[&str] = &["consul", "consuls"];

/// The parameters of a URL.
pub(crate) const PARAMETERS: &[&str] = &ClientTls::PARAMETERS;

/// The files of its certificates.
pub(crate) type Tls = ClientTls;

pub(crate) fn from_parameters(parameters: &Parameters<'_>) -> Result<ClientTls, Error> {
    Ok(ClientTls::from_parameters(parameters)?.protocols(&[b"http/1.1"]))
}

pub(crate) async fn connect(
    tls: &ClientTls,
    address: &str,
) -> Result<impl AsyncRead + AsyncWrite + Send + Unpin + 'static + use<>, BoxError> {
    tls.connect(address).await
}
