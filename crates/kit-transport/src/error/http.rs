//! The HTTP face of an [`ApiError`]: a status and four keys of JSON.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use super::ApiError;
use super::log::log;

#[derive(Serialize)]
struct Json<'a> {
    code: u16,
    reason: &'a str,
    message: &'a str,
    metadata: &'a BTreeMap<String, String>,
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        log(&self);
        let body = Json {
            code: self.code(),
            reason: self.reason(),
            message: self.message(),
            metadata: self.metadata(),
        };
        let json = serde_json::to_vec(&body).unwrap_or_default();
        let mut response = Response::new(Body::from(json));
        *response.status_mut() = status(self.code());
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        response
    }
}

/// What can stand in a final answer's head; the code itself is in the answer anyway.
fn status(code: u16) -> StatusCode {
    match StatusCode::from_u16(code) {
        Ok(status) if !status.is_informational() => status,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_that_no_answer_can_have_become_500() {
        for code in [0, 99, 100, 101, 199, 1000, u16::MAX] {
            assert_eq!(status(code), StatusCode::INTERNAL_SERVER_ERROR, "{code}");
        }
        assert_eq!(status(499).as_u16(), 499);
        assert_eq!(status(999).as_u16(), 999);
    }

    #[test]
    fn the_answer_has_four_keys_in_order() {
        let error = ApiError::bad_request("NAME_TOO_LONG", "too long").with_metadata("max", "64");
        let body = Json {
            code: error.code(),
            reason: error.reason(),
            message: error.message(),
            metadata: error.metadata(),
        };
        assert_eq!(
            serde_json::to_string(&body).unwrap(),
            r#"{"code":400,"reason":"NAME_TOO_LONG","message":"too long","metadata":{"max":"64"}}"#
        );
    }

    #[test]
    fn an_answer_has_the_status_and_is_json() {
        let response = ApiError::bad_request("NAME_TOO_LONG", "too long").into_response();
        assert_eq!(response.status(), 400);
        assert_eq!(response.headers()["content-type"], "application/json");
        assert_eq!(ApiError::new(0, "", "").into_response().status(), 500);
    }
}
