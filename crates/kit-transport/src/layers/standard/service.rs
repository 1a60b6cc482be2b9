//! The service of the standard layers.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use ::http::{Request, Response};
use axum_core::body::Body;
use bytes::Bytes;
use kit_sync::BoxError;
use pin_project_lite::pin_project;
use tower::Service;

use super::limits::{LimitLayers, LimitedFuture};
use super::metrics::Metrics;
use crate::layers::access_log::AccessLog;
use crate::layers::observe::future::ObservedFuture;
use crate::layers::observe::service::{Watch, observe};
use crate::layers::request_id::RequestIds;
use crate::layers::trace::Traces;

/// Those that observe, from the outside in: ids, traces, lines, numbers. Each request has one observation
/// for all of them.
pub(super) type Watches = (
    (Option<RequestIds>, Option<Traces>),
    (Option<AccessLog>, Option<Metrics>),
);

/// A service with the layers of [`standard`](crate::layers::standard()), as one: a request is looked at,
/// and its response is moved, once for all of them.
#[derive(Clone, Debug)]
pub struct StandardService<S> {
    inner: S,
    // A service is cloned for each request.
    layers: Arc<InOrder>,
}

/// The standard layers, from the outside in.
#[derive(Debug)]
pub(super) struct InOrder {
    pub(super) watches: Watches,
    pub(super) limits: LimitLayers,
}

impl<S> StandardService<S> {
    pub(super) fn new(layers: InOrder, inner: S) -> StandardService<S> {
        let layers = Arc::new(layers);
        StandardService { inner, layers }
    }
}

impl<S, B> Service<Request<Body>> for StandardService<S>
where
    S: Service<Request<Body>, Response = Response<B>, Error: Into<BoxError>> + Clone,
    B: ::http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = StandardFuture<S>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> StandardFuture<S> {
        let StandardService { inner, layers } = self;
        let observed = observe(&layers.watches, request, |request, facts| {
            layers.limits.call(inner, request, facts)
        });
        StandardFuture { observed }
    }
}

pin_project! {
    /// The response to come of a service with the layers of [`standard`](crate::layers::standard()).
    pub struct StandardFuture<S: Service<Request<Body>>> {
        #[pin]
        observed: ObservedFuture<LimitedFuture<S>, <Watches as Watch>::Observer>,
    }
}

impl<S, B> Future for StandardFuture<S>
where
    S: Service<Request<Body>, Response = Response<B>, Error: Into<BoxError>>,
    B: ::http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Output = Result<Response<Body>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().observed.poll(cx)
    }
}

impl<S: Service<Request<Body>>> fmt::Debug for StandardFuture<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StandardFuture").finish_non_exhaustive()
    }
}
