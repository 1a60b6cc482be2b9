//! One error for both protocols.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::io;

use kit_sync::BoxError;

#[cfg(feature = "grpc")]
pub(crate) mod bound;
#[cfg(feature = "grpc")]
mod code;
#[cfg(feature = "grpc")]
mod grpc;
#[cfg(feature = "http")]
mod http;
mod into_api;
#[cfg(feature = "http")]
mod rejection;

pub use into_api::IntoApi;

/// What a handler answers when it cannot do what was asked: an HTTP status, a reason for
/// programs, a message for people, metadata, and a source that stays at home.
///
/// Over HTTP it is that status with `{"code":…,"reason":…,"message":…,"metadata":{…}}`; over gRPC
/// the matching code with `google.rpc.ErrorInfo`, where what is larger than clients take with a
/// status is cut: a message ends with `…(cut)`, and `metadata_cut` counts the entries left out. The
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
pub struct ApiError(Box<Inner>);

struct Inner {
    code: u16,
    reason: Cow<'static, str>,
    message: Cow<'static, str>,
    metadata: BTreeMap<String, String>,
    source: Option<BoxError>,
    /// What it was made of, to be sent as it came; gone once something was changed.
    #[cfg(feature = "grpc")]
    status: Option<tonic::Status>,
}

macro_rules! constructors {
    ($($(#[$doc:meta])* $name:ident = $code:literal;)*) => {
        impl ApiError {
            $(
                $(#[$doc])*
                #[must_use]
                pub fn $name(reason: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) -> ApiError {
                    ApiError::new($code, reason, message)
                }
            )*
        }
    };
}

constructors! {
    /// 400, `INVALID_ARGUMENT`: the request itself is wrong.
    bad_request = 400;
    /// 401, `UNAUTHENTICATED`: who is asking?
    unauthorized = 401;
    /// 403, `PERMISSION_DENIED`: not this caller.
    forbidden = 403;
    /// 404, `NOT_FOUND`.
    not_found = 404;
    /// 409, `ABORTED`: somebody else was there first.
    conflict = 409;
    /// 412, `FAILED_PRECONDITION`: not in this state.
    precondition_failed = 412;
    /// 429, `RESOURCE_EXHAUSTED`: not so much, or not so fast.
    too_many_requests = 429;
    /// 499, `CANCELLED`: the client has gone.
    client_closed = 499;
    /// 500, `INTERNAL`: our fault.
    internal = 500;
    /// 501, `UNIMPLEMENTED`.
    not_implemented = 501;
    /// 503, `UNAVAILABLE`: try again, perhaps elsewhere.
    unavailable = 503;
    /// 504, `DEADLINE_EXCEEDED`.
    gateway_timeout = 504;
}

impl ApiError {
    /// An error with any code. Codes that no HTTP answer can have are answered as 500, codes
    /// outside the table as gRPC's `UNKNOWN`.
    #[must_use]
    pub fn new(
        code: u16,
        reason: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> ApiError {
        let (reason, message) = (reason.into(), message.into());
        ApiError(Box::new(Inner {
            code,
            reason,
            message,
            metadata: BTreeMap::new(),
            source: None,
            #[cfg(feature = "grpc")]
            status: None,
        }))
    }

    /// Adds to the metadata that travels with the answer.
    #[must_use]
    pub fn with_metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> ApiError {
        self.0.metadata.insert(key.into(), value.into());
        #[cfg(feature = "grpc")]
        {
            self.0.status = None;
        }
        self
    }

    /// Keeps what caused it. It is logged when the code says that it is our fault, and never sent.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<BoxError>) -> ApiError {
        self.0.source = Some(source.into());
        self
    }

    /// What `?` makes of an error, for one that is boxed already.
    #[must_use]
    pub fn from_boxed(error: BoxError) -> ApiError {
        let known = known(&*error);
        ApiError::from_known(known, error)
    }

    /// What `error` becomes, in whose chain this was found.
    fn from_known(known: Option<ApiError>, error: BoxError) -> ApiError {
        match error.downcast::<Carried>() {
            Ok(carried) => carried.0,
            Err(error) => known
                .unwrap_or_else(|| ApiError::internal("", "internal error"))
                .with_source(error),
        }
    }

    /// An error that carries it through code that knows errors only, such as `anyhow`'s, and from
    /// which it comes back with its code, reason, message and metadata.
    #[must_use]
    pub fn into_error(self) -> impl Error + Send + Sync + 'static {
        Carried(self)
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

    /// The message, for people.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What travels with it.
    #[must_use]
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        &self.0.metadata
    }

    /// What caused it; never sent.
    #[must_use]
    pub fn source(&self) -> Option<&(dyn Error + Send + Sync + 'static)> {
        self.0.source.as_deref()
    }

    fn without_source(&self) -> ApiError {
        let Inner {
            code,
            reason,
            message,
            metadata,
            ..
        } = &*self.0;
        let mut copy = ApiError::new(*code, reason.clone(), message.clone());
        copy.0.metadata = metadata.clone();
        copy
    }

    /// The answer hides the source, so this is the last place where it can be seen.
    #[cfg(any(feature = "http", feature = "grpc"))]
    fn log(&self) {
        if let Some(source) = self.source()
            && self.code() >= 500
        {
            let text = kit_sync::error_chain(source);
            tracing::error!(code = self.code(), reason = self.reason(), error = %text, "a handler failed");
        }
    }
}

/// What the first error of the chain that has an answer of its own says.
fn known(error: &(dyn Error + 'static)) -> Option<ApiError> {
    std::iter::successors(Some(error), |&error| cause(error)).find_map(|error| {
        #[cfg(feature = "grpc")]
        if let Some(status) = error.downcast_ref::<tonic::Status>() {
            return Some(ApiError::from_status(status));
        }
        if let Some(carried) = error.downcast_ref::<Carried>() {
            return Some(carried.0.without_source());
        }
        #[cfg(feature = "http")]
        return rejection::of_rejection(error);
        #[cfg(not(feature = "http"))]
        None
    })
}

/// An I/O error speaks for the error inside it, and leaves that out of its chain.
fn cause<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref)
    {
        Some(inside) => Some(inside),
        None => error.source(),
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for ApiError {
    fn from(error: E) -> ApiError {
        ApiError::from_boxed(Box::new(error))
    }
}

impl From<ApiError> for BoxError {
    fn from(error: ApiError) -> BoxError {
        Box::new(Carried(error))
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner {
            code,
            reason,
            message,
            ..
        } = &*self.0;
        if reason.is_empty() {
            write!(f, "{code}: {message}")
        } else {
            write!(f, "{code} {reason}: {message}")
        }
    }
}

impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiError")
            .field("code", &self.code())
            .field("reason", &self.reason())
            .field("message", &self.message())
            .field("metadata", self.metadata())
            .field("source", &self.0.source)
            .finish()
    }
}

/// An [`ApiError`] on its way through code that knows errors only.
#[derive(Debug)]
struct Carried(ApiError);

impl fmt::Display for Carried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for Carried {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.0.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests;
