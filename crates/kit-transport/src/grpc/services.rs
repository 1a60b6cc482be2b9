//! The services of a server, with the ones that every server has.

use std::convert::Infallible;

use axum::response::IntoResponse;
use http::Request;
use tonic::body::Body;
use tonic::codegen::Service;
use tonic::server::NamedService;
use tonic::service::Routes;

use super::handler::GrpcHandler;
use super::{health, reflection};
use crate::{Context, StartError};

/// gRPC services, with `grpc.health.v1.Health` and, if asked, reflection: what a
/// [`grpc::Server`](super::Server) serves, or an HTTP server beside its routes.
///
/// Health answers `SERVING` while the application is running and its checks pass, for `""` and the
/// full name of each service added; from the first moment of a stop, `NOT_SERVING`. `Watch` and
/// reflection streams end with `UNAVAILABLE` when the drain begins. A health service of your own
/// takes the place of this one.
#[derive(Clone, Debug, Default)]
#[must_use = "services do nothing until a server has them"]
pub struct Services {
    routes: Routes,
    names: Vec<&'static str>,
    /// Those that were added once more, which tonic answers with a panic.
    twice: Vec<&'static str>,
    descriptors: Vec<&'static [u8]>,
}

impl Services {
    /// No service but health.
    pub fn new() -> Services {
        Services::default()
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
        if self.names.contains(&S::NAME) {
            self.twice.push(S::NAME);
            return self;
        }
        self.routes = self.routes.add_service(service);
        self.names.push(S::NAME);
        self
    }

    /// Offers reflection, versions `v1` and `v1alpha`, for an encoded file descriptor set and
    /// those of health and reflection themselves. Adds, when called again.
    pub fn reflection(mut self, encoded_file_descriptor_set: &'static [u8]) -> Services {
        self.descriptors.push(encoded_file_descriptor_set);
        self
    }

    pub(crate) fn check(&self) -> Result<(), StartError> {
        match self.twice.first() {
            Some(service) => Err(StartError::DuplicateService { service }),
            None => Ok(()),
        }
    }

    pub(crate) fn handler(&self, ctx: &Context) -> Result<GrpcHandler, StartError> {
        let mut routes = self.routes.clone();
        let health = health::service(ctx, &self.names);
        if !self.names.contains(&name_of(&health)) {
            routes = routes.add_service(health);
        }
        if !self.descriptors.is_empty() {
            routes = reflection::add(routes, ctx, &self.descriptors)?;
        }
        Ok(GrpcHandler::new(routes.prepare()))
    }
}

fn name_of<S: NamedService>(_service: &S) -> &'static str {
    S::NAME
}
