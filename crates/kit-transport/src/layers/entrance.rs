//! The outermost service of a stack: it says what the request asks for.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use ::http::{Request, Response};
use axum_core::body::Body;
use axum_core::response::IntoResponse;
use kit_sync::BoxError;
use pin_project_lite::pin_project;
use tokio::task::futures::TaskLocalFuture;
use tower_service::Service;

use super::current::{call_for, run_for};
use super::facts::Facts;
use super::http::ErrorShape;
use super::known;
use super::methods::Methods;
use super::reply::reply;
use crate::ApiError;

/// What a stack is around.
#[derive(Clone)]
pub(super) enum Facing {
    /// A route of a server whose errors have this shape.
    Routes(ErrorShape),
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
        if let Err(error) = ready!(self.layers.poll_ready(cx)) {
            self.failed = Some(error.into());
        }
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> EntranceFuture<S::Future> {
        let facts = match &self.facing {
            Facing::Services(methods) => Facts::of_call(&request, methods),
            Facing::Routes(shape) => Facts::of_route(&request, *shape),
        };
        known::give(&mut request, Arc::clone(&facts));
        // A service that has failed to be ready must not be called.
        if let Some(error) = self.failed.take() {
            return EntranceFuture {
                future: None,
                error: Some(error),
                facts,
            };
        }
        let future = call_for(&facts, || self.layers.call(request));
        EntranceFuture {
            future: Some(run_for(Arc::clone(&facts), future)),
            error: None,
            facts,
        }
    }
}

pin_project! {
    /// The response of a stack to come. An error of a layer becomes an answer.
    pub(crate) struct EntranceFuture<F> {
        #[pin]
        future: Option<TaskLocalFuture<Arc<Facts>, F>>,
        error: Option<BoxError>,
        facts: Arc<Facts>,
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
        let this = self.project();
        let answer = match this.future.as_pin_mut() {
            Some(future) => ready!(future.poll(cx)).map_err(Into::into),
            None => Err(this.error.take().expect("not polled after its end")),
        };
        Poll::Ready(Ok(match answer {
            Ok(response) => response.into_response(),
            Err(error) => reply(this.facts, ApiError::from_boxed(error)),
        }))
    }
}
