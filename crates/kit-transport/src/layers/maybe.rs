//! A layer that may be absent.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use ::http::{Request, Response};
use axum_core::body::Body;
use bytes::Bytes;
use kit_sync::BoxError;
use pin_project_lite::pin_project;
use tower::{Layer, Service};

/// A layer, or none.
#[derive(Clone, Debug)]
pub struct Maybe<L>(pub(super) Option<L>);

impl<L: Layer<S>, S> Layer<S> for Maybe<L> {
    type Service = MaybeService<L::Service, S>;

    fn layer(&self, inner: S) -> Self::Service {
        match &self.0 {
            Some(layer) => MaybeService::With(layer.layer(inner)),
            None => MaybeService::Without(inner),
        }
    }
}

/// A service with a layer that may be absent.
#[derive(Clone, Debug)]
pub enum MaybeService<L, S> {
    /// With the layer.
    With(L),
    /// Without it.
    Without(S),
}

impl<L, S, A, B> Service<Request<Body>> for MaybeService<L, S>
where
    L: Service<Request<Body>, Response = Response<A>, Error = S::Error>,
    S: Service<Request<Body>, Response = Response<B>>,
    A: ::http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    B: ::http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = MaybeFuture<L::Future, S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        match self {
            MaybeService::With(service) => service.poll_ready(cx),
            MaybeService::Without(service) => service.poll_ready(cx),
        }
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let which = match self {
            MaybeService::With(service) => Which::With {
                future: service.call(request),
            },
            MaybeService::Without(service) => Which::Without {
                future: service.call(request),
            },
        };
        MaybeFuture { which }
    }
}

pin_project! {
    /// The response of [`MaybeService`] to come.
    pub struct MaybeFuture<L, S> {
        #[pin]
        which: Which<L, S>,
    }
}

pin_project! {
    #[project = Project]
    enum Which<L, S> {
        With { #[pin] future: L },
        Without { #[pin] future: S },
    }
}

impl<L, S, A, B, E> Future for MaybeFuture<L, S>
where
    L: Future<Output = Result<Response<A>, E>>,
    S: Future<Output = Result<Response<B>, E>>,
    A: ::http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    B: ::http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Output = Result<Response<Body>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(match self.project().which.project() {
            Project::With { future } => {
                ready!(future.poll(cx)).map(|response| response.map(Body::new))
            }
            Project::Without { future } => {
                ready!(future.poll(cx)).map(|response| response.map(Body::new))
            }
        })
    }
}

impl<L, S> fmt::Debug for MaybeFuture<L, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MaybeFuture").finish_non_exhaustive()
    }
}
