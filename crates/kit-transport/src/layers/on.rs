//! A layer for some operations.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use ::http::{Request, Response};
use axum_core::body::Body;
use axum_core::response::IntoResponse;
use pin_project_lite::pin_project;
use tower::util::Oneshot;
use tower::{Layer, Service, ServiceExt as _};

use super::known::facts_of;
use super::select::Select;

/// Puts a layer around the requests that are selected; all others pass it by.
///
/// ```
/// use std::time::Duration;
///
/// use axum::{Router, http::StatusCode, routing::get};
/// use kit_transport::{http, layers::{self, Select}};
/// use tower_http::timeout::TimeoutLayer;
///
/// let router = Router::new().route("/slow", get(|| async { "at last" }));
/// let limit = TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, Duration::from_secs(1));
/// let limit = layers::on(Select::operation("/slow").not(), limit);
/// let server = http::Server::new(":8000", router).layers(limit);
/// ```
pub fn on<L>(select: Select, layer: L) -> On<L> {
    On { select, layer }
}

/// A layer for the requests that are selected; from [`on`].
#[derive(Clone, Debug)]
pub struct On<L> {
    select: Select,
    layer: L,
}

impl<L: Layer<S>, S: Clone> Layer<S> for On<L> {
    type Service = OnService<L::Service, S>;

    fn layer(&self, inner: S) -> Self::Service {
        OnService {
            select: self.select.clone(),
            selected: self.layer.layer(inner.clone()),
            other: inner,
        }
    }
}

/// A service with a layer for the requests that are selected; from [`On`].
#[derive(Clone, Debug)]
pub struct OnService<L, S> {
    select: Select,
    selected: L,
    other: S,
}

impl<L, S> Service<Request<Body>> for OnService<L, S>
where
    L: Service<Request<Body>, Response: IntoResponse, Error = S::Error> + Clone,
    S: Service<Request<Body>, Response: IntoResponse> + Clone,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = OnFuture<L, S>;

    /// Always: which of both must be ready is known when the request is there.
    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> OnFuture<L, S> {
        let facts = facts_of(&mut request);
        let either = if self.select.selects(&facts, request.uri().path()) {
            let future = self.selected.clone().oneshot(request);
            Either::Selected { future }
        } else {
            let future = self.other.clone().oneshot(request);
            Either::Other { future }
        };
        OnFuture { either }
    }
}

pin_project! {
    /// The response of [`OnService`] to come, with the layer or without.
    pub struct OnFuture<L, S>
    where
        L: Service<Request<Body>>,
        S: Service<Request<Body>>,
    {
        #[pin]
        either: Either<L, S>,
    }
}

pin_project! {
    #[project = Project]
    enum Either<L, S>
    where
        L: Service<Request<Body>>,
        S: Service<Request<Body>>,
    {
        Selected { #[pin] future: Oneshot<L, Request<Body>> },
        Other { #[pin] future: Oneshot<S, Request<Body>> },
    }
}

impl<L, S> Future for OnFuture<L, S>
where
    L: Service<Request<Body>, Response: IntoResponse, Error = S::Error>,
    S: Service<Request<Body>, Response: IntoResponse>,
{
    type Output = Result<Response<Body>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(match self.project().either.project() {
            Project::Selected { future } => {
                ready!(future.poll(cx)).map(IntoResponse::into_response)
            }
            Project::Other { future } => ready!(future.poll(cx)).map(IntoResponse::into_response),
        })
    }
}

impl<L, S> fmt::Debug for OnFuture<L, S>
where
    L: Service<Request<Body>>,
    S: Service<Request<Body>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnFuture").finish_non_exhaustive()
    }
}
