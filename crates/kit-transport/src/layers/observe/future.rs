//! The response to come of a service that a layer observes.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use ::http::Response;
use axum_core::body::Body;
use bytes::Bytes;
use kit_sync::BoxError;
use pin_project_lite::pin_project;

use super::body::ObservedBody;
use super::observation::{Observation, Observer};

pin_project! {
    /// A response to come, and its observation if there is one. It is dropped in the observer's span.
    pub(crate) struct ObservedFuture<F, O: Observer> {
        #[pin]
        future: Option<F>,
        observation: Option<Observation<O>>,
    }

    impl<F, O: Observer> PinnedDrop for ObservedFuture<F, O> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let span = this.observation.as_ref().and_then(|observed| observed.observer.span());
            let _entered = span.map(|span| span.enter());
            this.future.set(None);
        }
    }
}

impl<F, O: Observer> ObservedFuture<F, O> {
    /// Calls the service that is observed.
    pub(super) fn new(
        mut observation: Option<Observation<O>>,
        call: impl FnOnce() -> F,
    ) -> ObservedFuture<F, O> {
        let future = match &mut observation {
            Some(observation) => observation.run(call),
            None => call(),
        };
        ObservedFuture {
            future: Some(future),
            observation,
        }
    }
}

impl<F, B, E, O> Future for ObservedFuture<F, O>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    O: Observer,
{
    type Output = Result<Response<Body>, E>;

    /// Gives the response with a body that is observed, unless the observer wants no more than its
    /// head, or the connection became a tunnel, with which the observation ends.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let mut poll = || {
            let future = this.future.as_mut().as_pin_mut();
            let answer = future.expect("not polled after its end").poll(cx);
            if answer.is_ready() {
                this.future.set(None);
            }
            answer
        };
        let Some(observation) = this.observation else {
            let answer = ready!(poll());
            return Poll::Ready(answer.map(|response| response.map(Body::new)));
        };
        let answer = ready!(observation.run(poll));
        let observation = this.observation.take();
        let mut observation = observation.expect("looked at above");
        let mut response = match answer {
            Ok(response) => response,
            Err(error) => {
                observation.mark_failed();
                return Poll::Ready(Err(error));
            }
        };
        observation.record_head(&mut response);
        let response = if !observation.observer.follows() {
            response.map(Body::new)
        } else if observation.is_of_tunnel() {
            observation.hold_in_tunnel();
            response.map(Body::new)
        } else {
            response.map(|body| Body::new(ObservedBody::new(body, observation)))
        };
        Poll::Ready(Ok(response))
    }
}
