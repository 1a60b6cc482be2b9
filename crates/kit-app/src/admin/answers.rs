//! Answers, in the form that is asked for.

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderName, WWW_AUTHENTICATE};
use http::{HeaderValue, Response, StatusCode};
use serde_json::{Value, json};

use super::format::Format;

/// An answer in one form.
pub(super) struct Answer {
    status: StatusCode,
    format: Format,
    body: String,
    header: Option<(HeaderName, HeaderValue)>,
}

impl Answer {
    /// Calls the one that makes the form, as a page may be long.
    pub(super) fn new<T: Into<String>>(
        status: StatusCode,
        format: Format,
        text: impl FnOnce() -> T,
        json: impl FnOnce() -> Value,
    ) -> Answer {
        Answer {
            status,
            format,
            body: match format {
                Format::Text => text().into(),
                Format::Json => json().to_string(),
            },
            header: None,
        }
    }

    pub(super) fn ok<T: Into<String>>(
        format: Format,
        text: impl FnOnce() -> T,
        json: impl FnOnce() -> Value,
    ) -> Answer {
        Answer::new(StatusCode::OK, format, text, json)
    }

    pub(super) fn error(status: StatusCode, format: Format, why: &str) -> Answer {
        Answer::new(status, format, || why, || json!({ "error": why }))
    }

    /// 405: this route takes only these methods.
    pub(super) fn wrong_method(format: Format, allowed: String) -> Answer {
        let why = format!("this route takes {allowed}");
        Answer {
            // Names of methods are visible characters.
            header: HeaderValue::from_str(&allowed)
                .ok()
                .map(|allowed| (ALLOW, allowed)),
            ..Answer::error(StatusCode::METHOD_NOT_ALLOWED, format, &why)
        }
    }

    /// A refusal; with 401 it says what is asked for.
    pub(super) fn denied(status: StatusCode, format: Format, why: &'static str) -> Answer {
        let asks = status == StatusCode::UNAUTHORIZED;
        Answer {
            header: asks.then_some((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))),
            ..Answer::error(status, format, why)
        }
    }

    pub(super) fn into_response(self) -> Response<Bytes> {
        let kind = match self.format {
            Format::Text => "text/plain; charset=utf-8",
            Format::Json => "application/json",
        };
        let body = self.body;
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
            headers.insert(name, value);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_form_that_is_asked_for_is_made() {
        let text = Answer::ok(Format::Text, || "a", || unreachable!("no JSON"));
        assert_eq!(text.into_response().body(), "a\n");
        let no_text = || -> String { unreachable!("no text") };
        let json = Answer::ok(Format::Json, no_text, || json!(1));
        assert_eq!(json.into_response().body(), "1\n");
    }
}
