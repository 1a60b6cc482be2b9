//! The derives of Kit. `kit` and `kit-transport` re-export them, with their feature `derive`; no crate
//! needs to depend on this one.

use proc_macro::TokenStream;

mod reasons;

/// Makes errors of an enum of reasons, and finds them again on the client's side.
///
/// Each variant is one error. `#[reason(…)]` says what it is:
///
/// | key | what | default |
/// |---|---|---|
/// | `code = 404` | its status, 400 to 599 | that of the enum |
/// | `message = "…"` | its text for people, in which `{field}` stands for a field | the variant's name in words |
/// | `reason = "…"` | its reason for programs | the variant's name, as `ORDER_UNKNOWN` |
///
/// On the enum itself, `#[reason(code = 400)]` is the code of all variants without one, and
/// `#[reason(crate = path)]` names the crate if it has another name here.
///
/// The fields of a variant have names, and travel as the metadata of the error, each as text: their types
/// need [`Display`](std::fmt::Display) and [`FromStr`](std::str::FromStr). A client of either protocol
/// can read them, so nothing that is secret belongs into one.
///
/// The derive writes:
///
/// - `From<OrderError> for ApiError` and, with the feature `grpc`, for `tonic::Status`, so that `?` works
///   in handlers. For that the enum must not itself implement [`Error`](std::error::Error), as `ApiError`
///   does not.
/// - `OrderError::from_api(&ApiError) -> Option<OrderError>`: the variant with this code and this reason,
///   whether the `ApiError` came from a response (`ApiError::from_response`) or from a status
///   (`ApiError::from`). A code that gRPC does not have, such as 422, is found there by its reason.
///   It is `None` for every other error, and when a field is missing or cannot be read.
///
/// ```
/// use kit::{ApiError, Reasons};
///
/// #[derive(Debug, PartialEq, Reasons)]
/// enum OrderError {
///     #[reason(code = 404, message = "there is no order {id}")]
///     OrderUnknown { id: u64 },
///     #[reason(code = 409)]
///     AlreadySent,
/// }
///
/// fn cancel(id: u64) -> Result<(), ApiError> {
///     Err(OrderError::OrderUnknown { id })?
/// }
///
/// let error = cancel(7).unwrap_err();
/// assert_eq!((error.code(), error.reason()), (404, "ORDER_UNKNOWN"));
/// assert_eq!(error.message(), "there is no order 7");
///
/// // The client's side, over gRPC.
/// let error = ApiError::from(tonic::Status::from(error));
/// let reason = OrderError::from_api(&error);
/// assert_eq!(reason, Some(OrderError::OrderUnknown { id: 7 }));
/// ```
///
/// What cannot travel does not compile:
///
/// ```compile_fail
/// #[derive(kit::Reasons)]
/// enum OrderError {
///     #[reason(code = 404)]
///     OrderUnknown { ids: Vec<u64> },
/// }
/// ```
///
/// ```compile_fail
/// #[derive(kit::Reasons)]
/// enum OrderError {
///     #[reason(code = 404, message = "there is no order {number}")]
///     OrderUnknown { id: u64 },
/// }
/// ```
#[proc_macro_derive(Reasons, attributes(reason))]
pub fn reasons(input: TokenStream) -> TokenStream {
    reasons::derive(input.into(), "::kit::transport").into()
}

/// `Reasons`, as `kit-transport` re-exports it.
#[doc(hidden)]
#[proc_macro_derive(TransportReasons, attributes(reason))]
pub fn transport_reasons(input: TokenStream) -> TokenStream {
    reasons::derive(input.into(), "::kit_transport").into()
}
