//! The body of a response that a layer observes.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum_core::body::Body as AnyBody;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::combinators::UnsyncBoxBody;
use kit_sync::BoxError;
use pin_project_lite::pin_project;

use super::observation::Observation;
use super::observer::Observer;

pin_project! {
    /// A body, and the observation that ends with it. The body is dropped in the observer's span.
    pub(super) struct ObservedBody<B, O: Observer> {
        #[pin]
        body: Option<B>,
        observation: Observation<O>,
    }

    impl<B, O: Observer> PinnedDrop for ObservedBody<B, O> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let _entered = this.observation.span().map(|span| span.enter());
            this.body.set(None);
        }
    }
}

impl<B, O> ObservedBody<B, O>
where
    B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    O: Observer,
{
    /// One in a box. axum takes a box of this type as it is; a body of another type it would move half a
    /// dozen times.
    #[inline]
    pub(super) fn boxed(body: B, observation: Observation<O>) -> AnyBody {
        AnyBody::new(UnsyncBoxBody::new(ObservedBody {
            body: Some(body),
            observation,
        }))
    }
}

impl<B, O> Body for ObservedBody<B, O>
where
    B: Body<Data = Bytes, Error: Into<BoxError>>,
    O: Observer,
{
    type Data = Bytes;
    type Error = axum_core::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum_core::Error>>> {
        let mut this = self.project();
        let Some(mut body) = this.body.as_mut().as_pin_mut() else {
            return Poll::Ready(None);
        };
        let observation = this.observation;
        let polled = ready!(observation.run(|| body.as_mut().poll_frame(cx)));
        match &polled {
            None => observation.mark_whole(),
            Some(Err(_)) => observation.mark_failed(),
            Some(Ok(frame)) => {
                observation.record_frame(frame);
                if body.is_end_stream() {
                    observation.mark_whole();
                }
            }
        }
        Poll::Ready(polled.map(|frame| frame.map_err(axum_core::Error::new)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let body = self.body.as_ref();
        body.map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}
