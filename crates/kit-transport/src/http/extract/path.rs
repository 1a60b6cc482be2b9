//! The parameters of a route.

use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;
use serde::de::DeserializeOwned;

use super::deref;
use super::invalid::{Mistake, refuse};
use crate::ApiError;

/// The parameters of the route: axum's extractor, with an [`ApiError`] as its rejection: 400
/// `PATH_INVALID`, with the name of the parameter as metadata `field` if the type has names, as a struct
/// or a map has.
///
/// A type that does not match the route is a mistake of the handler's author: 500, and a line in the
/// log.
///
/// ```
/// use axum::{Router, routing::get};
/// use kit_transport::http::Path;
///
/// async fn order(Path(id): Path<u64>) -> String {
///     format!("order {id}")
/// }
///
/// let router: Router = Router::new().route("/orders/{id}", get(order));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Path<T>(pub T);

deref!(Path);

fn refused(rejection: PathRejection) -> ApiError {
    refuse(Mistake::Path, rejection)
}

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Path<T>, ApiError> {
        let taken =
            <axum::extract::Path<T> as FromRequestParts<S>>::from_request_parts(parts, state).await;
        taken
            .map(|axum::extract::Path(value)| Path(value))
            .map_err(refused)
    }
}

impl<T, S> OptionalFromRequestParts<S> for Path<T>
where
    T: DeserializeOwned + Send + 'static,
    S: Send + Sync,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Path<T>>, ApiError> {
        let taken = <axum::extract::Path<T> as OptionalFromRequestParts<S>>::from_request_parts(
            parts, state,
        );
        let taken = taken.await.map_err(refused)?;
        Ok(taken.map(|axum::extract::Path(value)| Path(value)))
    }
}
