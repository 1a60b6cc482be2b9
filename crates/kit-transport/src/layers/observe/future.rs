//! The response to come of a service that a layer observes.

use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use ::http::Response;
use axum_core::body::Body;
use bytes::Bytes;
use kit_sync::BoxError;
use pin_project_lite::pin_project;
use tracing::Span;

use super::body::ObservedBody;
use super::observation::Observation;
use super::observer::Observer;
use crate::ApiError;
use crate::layers::facts::Facts;
use crate::layers::reply::{panicked, reply};

pin_project! {
    /// A response to come, and its observation if there is one. It is dropped in the observer's span.
    pub(crate) struct ObservedFuture<F, O: Observer> {
        // `None` when the service has panicked, and at the end.
        #[pin]
        future: Option<F>,
        seen: SeenBy<O>,
    }

    impl<F, O: Observer> PinnedDrop for ObservedFuture<F, O> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let _entered = this.seen.span().map(|span| span.enter());
            this.future.set(None);
        }
    }
}

/// What sees a request.
enum SeenBy<O: Observer> {
    Observation(Observation<O>),
    /// Nothing: it passes the layer by. These are its facts.
    Nothing(Arc<Facts>),
    /// Its response is there.
    Answered,
}

impl<O: Observer> SeenBy<O> {
    fn span(&self) -> Option<&Span> {
        match self {
            SeenBy::Observation(observation) => observation.span(),
            SeenBy::Nothing(_) | SeenBy::Answered => None,
        }
    }

    /// The response with a body that is observed, unless the observer wants no more than its head, or the
    /// connection became a tunnel, with which the observation ends.
    ///
    /// An observation is large, so it is moved once, into the box of the body.
    fn end_of<B>(&mut self, mut response: Response<B>) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        let SeenBy::Observation(observation) = self else {
            return response.map(Body::new);
        };
        observation.record_head(&mut response);
        let follows = observation.follows();
        let is_of_tunnel = follows && observation.is_of_tunnel();
        let SeenBy::Observation(observation) = mem::replace(self, SeenBy::Answered) else {
            unreachable!("looked at above");
        };
        if !follows {
            response.map(Body::new)
        } else if is_of_tunnel {
            observation.hold_in_tunnel();
            response.map(Body::new)
        } else {
            response.map(|body| ObservedBody::boxed(body, observation))
        }
    }
}

impl<F, O: Observer> ObservedFuture<F, O> {
    /// Calls the service that is observed. Its future is written where it stays: it is large.
    #[inline]
    pub(super) fn observed(
        observation: Observation<O>,
        call: impl FnOnce(&Arc<Facts>) -> F,
    ) -> ObservedFuture<F, O> {
        let mut observed = ObservedFuture {
            future: None,
            seen: SeenBy::Observation(observation),
        };
        if let SeenBy::Observation(observation) = &mut observed.seen {
            let future = &mut observed.future;
            // After a panic there is none.
            let _ = observation.run_service(|facts| *future = Some(call(facts)));
        }
        observed
    }

    /// Calls it for a request with these facts, which passes the layer by.
    #[inline]
    pub(super) fn passed(
        facts: Arc<Facts>,
        call: impl FnOnce(&Arc<Facts>) -> F,
    ) -> ObservedFuture<F, O> {
        ObservedFuture {
            future: Some(call(&facts)),
            seen: SeenBy::Nothing(facts),
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
        let SeenBy::Observation(observation) = this.seen else {
            let answer = ready!(poll());
            return match (mem::replace(this.seen, SeenBy::Answered), answer) {
                (SeenBy::Nothing(facts), Err(error)) => Poll::Ready(Ok(failed(&facts, error))),
                (_, answer) => Poll::Ready(answer.map(|response| response.map(Body::new))),
            };
        };
        let polled = match has_panicked {
            true => Err(()),
            false => observation.run_service(|_| poll()),
        };
        let answer = match polled {
            Ok(answer) => Ok(ready!(answer)),
            Err(()) => {
                // A panic in its end is logged as well.
                let _ = observation.run_service(|_| this.future.set(None));
                Err(())
            }
        };
        let failed = match answer {
            Ok(Ok(response)) => return Poll::Ready(Ok(this.seen.end_of(response))),
            Ok(Err(error)) => observation.in_span(|| failed(observation.facts(), error)),
            Err(()) => observation.in_span(|| panicked(observation.facts())),
        };
        Poll::Ready(Ok(this.seen.end_of(failed)))
    }
}

/// The answer to a request at which a layer has failed.
#[cold]
fn failed(facts: &Facts, error: impl Into<BoxError>) -> Response<Body> {
    reply(facts, ApiError::from_boxed(error.into()))
}
