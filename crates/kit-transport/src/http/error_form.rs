//! The form in which a request gets its error, if it gets one.

use std::sync::Arc;
use std::task::Context;

use axum::body::Body;
use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, VARY};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use hyper::body::Body as _;

use super::partly_read::beginning;
use super::rejection::explain_rejection;
use crate::ApiError;
use crate::error::http::Answered;
use crate::error::http::media::Media;
use crate::error::http::shape::ErrorShape;
use crate::error::http::without_body::of_status;

/// As much of a request as its answer needs if it is an error: three bytes, since most answers are
/// none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ErrorForm {
    shape: ErrorShape,
    media: Media,
    is_head: bool,
}

impl ErrorForm {
    #[inline]
    pub(crate) fn of(shape: ErrorShape, method: &Method, headers: &HeaderMap) -> ErrorForm {
        ErrorForm {
            is_head: *method == Method::HEAD,
            ..ErrorForm::of_headers(shape, headers)
        }
    }

    pub(crate) fn of_headers(shape: ErrorShape, headers: &HeaderMap) -> ErrorForm {
        ErrorForm {
            shape,
            media: Media::asked_for(headers),
            is_head: false,
        }
    }

    /// Gives an answer of the routes this form, if it is an error that no handler has written itself.
    #[inline]
    pub(crate) fn apply(self, response: &mut Response<Body>, cx: &mut Context<'_>) {
        if response.status().as_u16() >= 400 {
            self.apply_to_error(response, cx);
        }
    }

    /// An [`ApiError`] is in the response's extensions, and is written anew if the body is still the
    /// one that was made of it. A response without a body and a content type gets the body that its
    /// status stands for. From an answer to `HEAD` the router has taken the body already; its length is left.
    #[cold]
    fn apply_to_error(self, response: &mut Response<Body>, cx: &mut Context<'_>) {
        if response.status() == StatusCode::INTERNAL_SERVER_ERROR {
            explain_rejection(response, cx);
        }
        if let Some(answered) = response.extensions().get::<Answered>().cloned() {
            if !self.is_default() && self.compare(&answered.written, response, cx) {
                self.write(&answered.error, response);
            }
        } else if is_bare(response) {
            let error = Arc::new(of_status(response.status()));
            let written = self.write(&error, response);
            response
                .extensions_mut()
                .insert(Answered { error, written });
        }
    }

    /// Gives this form to an answer that was made of an [`ApiError`] just now.
    #[cold]
    pub(crate) fn apply_to_own(self, response: &mut Response<Body>) {
        let answered = response.extensions().get::<Answered>().cloned();
        if let Some(answered) = answered.filter(|_| self.is_head || !self.is_default()) {
            self.write(&answered.error, response);
        }
    }

    /// Whether an [`ApiError`] is written in this form before a server sees it.
    fn is_default(&self) -> bool {
        self.shape == ErrorShape::default() && self.media == Media::default()
    }

    /// Whether the body is still the one that was written, or that one compressed by a layer, which
    /// leaves the content type as it is.
    fn compare(self, written: &Bytes, response: &mut Response<Body>, cx: &mut Context<'_>) -> bool {
        let expected = ErrorShape::default().content_type(Media::default());
        let headers = response.headers();
        if headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes) != Some(expected.as_bytes()) {
            return false;
        }
        if headers.contains_key(CONTENT_ENCODING) {
            return true;
        }
        if self.is_head && response.body().is_end_stream() {
            return length(headers).is_none_or(|length| length == written.len());
        }
        let found = beginning(response.body_mut(), cx);
        found
            .is_some_and(|found| found.as_ptr() == written.as_ptr() && found.len() == written.len())
    }

    /// Writes body and headers; returns the body, which is left out for `HEAD`.
    fn write(self, error: &ApiError, response: &mut Response<Body>) -> Bytes {
        let body = self.shape.write(self.media, response.status(), error);
        let headers = response.headers_mut();
        let content_type = self.shape.content_type(self.media);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
        headers.remove(CONTENT_ENCODING);
        let accept = HeaderValue::from_static("accept");
        if !headers.get_all(VARY).iter().any(|value| value == accept) {
            headers.append(VARY, accept);
        }
        *response.body_mut() = if self.is_head {
            Body::empty()
        } else {
            Body::from(body.clone())
        };
        body
    }
}

/// Whether nothing was written but the head. The length of a body that was left out for `HEAD` is still
/// there.
fn is_bare(response: &Response<Body>) -> bool {
    let headers = response.headers();
    response.body().is_end_stream()
        && !headers.contains_key(CONTENT_TYPE)
        && headers
            .get(CONTENT_LENGTH)
            .is_none_or(|length| length == "0")
}

fn length(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
