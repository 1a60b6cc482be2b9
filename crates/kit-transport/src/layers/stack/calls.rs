//! Layers around the services of a server.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;

use ::http::{Request, Response};
use axum_core::body::Body;
use tower::{Service, ServiceExt as _};

use crate::layers::entrance::Entrance;
use crate::layers::grpc::Services;
use crate::layers::methods::Methods;
use crate::layers::next::Next;

/// A response of layers to come.
pub(crate) type Layered = Pin<Box<dyn Future<Output = Response<Body>> + Send>>;

/// Layers around the services of a server.
#[derive(Clone)]
pub(crate) struct CallStack(Arc<dyn Fn(Next, Arc<Methods>) -> LayeredServices + Send + Sync>);

impl CallStack {
    pub(super) fn new<S>(
        around: impl Fn(Next, Arc<Methods>) -> Entrance<S> + Send + Sync + 'static,
    ) -> CallStack
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
        CallStack(Arc::new(move |next, methods| {
            LayeredServices(Arc::new(around(next, methods)))
        }))
    }

    pub(crate) fn around(&self, services: Services, methods: Arc<Methods>) -> LayeredServices {
        (self.0)(Next::services(services), methods)
    }
}

/// The services of a server, with layers around them.
#[derive(Clone)]
pub(crate) struct LayeredServices(Arc<dyn AnyEntrance>);

impl LayeredServices {
    pub(crate) fn call(&self, request: Request<Body>) -> Layered {
        self.0.call(request)
    }
}

/// Layers whose type is not known.
trait AnyEntrance: Send + Sync {
    fn call(&self, request: Request<Body>) -> Layered;
}

impl<S> AnyEntrance for Entrance<S>
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
    fn call(&self, request: Request<Body>) -> Layered {
        let answer = self.clone().oneshot(request);
        Box::pin(async move { answer.await.unwrap_or_else(|never| match never {}) })
    }
}
