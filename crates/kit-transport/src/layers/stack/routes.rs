//! Layers around the routes of a server.

use std::convert::Infallible;
use std::sync::Arc;

use ::http::{Request, Response};
use axum::Router;
use axum_core::body::Body;
use tower::Service;
use tower::layer::layer_fn;

use crate::layers::entrance::{Entrance, Facing};
use crate::layers::http::is_probe;
use crate::layers::next::Next;

/// Layers around the routes of a router.
#[derive(Clone)]
pub(crate) struct RouteStack(Arc<dyn Fn(Router, Option<u64>) -> Router + Send + Sync>);

impl RouteStack {
    pub(super) fn new<S>(
        around: impl Fn(Next, Facing) -> Entrance<S> + Clone + Send + Sync + 'static,
    ) -> Self
    where
        Entrance<S>: Service<
                Request<Body>,
                Response = Response<Body>,
                Error = Infallible,
                Future: Send + 'static,
            > + Clone
            + Send
            + Sync
            + 'static,
    {
        RouteStack(Arc::new(move |router, max_body| {
            let around = around.clone();
            router.layer(layer_fn(move |route| {
                let facing = if is_probe(&route) {
                    Facing::Probe
                } else {
                    Facing::Routes
                };
                around(Next::route(route, max_body), facing)
            }))
        }))
    }

    /// Puts them around each route, whose requests have bodies of at most `max_body` bytes.
    pub(crate) fn around(&self, router: Router, max_body: Option<u64>) -> Router {
        (self.0)(router, max_body)
    }
}
