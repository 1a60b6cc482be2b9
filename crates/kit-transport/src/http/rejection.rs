//! The answer of an extractor that axum rejects because a request has no such extension.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::response::IntoResponse as _;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response};
use http_body::{Frame, SizeHint};
use hyper::body::Body as _;

use crate::ApiError;
use crate::error::missing_extension::{instead_of, missing_type};

/// The longest answer that is looked at: a name of a type, and the words around it.
const LONGEST: u64 = 4096;

/// A failure of the server is for its log, and no client has to read the names of its types: logs
/// what a handler's author writes instead, and answers as for every other failure. An answer with
/// status 500 that is not axum's for a missing extension stays as it is.
///
/// Only a short text is read, and only its first part, which is there if axum made it. The part
/// of another answer that was read stands before its rest.
#[cold]
pub(super) fn explain_rejection(response: &mut Response<Body>, cx: &mut Context<'_>) {
    let content_type = response.headers().get(CONTENT_TYPE);
    let is_text = content_type.is_some_and(is_plain_text);
    let length = response.body().size_hint().exact();
    if !is_text || length.is_none_or(|length| length > LONGEST) {
        return;
    }
    let Poll::Ready(Some(first)) = Pin::new(response.body_mut()).poll_frame(cx) else {
        return;
    };
    let text = first.as_ref().ok().and_then(Frame::data_ref);
    let text = text.and_then(|text| std::str::from_utf8(text).ok());
    match text.and_then(missing_type) {
        Some(name) => {
            let instead = instead_of(name);
            tracing::error!(
                r#type = name,
                instead,
                "a handler's extractor found no value"
            );
            *response = ApiError::internal("", "internal error").into_response();
        }
        None => {
            let rest = std::mem::take(response.body_mut());
            let first = Some(first);
            *response.body_mut() = Body::new(PartlyRead { first, rest });
        }
    }
}

fn is_plain_text(value: &HeaderValue) -> bool {
    value.as_bytes().starts_with(b"text/plain")
}

/// A body of which the first part was taken.
struct PartlyRead {
    first: Option<Result<Frame<Bytes>, axum::Error>>,
    rest: Body,
}

impl http_body::Body for PartlyRead {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        match self.first.take() {
            Some(first) => Poll::Ready(Some(first)),
            None => Pin::new(&mut self.rest).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_none() && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let first = self.first.as_ref().and_then(|first| first.as_ref().ok());
        let first = first.and_then(Frame::data_ref).map_or(0, Bytes::len);
        let first = u64::try_from(first).unwrap_or(u64::MAX);
        let rest = self.rest.size_hint();
        let mut both = SizeHint::new();
        both.set_lower(rest.lower().saturating_add(first));
        if let Some(upper) = rest.upper() {
            both.set_upper(upper.saturating_add(first));
        }
        both
    }
}
