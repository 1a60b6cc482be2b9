//! The gRPC face of an [`ApiError`]: a status with `google.rpc.ErrorInfo`.

use std::error::Error;
use std::sync::Arc;

use tonic::Status;
use tonic_types::{ErrorDetails, StatusExt as _};

use super::{ApiError, Carried, code};

impl From<ApiError> for Status {
    fn from(error: ApiError) -> Status {
        error.log();
        if let Some(status) = &error.0.status {
            return status.clone();
        }
        let info = error
            .metadata()
            .clone()
            .into_iter()
            .collect::<std::collections::HashMap<_, _>>();
        let details = ErrorDetails::with_error_info(error.reason(), "", info);
        let code = code::from_http(error.code());
        let mut status = Status::with_error_details(code, error.message(), details);
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
