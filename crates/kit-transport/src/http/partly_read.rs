//! The beginning of a body, read without taking it away.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use hyper::body::Body as _;

/// The first part of a body, if it is there already; the body stays whole.
pub(super) fn beginning(body: &mut Body, cx: &mut Context<'_>) -> Option<Bytes> {
    let Poll::Ready(Some(first)) = Pin::new(&mut *body).poll_frame(cx) else {
        return None;
    };
    let data = first.as_ref().ok().and_then(Frame::data_ref).cloned();
    let rest = std::mem::take(body);
    let first = Some(first);
    *body = Body::new(PartlyRead { first, rest });
    data
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
