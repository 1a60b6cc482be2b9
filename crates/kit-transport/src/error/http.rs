//! The HTTP face of an [`ApiError`]: a status, and a body in one of several shapes.

use std::sync::Arc;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{Extensions, HeaderValue, StatusCode, header};

use self::media::Media;
use self::shape::ErrorShape;
use super::ApiError;
use super::log::log;

pub(crate) mod media;
mod protobuf;
mod read;
pub(crate) mod shape;
pub(crate) mod without_body;

/// What an answer was made of, in its extensions: the server that sends it can write it anew, in the
/// shape that is asked for.
#[derive(Clone)]
pub(crate) struct Answered {
    pub(crate) error: Arc<ApiError>,
    /// The body as it was written. A layer may have put another one in its place.
    pub(crate) written: Bytes,
}

impl ApiError {
    /// The error that a response was made of, from the response's extensions: for layers that count
    /// errors or log them by their reason.
    ///
    /// ```
    /// use axum::response::IntoResponse;
    /// use kit_transport::ApiError;
    ///
    /// let response = ApiError::not_found("ORDER_UNKNOWN", "there is no order 7").into_response();
    /// let error = ApiError::of(response.extensions());
    /// assert_eq!(error.map(ApiError::reason), Some("ORDER_UNKNOWN"));
    /// ```
    #[must_use]
    pub fn of(extensions: &Extensions) -> Option<&ApiError> {
        let answered = extensions.get::<Answered>();
        answered.map(|answered| &*answered.error)
    }
}

impl IntoResponse for ApiError {
    /// The default shape in JSON, with the error beside it. A server of Kit's writes it anew if another
    /// one is asked for.
    fn into_response(self) -> Response {
        log(&self);
        let status = status(self.code());
        let written = ErrorShape::default().write(Media::default(), status, &self);
        let mut response = Response::new(Body::from(written.clone()));
        *response.status_mut() = status;
        let content_type = ErrorShape::default().content_type(Media::default());
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        headers.insert(header::VARY, HeaderValue::from_static("accept"));
        let error = Arc::new(self);
        response
            .extensions_mut()
            .insert(Answered { error, written });
        response
    }
}

/// What can stand in a final answer's head; the code itself is in the body.
fn status(code: u16) -> StatusCode {
    let code = if (200..=599).contains(&code) {
        code
    } else {
        500
    };
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

#[cfg(test)]
mod tests;
