//! A body that holds something to its end.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use ::http_body::{Body, Frame, SizeHint};
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
    pub(super) fn new(body: B, held: H) -> HeldBody<B, H> {
        let held = Some(held);
        HeldBody { body, held }
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
