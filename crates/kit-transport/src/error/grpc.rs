//! The gRPC face of an [`ApiError`]: a status with `google.rpc.ErrorInfo`.

use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;

use tonic::Status;
use tonic_types::{ErrorDetails, StatusExt as _};

use super::bound::bound;
use super::{ApiError, Carried, code};

impl From<ApiError> for Status {
    fn from(error: ApiError) -> Status {
        error.log();
        if let Some(status) = &error.0.status {
            return status.clone();
        }
        let bounded = bound(error.reason(), error.message(), error.metadata());
        let metadata = bounded.metadata.into_iter();
        let metadata: HashMap<_, _> = metadata
            .map(|(key, value)| (key.to_owned(), value.into_owned()))
            .collect();
        let details = ErrorDetails::with_error_info(bounded.reason, "", metadata);
        let code = code::from_http(error.code());
        let mut status = Status::with_error_details(code, bounded.message, details);
        status.set_source(Arc::new(Carried(error)));
        status
    }
}

impl ApiError {
    /// What `status` says; an `ApiError` that became it is taken as it was.
    pub(super) fn from_status(status: &Status) -> ApiError {
        if let Some(Carried(error)) = status.source().and_then(<dyn Error>::downcast_ref) {
            return error.without_source();
        }
        let code = code::to_http(status.code());
        let message = status.message().to_owned();
        let mut error = match status.get_details_error_info() {
            None => ApiError::new(code, "", message),
            Some(info) => info.metadata.into_iter().fold(
                ApiError::new(code, info.reason, message),
                |error, (key, value)| error.with_metadata(key, value),
            ),
        };
        error.0.status = Some(status.clone());
        error
    }
}
