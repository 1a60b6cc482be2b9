//! gRPC on the port of an HTTP server.

use http::HeaderMap;

use super::handler::Beside;
use crate::grpc::content_type::is_grpc;
pub(super) use crate::grpc::{Services, handler::GrpcHandler};

impl Beside for GrpcHandler {
    fn takes(headers: &HeaderMap) -> bool {
        is_grpc(headers)
    }
}
