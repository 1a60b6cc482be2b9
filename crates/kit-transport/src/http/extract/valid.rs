//! Extractors whose values have rules.

use std::ops::Deref;

use axum::extract::{FromRequest, FromRequestParts, Request};
use http::request::Parts;

use crate::{ApiError, Validate};

/// Another extractor, whose value [keeps its rules](Validate): `Valid<Json<T>>`, `Valid<Query<T>>`.
///
/// A value that breaks them is refused with 400, the reason `VALIDATOR`, and all violations as metadata;
/// a request that the inner extractor refuses, as that one does.
///
/// ```
/// use kit_transport::http::{Json, Valid};
/// use kit_transport::{Validate, Violations};
///
/// #[derive(serde::Deserialize)]
/// struct Order {
///     count: u8,
/// }
///
/// impl Validate for Order {
///     fn validate(&self) -> Result<(), Violations> {
///         Violations::new().unless(self.count > 0, "count", "at least 1").result()
///     }
/// }
///
/// async fn order(Valid(Json(order)): Valid<Json<Order>>) -> String {
///     order.count.to_string()
/// }
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[must_use]
pub struct Valid<E>(pub E);

impl<E> Valid<E> {
    fn of(extracted: E) -> Result<Valid<E>, ApiError>
    where
        E: Deref<Target: Validate>,
    {
        extracted.validate()?;
        Ok(Valid(extracted))
    }
}

impl<S, E> FromRequest<S> for Valid<E>
where
    S: Send + Sync,
    E: FromRequest<S, Rejection: Into<ApiError>> + Deref<Target: Validate>,
{
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Valid<E>, ApiError> {
        let extracted = E::from_request(request, state).await;
        Valid::of(extracted.map_err(Into::into)?)
    }
}

impl<S, E> FromRequestParts<S> for Valid<E>
where
    S: Send + Sync,
    E: FromRequestParts<S, Rejection: Into<ApiError>> + Deref<Target: Validate>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Valid<E>, ApiError> {
        let extracted = E::from_request_parts(parts, state).await;
        Valid::of(extracted.map_err(Into::into)?)
    }
}
