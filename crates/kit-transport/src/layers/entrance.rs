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
use tower_service::Service;

use super::current::{RunFor, enter, run_for};
use super::facts::Facts;
use super::http::template;
use super::known::give;
use super::methods::Methods;
use super::reply::reply;
use super::unready::Unready;
use crate::ApiError;

/// What a stack is around.
#[derive(Clone)]
#[cfg_attr(
    not(feature = "http"),
    expect(dead_code, reason = "there are no routes")
)]
pub(super) enum Facing {
    /// A route of a server.
    Routes,
    /// One of Kit's probes there.
    Probe,
    /// A server's services, with these methods.
    Services(Arc<Methods>),
}

/// The layers of a server, around one route or its services.
pub(crate) struct Entrance<S> {
    layers: S,
    facing: Facing,
    unready: Unready,
    /// Why the layers are not ready for the next request.
    failed: Option<BoxError>,
}

impl<S> Entrance<S> {
    pub(super) fn new(layers: S, facing: Facing, unready: Unready) -> Entrance<S> {
        Entrance {
            layers,
            facing,
            unready,
            failed: None,
        }
    }
}

impl<S: Clone> Clone for Entrance<S> {
    fn clone(&self) -> Entrance<S> {
        Entrance::new(
            self.layers.clone(),
            self.facing.clone(),
            self.unready.clone(),
        )
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

    /// The future of the layers is large. Nothing stands between the call that gives it and the end of this,
    /// so that it is written where the caller wants it.
    fn call(&mut self, mut request: Request<Body>) -> EntranceFuture<S::Future> {
        let facts = match &self.facing {
            Facing::Services(methods) => {
                let facts = Facts::of_call(&request, methods);
                give(&mut request, |_| facts)
            }
            Facing::Routes | Facing::Probe => {
                let is_of_probe = matches!(self.facing, Facing::Probe);
                let template = template(request.extensions());
                give(&mut request, |form| {
                    Facts::of_route(template, is_of_probe, form)
                })
            }
        };
        // A service that has failed to be ready must not be called.
        if let Some(error) = self.failed.take() {
            let answer = self.unready.answer(&request, &facts, error);
            return EntranceFuture {
                layers: RunFor::ended(facts),
                answer: Some(Box::new(answer)),
            };
        }
        let _entered = enter(&facts);
        EntranceFuture {
            layers: run_for(facts, self.layers.call(request)),
            answer: None,
        }
    }
}

pin_project! {
    /// The response of a stack to come. An error of a layer becomes an answer.
    pub(crate) struct EntranceFuture<F> {
        #[pin]
        layers: RunFor<F>,
        // In place of layers that are not ready.
        answer: Option<Box<Response<Body>>>,
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
        if let Some(answer) = this.answer.take() {
            return Poll::Ready(Ok(*answer));
        }
        Poll::Ready(Ok(match ready!(this.layers.as_mut().poll(cx)) {
            Ok(response) => response.into_response(),
            Err(error) => reply(this.layers.facts(), ApiError::from_boxed(error.into())),
        }))
    }
}
