//! The content type by which a request is a gRPC call.

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};

/// Whether a request says that it is gRPC: `application/grpc`, alone or with a format or
/// parameters. `application/grpc-web` is another protocol.
pub(crate) fn is_grpc(headers: &HeaderMap) -> bool {
    const GRPC: &[u8] = b"application/grpc";
    let content_type = headers.get(CONTENT_TYPE);
    let content_type = content_type.map_or(&b""[..], HeaderValue::as_bytes);
    content_type
        .split_at_checked(GRPC.len())
        .is_some_and(|(name, rest)| {
            name.eq_ignore_ascii_case(GRPC) && matches!(rest.first(), None | Some(b'+' | b';'))
        })
}
