//! The standard layers that may answer in place of the handler.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use ::http::{Request, Response};
use axum_core::body::Body;
use bytes::Bytes;
use kit_sync::BoxError;
use pin_project_lite::pin_project;
use tower::Service;

use crate::layers::concurrency::{ConcurrencyLimit, PlacedBody, Turn};
use crate::layers::deadline::{DeadlineLayer, DeadlineTimer};
use crate::layers::facts::Facts;
use crate::layers::held_body::HeldBody;
use crate::layers::propagation::MetadataLayer;

/// From the outside in.
#[derive(Debug)]
pub(super) struct LimitLayers {
    pub(super) metadata: Option<MetadataLayer>,
    pub(super) deadline: Option<DeadlineLayer>,
    pub(super) concurrency: Option<ConcurrencyLimit>,
}

impl LimitLayers {
    /// Calls the service inside for a request with these facts, or answers in its place.
    #[inline]
    pub(super) fn call<S>(
        &self,
        inner: &mut S,
        request: Request<Body>,
        facts: &Arc<Facts>,
    ) -> LimitedFuture<S>
    where
        S: Service<Request<Body>> + Clone,
    {
        let timer = match self.timer(&request, facts) {
            Ok(timer) => timer,
            Err(answer) => {
                return LimitedFuture {
                    turn: Turn::answered(*answer),
                    timer: DeadlineTimer::none(),
                };
            }
        };
        let turn = match &self.concurrency {
            Some(limit) => limit.turn(inner, request, facts),
            None => Turn::served(inner.call(request)),
        };
        LimitedFuture { turn, timer }
    }

    /// Takes the metadata in, and gives the timer.
    ///
    /// # Errors
    /// The answer to what a client may not ask for.
    #[inline]
    fn timer(
        &self,
        request: &Request<Body>,
        facts: &Arc<Facts>,
    ) -> Result<DeadlineTimer, Box<Response<Body>>> {
        if let Some(metadata) = &self.metadata {
            metadata.take_in(request, facts)?;
        }
        match &self.deadline {
            Some(deadline) => deadline.timer(request, facts),
            None => Ok(DeadlineTimer::none()),
        }
    }
}

pin_project! {
    /// The response to come. Its body keeps the request's place, and needs no box for that.
    pub(super) struct LimitedFuture<S: Service<Request<Body>>> {
        #[pin]
        turn: Turn<S>,
        #[pin]
        timer: DeadlineTimer,
    }
}

impl<S, B> Future for LimitedFuture<S>
where
    S: Service<Request<Body>, Response = Response<B>>,
    B: ::http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Output = Result<Response<PlacedBody>, S::Error>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let answer = this.turn.as_mut().poll_held(cx);
        if answer.is_ready() {
            return answer;
        }
        let late = ready!(this.timer.poll_late(cx));
        // The handler ends here, before the layers outside see the answer.
        this.turn.end();
        Poll::Ready(Ok(late.answer().map(HeldBody::alone)))
    }
}
