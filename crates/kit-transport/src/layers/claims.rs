//! What authentication has found out about a caller.

use std::any::Any;
use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

/// What an [authentication layer](crate::layers::authenticate) has found out about the caller of a
/// request. Cheap to clone; it is read as a `&T`.
///
/// A handler of axum takes it as an argument; `Option<Claims<T>>` is `None` for requests that the layer
/// lets pass without a question. Without such a layer the handler is not called: that is a mistake of
/// the server's author, so the answer is a 500 without details, and the log names the type.
///
/// ```
/// use kit_transport::layers::Claims;
///
/// struct User { name: String }
///
/// async fn handler(Claims(user): Claims<User>) -> String {
///     format!("Hello {}", user.name)
/// }
/// ```
///
/// A service of tonic's asks `RequestExt::claims`, and a layer
/// [`CallContext::claims`](crate::CallContext::claims).
pub struct Claims<T>(pub Arc<T>);

impl<T> Clone for Claims<T> {
    fn clone(&self) -> Claims<T> {
        Claims(Arc::clone(&self.0))
    }
}

impl<T> Deref for Claims<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: fmt::Debug> fmt::Debug for Claims<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Claims").field(&self.0).finish()
    }
}

/// The claims of one request, by their types. The log of a request must not have them, so `Debug` shows
/// none.
#[derive(Default)]
pub(crate) struct GivenClaims(Mutex<ByType>);

/// Most requests pass one authentication, so the first claims need no list.
#[derive(Default)]
struct ByType {
    first: Option<AnyClaims>,
    others: Vec<AnyClaims>,
}

type AnyClaims = Arc<dyn Any + Send + Sync>;

impl GivenClaims {
    pub(super) fn add<T: Send + Sync + 'static>(&self, claims: T) {
        let claims: AnyClaims = Arc::new(claims);
        let mut given = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match given.first {
            None => given.first = Some(claims),
            Some(_) => given.others.push(claims),
        }
    }

    /// The last of this type: those of the innermost layer.
    pub(super) fn get<T: Send + Sync + 'static>(&self) -> Option<Claims<T>> {
        let given = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut innermost_first = given.others.iter().rev().chain(&given.first);
        let found = innermost_first.find(|claims| claims.is::<T>())?;
        Arc::clone(found).downcast().ok().map(Claims)
    }
}

impl fmt::Debug for GivenClaims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let given = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = usize::from(given.first.is_some()) + given.others.len();
        write!(f, "{count}")
    }
}
