//! The answer of an extractor that axum rejects because a request has no such extension.

use std::task::Context;

use axum::body::Body;
use axum::response::IntoResponse as _;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response};
use hyper::body::Body as _;

use super::partly_read::beginning;
use crate::ApiError;
use crate::error::missing_extension::{instead_of, missing_type};

/// The longest answer that is looked at: a name of a type, and the words around it.
const LONGEST: u64 = 4096;

/// A failure of the server is for its log, and no client has to read the names of its types: logs
/// what a handler's author writes instead, and answers as for every other failure. An answer with
/// status 500 that is not axum's for a missing extension stays as it is.
///
/// Only a short text is read, and only its first part, which is there if axum made it.
#[cold]
pub(super) fn explain_rejection(response: &mut Response<Body>, cx: &mut Context<'_>) {
    let content_type = response.headers().get(CONTENT_TYPE);
    let is_text = content_type.is_some_and(is_plain_text);
    let length = response.body().size_hint().exact();
    if !is_text || length.is_none_or(|length| length > LONGEST) {
        return;
    }
    let text = beginning(response.body_mut(), cx);
    let text = text.as_deref().map(std::str::from_utf8);
    if let Some(name) = text.and_then(Result::ok).and_then(missing_type) {
        let instead = instead_of(name);
        tracing::error!(
            r#type = name,
            instead,
            "a handler's extractor found no value"
        );
        *response = ApiError::internal("", "internal error").into_response();
    }
}

fn is_plain_text(value: &HeaderValue) -> bool {
    value.as_bytes().starts_with(b"text/plain")
}
