//! The gRPC face of an [`ApiError`]: a status with `google.rpc.ErrorInfo`.

use std::collections::HashMap;
use std::sync::Arc;

use tonic::Status;
use tonic_types::{ErrorDetails, StatusExt as _};

use super::ApiError;
use super::carried::Carried;
use super::log::log;

pub(crate) mod bound;
pub(crate) mod code;

impl From<ApiError> for Status {
    fn from(error: ApiError) -> Status {
        log(&error);
        if let Some(status) = error.0.origin.status() {
            return status.clone();
        }
        let bounded = bound::bound(error.reason(), error.message(), error.metadata());
        let metadata = bounded.metadata.into_iter();
        let metadata: HashMap<_, _> = metadata
            .map(|(key, value)| (key.to_owned(), value.into_owned()))
            .collect();
        let details = ErrorDetails::with_error_info(bounded.reason, "", metadata);
        let code = code::from_http(error.code());
        let mut status = Status::with_error_details(code, bounded.message, details);
        status.set_source(Arc::new(Carried(error.0)));
        status
    }
}

#[cfg(test)]
mod tests;
