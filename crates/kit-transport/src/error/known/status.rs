//! A gRPC status, as an `ApiError` has it.

use std::error::Error;

use tonic::Status;
use tonic_types::StatusExt as _;

use crate::error::carried::Carried;
use crate::error::grpc::code;
use crate::error::parts::{Origin, Parts};

/// The content of a status; an `ApiError` that became it is taken as it was.
pub(crate) fn of_status(error: &(dyn Error + 'static)) -> Option<Parts> {
    let status = error.downcast_ref::<Status>()?;
    if let Some(Carried(error)) = status.source().and_then(<dyn Error>::downcast_ref) {
        return Some(error.without_source());
    }
    let code = code::to_http(status.code());
    let (reason, metadata) = match status.get_details_error_info() {
        None => (String::new(), Default::default()),
        Some(info) => (info.reason, info.metadata),
    };
    let parts = Parts::new(code, reason, status.message().to_owned());
    Some(Parts {
        metadata: metadata.into_iter().collect(),
        origin: Origin::of(status),
        ..parts
    })
}
