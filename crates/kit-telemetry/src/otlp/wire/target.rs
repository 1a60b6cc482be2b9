//! Where a collector is, and how it is spoken to.

use http::uri::Authority;
use http::{HeaderMap, HeaderValue, Request, Uri};
use http_body_util::Full;

use bytes::Bytes;

use crate::otlp::options::OtlpProtocol;

/// The place of a collector.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) authority: Authority,
    pub(crate) path: String,
    pub(crate) protocol: OtlpProtocol,
    pub(crate) headers: HeaderMap,
}

impl Target {
    /// Its host and port, for a connection: without a port, the one that OTLP has for the protocol.
    pub(crate) fn address(&self) -> (&str, u16) {
        // A connection wants the address within the brackets.
        let host = self.authority.host();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let port = match self.protocol {
            OtlpProtocol::Grpc => 4317,
            OtlpProtocol::Http => 4318,
        };
        (host, self.authority.port_u16().unwrap_or(port))
    }

    /// The request with this body.
    ///
    /// # Errors
    /// The path is none.
    pub(super) fn request(
        &self,
        uri: Uri,
        content_type: &'static str,
        body: Bytes,
    ) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = uri;
        let headers = request.headers_mut();
        headers.clone_from(&self.headers);
        headers.insert(
            http::header::CONTENT_TYPE,
            HeaderValue::from_static(content_type),
        );
        let agent = concat!("kit-telemetry/", env!("CARGO_PKG_VERSION"));
        headers.insert(http::header::USER_AGENT, HeaderValue::from_static(agent));
        request
    }
}
