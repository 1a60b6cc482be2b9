//! The query of a URL.

use axum::extract::FromRequestParts;
use http::request::Parts;
use serde::de::DeserializeOwned;

use super::deref;
use super::invalid::{Mistake, refuse};
use crate::ApiError;

/// The query of the URL: axum's extractor, with an [`ApiError`] as its rejection: 400
/// `QUERY_INVALID`, with the name of the parameter as metadata `field`.
///
/// ```
/// use kit_transport::http::Query;
///
/// #[derive(serde::Deserialize)]
/// struct Page {
///     size: u16,
/// }
///
/// async fn list(Query(page): Query<Page>) -> String {
///     format!("{} of them", page.size)
/// }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Query<T>(pub T);

deref!(Query);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Query<T>, ApiError> {
        let taken = axum::extract::Query::<T>::from_request_parts(parts, state).await;
        taken
            .map(|axum::extract::Query(value)| Query(value))
            .map_err(|rejection| refuse(Mistake::Query, rejection))
    }
}
