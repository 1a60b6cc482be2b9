//! gRPC over any tonic services, with health and reflection.

use std::borrow::Cow;
use std::convert::Infallible;
use std::net::SocketAddr;

use async_trait::async_trait;
use http::{Extensions, Request, Response};
use hyper::body::Incoming;
use kit_sync::{BoxError, Scope};
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::Service;
use tonic::server::NamedService;
use tonic::service::Routes;
use tonic::transport::server::TcpConnectInfo;

use crate::driver::{self, Handler};
use crate::{ConnectionOptions, Context, Listening, Peer};

mod health;
mod reflection;
mod until_drain;

/// A gRPC server: any number of tonic services, with `grpc.health.v1.Health` and, if asked,
/// reflection.
///
/// Health answers `SERVING` while the application is running and its checks pass, for `""` and the
/// full name of each service added; from the first moment of a stop, `NOT_SERVING`. `Watch` and
/// reflection streams end with `UNAVAILABLE` when the drain begins. A health service of your own
/// takes the place of this one.
///
/// A request's extensions hold tonic's connect info (so `tonic::Request::remote_addr` works),
/// [`Peer`], [`Draining`](crate::Draining), the server's `kit_sync::Scope`, and what the
/// application gave ([`Context::extensions`]). A handler that panics answers `INTERNAL`; the panic
/// is logged, the connection and the server live on.
///
/// ```
/// use kit_transport::grpc;
///
/// # fn server(greeter: impl Greeter, FILE_DESCRIPTOR_SET: &'static [u8]) -> grpc::Server {
/// grpc::Server::new(([127, 0, 0, 1], 9000)).service(greeter).reflection(FILE_DESCRIPTOR_SET)
/// # }
/// # use std::convert::Infallible;
/// # use tonic::{body::Body, codegen::{Service, http}, server::NamedService};
/// # trait Greeter: Service<http::Request<Body>, Response = http::Response<Body>, Error = Infallible, Future: Send>
/// #     + NamedService + Clone + Send + Sync + 'static {}
/// ```
#[derive(Clone, Debug)]
#[must_use = "a server does nothing until an application runs it"]
pub struct Server {
    name: Cow<'static, str>,
    address: SocketAddr,
    routes: Routes,
    services: Vec<&'static str>,
    descriptors: Vec<&'static [u8]>,
    options: ConnectionOptions,
}

impl Server {
    /// A server at `address` with no service but health; port 0 lets the system choose.
    pub fn new(address: impl Into<SocketAddr>) -> Server {
        Server {
            name: Cow::Borrowed("grpc"),
            address: address.into(),
            routes: Routes::default(),
            services: Vec::new(),
            descriptors: Vec::new(),
            options: ConnectionOptions::default(),
        }
    }

    /// Adds a service, such as a generated `GreeterServer`.
    ///
    /// # Panics
    /// When a service of that name was added before.
    pub fn service<S>(mut self, service: S) -> Server
    where
        S: Service<
                Request<Body>,
                Response = Response<Body>,
                Error = Infallible,
                Future: Send + 'static,
            > + NamedService
            + Clone
            + Send
            + Sync
            + 'static,
    {
        self.routes = self.routes.add_service(service);
        self.services.push(S::NAME);
        self
    }

    /// Offers reflection, versions `v1` and `v1alpha`, for an encoded file descriptor set and
    /// those of health and reflection themselves. Adds, when called again.
    pub fn reflection(mut self, encoded_file_descriptor_set: &'static [u8]) -> Server {
        self.descriptors.push(encoded_file_descriptor_set);
        self
    }

    /// Its name in logs, reports and errors. Default: `grpc`.
    pub fn named(self, name: impl Into<Cow<'static, str>>) -> Server {
        Server {
            name: name.into(),
            ..self
        }
    }

    /// The limits of its connections.
    pub fn connections(self, options: ConnectionOptions) -> Server {
        Server { options, ..self }
    }
}

#[async_trait]
impl crate::Server for Server {
    fn name(&self) -> &str {
        &self.name
    }

    async fn start(&self, ctx: &Context) -> Result<Vec<Listening>, BoxError> {
        let mut routes = self.routes.clone();
        let health = health::service(ctx, &self.services);
        if !self.services.contains(&name_of(&health)) {
            routes = routes.add_service(health);
        }
        if !self.descriptors.is_empty() {
            routes = reflection::add(routes, ctx, &self.descriptors)?;
        }
        let (listener, address) = driver::listen(self.address).await?;
        let handler = GrpcHandler {
            routes: routes.prepare(),
        };
        driver::serve(ctx, listener, handler, self.options.clone());
        Ok(vec![Listening::tcp("grpc", address)])
    }
}

fn name_of<S: NamedService>(_service: &S) -> &'static str {
    S::NAME
}

#[derive(Clone)]
struct GrpcHandler {
    routes: Routes,
}

impl Handler for GrpcHandler {
    type Body = Body;
    type Future = <Routes as Service<Request<Incoming>>>::Future;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        // Routes are always ready.
        self.routes.clone().call(request)
    }

    fn panicked() -> Response<Body> {
        Status::internal("internal error").into_http()
    }

    fn extend(&self, extensions: &mut Extensions, peer: Peer, scope: &Scope) {
        extensions.insert(peer);
        extensions.insert(scope.clone());
        extensions.insert(TcpConnectInfo {
            local_addr: Some(peer.local),
            remote_addr: Some(peer.remote),
        });
    }
}
