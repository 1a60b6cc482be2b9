//! A body in JSON.

use axum::body::Body;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, OptionalFromRequest, Request};
use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::deref;
use super::invalid::{Mistake, refuse};
use crate::ApiError;

/// A body in JSON, and an answer in it: axum's extractor, with an [`ApiError`] as its rejection.
///
/// | status | reason | when |
/// |---|---|---|
/// | 400 | `JSON_INVALID` | it is no JSON, or it could not be read to its end |
/// | 413 | `BODY_TOO_LARGE` | it is larger than the server takes |
/// | 415 | `CONTENT_TYPE_UNSUPPORTED` | the `Content-Type` is not that of JSON |
/// | 422 | `JSON_INVALID` | it is JSON and does not fit the type; metadata `field` names the place, as in `items[2].count` |
///
/// As `Option<Json<T>>` it may be absent: that is a request without a `Content-Type`.
///
/// ```
/// use kit_transport::http::Json;
///
/// #[derive(serde::Deserialize, serde::Serialize)]
/// struct Order {
///     count: u8,
/// }
///
/// async fn double(Json(order): Json<Order>) -> Json<Order> {
///     Json(Order { count: order.count * 2 })
/// }
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[must_use]
pub struct Json<T>(pub T);

deref!(Json);

fn refused(rejection: JsonRejection) -> ApiError {
    let mistake = match rejection {
        JsonRejection::JsonSyntaxError(_) => Mistake::Syntax,
        JsonRejection::JsonDataError(_) => Mistake::Body,
        JsonRejection::MissingJsonContentType(_) => Mistake::ContentType("application/json"),
        _ => Mistake::Reading,
    };
    refuse(mistake, rejection)
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Json<T>, ApiError> {
        let taken = <axum::Json<T> as FromRequest<S>>::from_request(request, state).await;
        taken.map(|axum::Json(value)| Json(value)).map_err(refused)
    }
}

impl<T: DeserializeOwned, S: Send + Sync> OptionalFromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Option<Json<T>>, ApiError> {
        let taken = <axum::Json<T> as OptionalFromRequest<S>>::from_request(request, state).await;
        let taken = taken.map_err(refused)?;
        Ok(taken.map(|axum::Json(value)| Json(value)))
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    /// A value that cannot be written is an internal error, which is logged.
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(json) => {
                let mut response = Response::new(Body::from(json));
                let content_type = HeaderValue::from_static("application/json");
                response.headers_mut().insert(CONTENT_TYPE, content_type);
                response
            }
            Err(error) => ApiError::from(error).into_response(),
        }
    }
}
