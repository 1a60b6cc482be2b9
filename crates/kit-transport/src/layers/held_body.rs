//! A body that holds something to its end.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use ::http_body::{Body, Frame, SizeHint};
use axum_core::body::Body as AnyBody;
use bytes::Bytes;
use kit_sync::BoxError;
use pin_project_lite::pin_project;

pin_project! {
    /// A body that lets go at its end, or when it is dropped before.
    pub(super) struct HeldBody<B, H> {
        #[pin]
        body: B,
        held: Option<H>,
    }
}

impl<B, H> HeldBody<B, H> {
    pub(super) fn new(body: B, held: Option<H>) -> HeldBody<B, H> {
        HeldBody { body, held }
    }

    /// One that holds nothing.
    pub(super) fn alone(body: B) -> HeldBody<B, H> {
        HeldBody::new(body, None)
    }
}

impl<B, H> HeldBody<B, H>
where
    B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    H: Send + 'static,
{
    /// A body that does so, in a box only if something is held.
    pub(super) fn into_any(self) -> AnyBody {
        match self.held {
            Some(_) => AnyBody::new(self),
            None => AnyBody::new(self.body),
        }
    }
}

impl<B: Body, H> Body for HeldBody<B, H> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let mut this = self.project();
        let frame = ready!(this.body.as_mut().poll_frame(cx));
        if !matches!(frame, Some(Ok(_))) {
            *this.held = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
