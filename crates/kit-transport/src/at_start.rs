//! What a server serves: given with the server, or built when it starts.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use kit_sync::BoxError;

use crate::{Context, StartError};

/// Routes or services of a server.
#[derive(Clone)]
pub(crate) enum AtStart<T> {
    Given(T),
    /// Built at every start: the values of the application are there by then.
    Built(Build<T>),
}

type Building<T> = Pin<Box<dyn Future<Output = Result<T, BoxError>> + Send>>;

/// Builds a `T`.
pub(crate) type Build<T> = Arc<dyn Fn(Context) -> Building<T> + Send + Sync>;

impl<T> AtStart<T> {
    pub(crate) fn from_fn<F, Fut>(build: F) -> AtStart<T>
    where
        F: Fn(Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<T, BoxError>> + Send + 'static,
    {
        AtStart::Built(Arc::new(move |ctx| Box::pin(build(ctx))))
    }
}

impl<T: Clone> AtStart<T> {
    /// `what` is the word for it in the error.
    ///
    /// # Errors
    /// The failure of the function that builds it.
    pub(crate) async fn build(&self, what: &'static str, ctx: &Context) -> Result<T, StartError> {
        match self {
            AtStart::Given(given) => Ok(given.clone()),
            AtStart::Built(build) => {
                let built = build(ctx.clone()).await;
                built.map_err(|source| StartError::Build { what, source })
            }
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for AtStart<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AtStart::Given(given) => given.fmt(f),
            AtStart::Built(_) => f.write_str("(built at the start)"),
        }
    }
}
