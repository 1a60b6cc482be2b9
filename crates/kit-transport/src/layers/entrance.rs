//! The outermost service of a stack: it says what the request asks for.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use ::http::{Request, Response};
use axum_core::body::Body;
use axum_core::response::IntoResponse;
use kit_sync::BoxError;
use pin_project_lite::pin_project;
use tower_service::Service;

use super::current::{RunFor, enter, run_for};
use super::facts::Facts;
use super::http::template;
use super::known::give;
use super::methods::Methods;
use super::reply::reply;
use crate::ApiError;

/// What a stack is around.
#[derive(Clone)]
pub(super) enum Facing {
    /// A route of a server.
    Routes,
    /// A server's services, with these methods.
    Services(Arc<Methods>),
}

/// The layers of a server, around one route or its services.
pub(crate) struct Entrance<S> {
    layers: S,
    facing: Facing,
    /// Why the layers are not ready for the next request.
    failed: Option<BoxError>,
}

impl<S> Entrance<S> {
    pub(super) fn new(layers: S, facing: Facing) -> Entrance<S> {
        Entrance {
            layers,
            facing,
            failed: None,
        }
    }
}

impl<S: Clone> Clone for Entrance<S> {
    fn clone(&self) -> Entrance<S> {
        Entrance::new(self.layers.clone(), self.facing.clone())
    }
}

impl<S> Service<Request<Body>> for Entrance<S>
where
    S: Service<Request<Body>, Response: IntoResponse, Error: Into<BoxError>>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = EntranceFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        match self.layers.poll_ready(cx) {
            Poll::Ready(Ok(())) => Poll::Ready(Ok(())),
            Poll::Ready(Err(error)) => {
                self.failed = Some(error.into());
                Poll::Ready(Ok(()))
            }
            Poll::Pending => Poll::Pending,
        }
    }

    /// The future of the layers is large. Nothing stands between the call that gives it and the end of this,
    /// so that it is written where the caller wants it.
    fn call(&mut self, mut request: Request<Body>) -> EntranceFuture<S::Future> {
        let facts = match &self.facing {
            Facing::Services(methods) => {
                let facts = Facts::of_call(&request, methods);
                give(&mut request, |_| facts)
            }
            Facing::Routes => {
                let template = template(request.extensions());
                give(&mut request, |form| Facts::of_route(template, form))
            }
        };
        // A service that has failed to be ready must not be called.
        if let Some(error) = self.failed.take() {
            return EntranceFuture {
                layers: RunFor::ended(facts),
                error: Some(error),
            };
        }
        let _entered = enter(&facts);
        EntranceFuture {
            layers: run_for(facts, self.layers.call(request)),
            error: None,
        }
    }
}

pin_project! {
    /// The response of a stack to come. An error of a layer becomes an answer.
    pub(crate) struct EntranceFuture<F> {
        #[pin]
        layers: RunFor<F>,
        // In place of their answer.
        error: Option<BoxError>,
    }
}

impl<F, R, E> Future for EntranceFuture<F>
where
    F: Future<Output = Result<R, E>>,
    R: IntoResponse,
    E: Into<BoxError>,
{
    type Output = Result<Response<Body>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let error = match this.error.take() {
            Some(error) => error,
            None => match this.layers.as_mut().poll(cx) {
                Poll::Ready(Ok(response)) => return Poll::Ready(Ok(response.into_response())),
                Poll::Ready(Err(error)) => error.into(),
                Poll::Pending => return Poll::Pending,
            },
        };
        Poll::Ready(Ok(reply(this.layers.facts(), ApiError::from_boxed(error))))
    }
}
