//! The body of a request, counted.

use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use ::http::Request;
use axum_core::body::Body;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use http_body_util::combinators::UnsyncBoxBody;
use pin_project_lite::pin_project;

use crate::exchange::messages::Messages;
use crate::layers::facts::Facts;
use crate::layers::operations::Protocol;

/// Counts the body of a request, if it has one and no other layer does.
pub(super) fn count(request: &mut Request<Body>, facts: &Arc<Facts>) {
    use http_body::Body as _;
    let is_empty = request.body().is_end_stream();
    if is_empty || !facts.trail().received.claim() {
        return;
    }
    let facts = Arc::clone(facts);
    let messages = (facts.protocol() == Protocol::Grpc).then(Messages::default);
    let body = mem::take(request.body_mut());
    // axum takes a box of this type as it is.
    *request.body_mut() = Body::new(UnsyncBoxBody::new(CountedBody {
        body,
        messages,
        facts,
    }));
}

pin_project! {
    /// The body of a request that is counted.
    struct CountedBody {
        #[pin]
        body: Body,
        messages: Option<Messages>,
        facts: Arc<Facts>,
    }
}

impl http_body::Body for CountedBody {
    type Data = Bytes;
    type Error = axum_core::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum_core::Error>>> {
        let this = self.project();
        let polled = this.body.poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(data) = frame.data_ref()
        {
            let messages = this.messages.as_mut();
            let ended = messages.map_or(0, |messages| messages.record(data));
            this.facts.trail().received.record(data.len(), ended);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
