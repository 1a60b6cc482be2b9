//! How a caller proves its identity.

use ::http::HeaderValue;
use ::http::request::Parts;

use crate::ApiError;

/// A way in which callers prove their identity: by a token, a certificate
/// ([`Peer`](crate::Peer) of the [`CallContext`](crate::CallContext) in the head's extensions), a
/// cookie. For [`authenticate`](super::authenticate).
pub trait Scheme: Send + Sync + 'static {
    /// What it finds out about a caller.
    type Claims: Send + Sync + 'static;

    /// Finds out which caller this request comes from, by its head. It may wait, for a session store
    /// for instance; a request whose client has gone drops the future.
    ///
    /// # Errors
    /// Why the request is refused: [`ApiError::unauthorized`] for a caller that is not known, another
    /// one for a failure, such as [`ApiError::unavailable`]. It is the answer, so its message should not
    /// say which part of a credential is wrong; its [source](ApiError::with_source) is for the log.
    fn authenticate(
        &self,
        head: &Parts,
    ) -> impl Future<Output = Result<Self::Claims, ApiError>> + Send;

    /// What a refusal with status 401 says over HTTP as `WWW-Authenticate`, such as
    /// `Basic realm="orders"`. Default: nothing.
    fn challenge(&self, refusal: &ApiError) -> Option<HeaderValue> {
        let _ = refusal;
        None
    }
}
