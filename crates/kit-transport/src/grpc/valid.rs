//! Calls whose messages have rules.

use tonic::{Request, Status};

use crate::{ApiError, Validate, Violations};

/// Checks the message of a call.
///
/// ```
/// use kit_transport::grpc::ValidRequest as _;
/// use kit_transport::{Validate, Violations};
/// use tonic::{Request, Response, Status};
///
/// struct HelloRequest { name: String }
///
/// impl Validate for HelloRequest {
///     fn validate(&self) -> Result<(), Violations> {
///         Violations::new().unless(self.name.len() <= 64, "name", "at most 64 bytes").result()
///     }
/// }
///
/// async fn hello(request: Request<HelloRequest>) -> Result<Response<String>, Status> {
///     request.validate()?;
///     Ok(Response::new(format!("Hello {}", request.into_inner().name)))
/// }
/// ```
///
/// The messages of a stream are checked one by one, with `message.validate()?` of [`Validate`].
pub trait ValidRequest {
    /// Compares the message with its rules.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` with the reason `VALIDATOR` and the violations as `google.rpc.BadRequest`.
    fn validate(&self) -> Result<(), Status>;
}

impl<T: Validate> ValidRequest for Request<T> {
    fn validate(&self) -> Result<(), Status> {
        self.get_ref().validate().map_err(Status::from)
    }
}

impl From<Violations> for Status {
    fn from(violations: Violations) -> Status {
        Status::from(ApiError::from(violations))
    }
}
