//! The services of a server, with the ones that every server has.

use std::convert::Infallible;
use std::sync::Arc;

use axum_core::response::IntoResponse;
use http::Request;
use tonic::body::Body;
use tonic::codegen::Service;
use tonic::server::NamedService;

use super::dispatch::Dispatch;
use super::handler::GrpcHandler;
use super::{health, reflection};
use crate::layers::methods::Methods;
use crate::layers::stack::Layers;
use crate::{Context, StartError};

/// gRPC services, with `grpc.health.v1.Health` and, if asked, reflection: what a
/// [`grpc::Server`](super::Server) serves, or an HTTP server beside its routes.
///
/// Health answers `SERVING` while the application is running and its checks pass, for `""` and the
/// full name of each service added; from the first moment of a stop, `NOT_SERVING`. `Watch` and
/// reflection streams end with `UNAVAILABLE` when the drain begins. A health service of your own
/// takes the place of this one.
///
/// A call is for the service that its path names, `/package.Service/Method`. Where there is none it is
/// answered with `UNIMPLEMENTED` and the name.
#[derive(Clone, Debug)]
#[must_use = "services do nothing until a server has them"]
pub struct Services {
    services: Dispatch,
    /// Those that were added once more.
    twice: Vec<&'static str>,
    descriptors: Vec<&'static [u8]>,
    /// For these descriptors; layers find the methods in them all the same.
    has_reflection: bool,
}

impl Services {
    /// No service but health.
    pub fn new() -> Services {
        Services {
            services: Dispatch::default(),
            twice: Vec::new(),
            descriptors: Vec::new(),
            has_reflection: true,
        }
    }

    /// Adds a service, such as a generated `GreeterServer`, with or without interceptors. One
    /// whose name was added before is refused before the application starts.
    pub fn service<S>(mut self, service: S) -> Services
    where
        S: Service<
                Request<Body>,
                Response: IntoResponse,
                Error = Infallible,
                Future: Send + 'static,
            > + NamedService
            + Clone
            + Send
            + Sync
            + 'static,
    {
        if !self.services.add(service) {
            self.twice.push(S::NAME);
        }
        self
    }

    /// Offers reflection, versions `v1` and `v1alpha`, for an encoded file descriptor set and
    /// those of health and reflection themselves. Adds, when called again. A reflection service of your
    /// own takes the place of the one of its version.
    pub fn reflection(mut self, encoded_file_descriptor_set: &'static [u8]) -> Services {
        self.descriptors.push(encoded_file_descriptor_set);
        self
    }

    /// Leaves out the [reflection](Self::reflection) that was added.
    pub fn without_reflection(mut self) -> Services {
        self.has_reflection = false;
        self
    }

    pub(crate) fn check(&self) -> Result<(), StartError> {
        match self.twice.first() {
            Some(service) => Err(StartError::DuplicateService { service }),
            None => Ok(()),
        }
    }

    /// The handler that serves them, with these layers around them.
    pub(crate) fn handler(
        &self,
        ctx: &Context,
        layers: Option<&Layers>,
    ) -> Result<GrpcHandler, StartError> {
        let mut services = self.services.clone();
        let names: Vec<_> = services.names().collect();
        // Those of the author come first.
        services.add(health::service(ctx, &names));
        if self.has_reflection && !self.descriptors.is_empty() {
            reflection::add(&mut services, ctx, &self.descriptors)?;
        }
        let Some(layers) = layers else {
            return Ok(GrpcHandler::new(services));
        };
        let names: Vec<_> = services.names().collect();
        let methods = Methods::new(names, reflection::methods(&self.descriptors));
        let layered = layers.calls().around(services, Arc::new(methods));
        Ok(GrpcHandler::layered(layered))
    }
}

impl Default for Services {
    fn default() -> Services {
        Services::new()
    }
}
