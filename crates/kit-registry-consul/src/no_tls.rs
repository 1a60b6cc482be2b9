//! In place of TLS, without the feature `tls`.

use std::convert::Infallible;

use kit_registry::{Error, Parameters};
use kit_sync::BoxError;
use tokio::net::TcpStream;

/// The schemes that there are.
pub(crate) const SCHEMES: &[&str] = &["consul"];

/// The parameters of a URL: there are none.
pub(crate) const PARAMETERS: &[&str] = &[];

/// There is none.
pub(crate) type Tls = Infallible;

pub(crate) fn from_parameters(parameters: &Parameters<'_>) -> Result<Infallible, Error> {
    let expected = "consul, or consuls with the feature `tls` of `kit-registry-consul`";
    Err(parameters.wrong("scheme", "consuls", expected))
}

#[expect(clippy::unused_async, reason = "it has the form of the one with TLS")]
pub(crate) async fn connect(tls: &Infallible, _: &str) -> Result<TcpStream, BoxError> {
    match *tls {}
}
