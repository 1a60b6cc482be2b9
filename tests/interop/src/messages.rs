//! The messages, generated.

use kit::ApiError;

pub use generated::Status;
pub(crate) use generated::{interop_client, interop_server};

#[allow(unreachable_pub, clippy::all, reason = "generated")]
mod generated {
    tonic::include_proto!("interop.v1");
}

impl From<&ApiError> for Status {
    fn from(error: &ApiError) -> Status {
        Status {
            code: error.code().into(),
            reason: error.reason().to_owned(),
            message: error.message().to_owned(),
            metadata: error.metadata().clone(),
        }
    }
}

impl From<Status> for ApiError {
    /// A code that `ApiError` cannot have is 500.
    fn from(status: Status) -> ApiError {
        let code = u16::try_from(status.code).unwrap_or(500);
        let error = ApiError::new(code, status.reason, status.message);
        let entries = status.metadata.into_iter();
        entries.fold(error, |error, (key, value)| error.with_metadata(key, value))
    }
}
