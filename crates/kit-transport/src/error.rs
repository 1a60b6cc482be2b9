//! One error for both protocols.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;

use kit_sync::BoxError;

mod carried;
#[cfg(feature = "grpc")]
pub(crate) mod grpc;
#[cfg(feature = "http")]
pub(crate) mod http;
mod into_api;
mod known;
#[cfg(any(feature = "http", feature = "grpc"))]
mod log;
#[cfg(any(feature = "http", feature = "grpc"))]
pub(crate) mod missing_extension;
mod parts;
mod table;

use carried::Carried;
pub use into_api::IntoApi;
use parts::Parts;

/// The error of a handler that cannot do what was asked: an HTTP status, a reason for programs, a
/// message for people, metadata, and a source that is never sent.
///
/// Over HTTP it is that status with `{"code":…,"reason":…,"message":…,"metadata":{…}}`, or as
/// `http::Server::error_shape` and the request's `Accept` ask; over gRPC the matching code with
/// `google.rpc.ErrorInfo`. Clients bound the size of a status, so a larger one
/// is cut: a message ends with `…(cut)`, and `metadata_cut` counts the entries left out. The
/// code and the reason always arrive.
///
/// Any error becomes one with `?`: a [`tonic::Status`](https://docs.rs/tonic), an `ApiError` inside it,
/// or a rejection of axum's extractors that is the client's fault (`JsonRejection`, `QueryRejection`
/// and all others but those of `Multipart`: 400, 413, 415, 422 with axum's text) is kept, everything
/// else is a 500 whose text is logged and never sent. For that to be possible it does not itself
/// implement [`Error`]; it converts into a [`BoxError`], from which it comes back unchanged. Of a
/// `BoxError` or an `anyhow::Error` it is made by one word, [`.api()?`](IntoApi::api).
///
/// ```
/// use kit_transport::ApiError;
///
/// fn age(text: &str) -> Result<u8, ApiError> {
///     if text.is_empty() {
///         return Err(ApiError::bad_request("AGE_MISSING", "an age is needed").with_metadata("max", "255"));
///     }
///     Ok(text.parse()?)
/// }
///
/// assert_eq!(age("").unwrap_err().code(), 400);
/// let hidden = age("old").unwrap_err();
/// assert_eq!((hidden.code(), hidden.message()), (500, "internal error"));
/// assert!(hidden.source().is_some());
/// ```
pub struct ApiError(Box<Parts>);

macro_rules! constructors {
    ($($(#[$doc:meta])* $name:ident, $is:ident = $code:literal;)*) => {
        /// By name.
        impl ApiError {
            $(
                $(#[$doc])*
                #[must_use]
                pub fn $name(reason: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) -> ApiError {
                    ApiError::new($code, reason, message)
                }

                #[doc = concat!("Whether the code is ", stringify!($code), ", as by [`", stringify!($name), "`](Self::", stringify!($name), ").")]
                #[must_use]
                pub fn $is(&self) -> bool {
                    self.code() == $code
                }
            )*
        }
    };
}

constructors! {
    /// 400, `INVALID_ARGUMENT`: the request itself is wrong.
    bad_request, is_bad_request = 400;
    /// 401, `UNAUTHENTICATED`: the caller is unknown.
    unauthorized, is_unauthorized = 401;
    /// 403, `PERMISSION_DENIED`: the caller is known, and may not.
    forbidden, is_forbidden = 403;
    /// 404, `NOT_FOUND`.
    not_found, is_not_found = 404;
    /// 409, `ABORTED`: another caller was there first.
    conflict, is_conflict = 409;
    /// 412, `FAILED_PRECONDITION`: the state does not allow it.
    precondition_failed, is_precondition_failed = 412;
    /// 429, `RESOURCE_EXHAUSTED`: too much, or too fast.
    too_many_requests, is_too_many_requests = 429;
    /// 499, `CANCELLED`: the client has gone.
    client_closed, is_client_closed = 499;
    /// 500, `INTERNAL`: the server's fault.
    internal, is_internal = 500;
    /// 501, `UNIMPLEMENTED`.
    not_implemented, is_not_implemented = 501;
    /// 503, `UNAVAILABLE`: try again, perhaps elsewhere.
    unavailable, is_unavailable = 503;
    /// 504, `DEADLINE_EXCEEDED`.
    gateway_timeout, is_gateway_timeout = 504;
}

impl ApiError {
    /// An error with any code.
    ///
    /// A code outside 200..=599, which no answer of HTTP can have, is answered with the status 500; the
    /// body has it all the same, for people: clients take the status. A code outside gRPC's table is
    /// `UNKNOWN` there, and a client sees 500. The reason arrives in each case, so an error
    /// whose code does not travel is known by its reason ([`has_reason`](Self::has_reason)).
    #[must_use]
    pub fn new(
        code: u16,
        reason: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> ApiError {
        ApiError(Box::new(Parts::new(code, reason, message)))
    }

    /// Adds to the metadata that travels with the answer.
    #[must_use]
    pub fn with_metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> ApiError {
        self.0.metadata.insert(key.into(), value.into());
        self.0.origin.forget();
        self
    }

    /// Keeps the cause. It is logged when the code is 500 or more, and never sent.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<BoxError>) -> ApiError {
        self.0.source = Some(source.into());
        self
    }

    /// The conversion by `?`, for an error that is boxed already.
    #[must_use]
    pub fn from_boxed(error: BoxError) -> ApiError {
        let known = known::known(&*error);
        ApiError::from_known(known, error)
    }

    /// The error of `error`, with the answer that was found in its chain.
    fn from_known(known: Option<Parts>, error: BoxError) -> ApiError {
        match error.downcast::<Carried>() {
            Ok(carried) => ApiError(carried.0),
            Err(error) => known
                .map_or_else(
                    || ApiError::internal("", "internal error"),
                    |known| ApiError(Box::new(known)),
                )
                .with_source(error),
        }
    }

    /// An error that carries it through code that knows errors only, such as `anyhow`'s, and from
    /// which it comes back with its code, reason, message and metadata.
    #[must_use]
    pub fn into_error(self) -> impl Error + Send + Sync + 'static {
        Carried(self.0)
    }

    /// Without its cause, which was logged already.
    #[cfg(any(feature = "http", feature = "grpc"))]
    pub(crate) fn without_source(mut self) -> ApiError {
        self.0.source = None;
        self
    }

    /// The HTTP status.
    #[must_use]
    pub fn code(&self) -> u16 {
        self.0.code
    }

    /// The reason, for programs: `NAME_TOO_LONG`.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.0.reason
    }

    /// Whether it is the error with this code and this reason, as a client sees it on either protocol:
    /// a code that gRPC does not have, such as 422, is 500 there, and one that HTTP does not have is
    /// 500 on both. Kratos v2 does not have 412, of which it makes 500 or 400.
    ///
    /// ```
    /// use kit_transport::ApiError;
    ///
    /// let error = ApiError::not_found("ORDER_UNKNOWN", "there is no order 7");
    /// assert!(error.has_reason(404, "ORDER_UNKNOWN"));
    /// assert!(!error.has_reason(404, "CUSTOMER_UNKNOWN"));
    /// ```
    #[must_use]
    pub fn has_reason(&self, code: u16, reason: &str) -> bool {
        self.reason() == reason && table::is_seen_of(self.code(), code)
    }

    /// The message, for people.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The metadata that travels with the answer.
    #[must_use]
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        &self.0.metadata
    }

    /// The cause; never sent.
    #[must_use]
    pub fn source(&self) -> Option<&(dyn Error + Send + Sync + 'static)> {
        self.0.source.as_deref()
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for ApiError {
    fn from(error: E) -> ApiError {
        ApiError::from_boxed(Box::new(error))
    }
}

impl From<ApiError> for BoxError {
    fn from(error: ApiError) -> BoxError {
        Box::new(Carried(error.0))
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests;
