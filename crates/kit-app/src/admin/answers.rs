//! Answers, and their two forms.

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderName, WWW_AUTHENTICATE};
use http::{HeaderValue, Response, StatusCode};
use serde_json::{Value, json};

use super::format::Format;

/// An answer in both forms.
pub(super) struct Answer {
    status: StatusCode,
    text: String,
    json: Value,
    header: Option<(HeaderName, &'static str)>,
}

impl Answer {
    pub(super) fn new(status: StatusCode, text: impl Into<String>, json: Value) -> Answer {
        Answer {
            status,
            text: text.into(),
            json,
            header: None,
        }
    }

    pub(super) fn ok(text: impl Into<String>, json: Value) -> Answer {
        Answer::new(StatusCode::OK, text, json)
    }

    pub(super) fn error(status: StatusCode, why: impl Into<String>) -> Answer {
        let why = why.into();
        let json = json!({ "error": &why });
        Answer::new(status, why, json)
    }

    /// 405: this route takes only these methods.
    pub(super) fn wrong_method(allowed: &'static str) -> Answer {
        let why = format!("this route takes {allowed}");
        Answer {
            header: Some((ALLOW, allowed)),
            ..Answer::error(StatusCode::METHOD_NOT_ALLOWED, why)
        }
    }

    /// A refusal; with 401 it says what is asked for.
    pub(super) fn denied(status: StatusCode, why: &'static str) -> Answer {
        let asks = status == StatusCode::UNAUTHORIZED;
        Answer {
            header: asks.then_some((WWW_AUTHENTICATE, "Bearer")),
            ..Answer::error(status, why)
        }
    }

    pub(super) fn into_response(self, format: Format) -> Response<Bytes> {
        let (body, kind) = match format {
            Format::Text => (self.text, "text/plain; charset=utf-8"),
            Format::Json => (self.json.to_string(), "application/json"),
        };
        let body = if body.ends_with('\n') {
            body
        } else {
            body + "\n"
        };
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some((name, value)) = self.header {
            headers.insert(name, HeaderValue::from_static(value));
        }
        response
    }
}
