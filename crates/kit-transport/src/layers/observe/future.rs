//! The response to come of a service that a layer observes.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use ::http::Response;
use axum_core::body::Body;
use bytes::Bytes;
use kit_sync::BoxError;
use pin_project_lite::pin_project;

use super::body::ObservedBody;
use super::observation::{Observation, Observer};
use crate::ApiError;
use crate::layers::facts::Facts;
use crate::layers::reply::{panicked, reply};

pin_project! {
    /// A response to come, and its observation if there is one. It is dropped in the observer's span.
    pub(crate) struct ObservedFuture<F, O: Observer> {
        // `None` when the service has panicked, and at the end.
        #[pin]
        future: Option<F>,
        observation: Option<Observation<O>>,
        // Of a request that is not observed.
        facts: Option<Arc<Facts>>,
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
    pub(super) fn observed(
        mut observation: Observation<O>,
        call: impl FnOnce() -> F,
    ) -> ObservedFuture<F, O> {
        let future = observation.run_service(call);
        ObservedFuture {
            future: future.ok(),
            observation: Some(observation),
            facts: None,
        }
    }

    /// Calls it for a request with these facts, which passes the layer by.
    pub(super) fn passed(facts: Arc<Facts>, call: impl FnOnce() -> F) -> ObservedFuture<F, O> {
        ObservedFuture {
            future: Some(call()),
            observation: None,
            facts: Some(facts),
        }
    }
}

impl<F, B, E, O> Future for ObservedFuture<F, O>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    E: Into<BoxError>,
    O: Observer,
{
    type Output = Result<Response<Body>, E>;

    /// An error of a layer inside becomes its answer here, because it would go to the client past the
    /// observer otherwise; for a request that passes the layer by as well, so that the answer does not
    /// depend on what is logged. So does a panic of a layer inside, of a request that is observed: its answer
    /// by the server is the same, but for the head that the observer writes.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let has_panicked = this.future.is_none();
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
            let facts = this
                .facts
                .as_ref()
                .expect("of a request that is not observed");
            let response = answer.map(|response| response.map(Body::new));
            return Poll::Ready(Ok(response.unwrap_or_else(|error| failed(facts, error))));
        };
        let polled = match has_panicked {
            true => Err(()),
            false => observation.run_service(poll),
        };
        let answer = match polled {
            Ok(answer) => Ok(ready!(answer)),
            Err(()) => Err(()),
        };
        if answer.is_err() {
            // A panic in its end is logged as well.
            let _ = observation.run_service(|| this.future.set(None));
        }
        let observation = this.observation.take();
        let observation = observation.expect("looked at above");
        let failed = match answer {
            Ok(Ok(response)) => return Poll::Ready(Ok(observed(observation, response))),
            Ok(Err(error)) => failed(observation.facts(), error),
            Err(()) => panicked(observation.facts()),
        };
        Poll::Ready(Ok(observed(observation, failed)))
    }
}

/// The answer to a request at which a layer has failed.
#[cold]
fn failed(facts: &Facts, error: impl Into<BoxError>) -> Response<Body> {
    reply(facts, ApiError::from_boxed(error.into()))
}

/// The response with a body that is observed, unless the observer wants no more than its head, or the
/// connection became a tunnel, with which the observation ends.
fn observed<B, O>(mut observation: Observation<O>, mut response: Response<B>) -> Response<Body>
where
    B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    O: Observer,
{
    observation.record_head(&mut response);
    if !observation.observer.follows() {
        response.map(Body::new)
    } else if observation.is_of_tunnel() {
        observation.hold_in_tunnel();
        response.map(Body::new)
    } else {
        response.map(|body| Body::new(ObservedBody::new(body, observation)))
    }
}
