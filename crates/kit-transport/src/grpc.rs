//! gRPC over any tonic services, with health and reflection.

use std::borrow::Cow;
use std::convert::Infallible;

use async_trait::async_trait;
use axum_core::response::IntoResponse;
use http::Request;
use kit_sync::BoxError;
use tonic::body::Body;
use tonic::codegen::Service;
use tonic::server::NamedService;

use crate::at_start::AtStart;
use crate::front::Front;
use crate::layers::Stack;
use crate::layers::stack::GivenLayers;
use crate::{ConnectionOptions, Context, Listen, Listening, Phase};

pub(crate) mod answer;
mod call_body;
pub(crate) mod content_type;
pub(crate) mod dispatch;
pub(crate) mod handler;
mod health;
mod options;
mod propagate;
mod reflection;
mod request_ext;
mod services;
pub(crate) mod timeout;
mod until_drain;
mod until_unavailable;
mod valid;

pub use options::ServerOptions;
pub use propagate::propagate;
pub use request_ext::RequestExt;
pub use services::Services;
pub use until_unavailable::UntilUnavailable;
pub use valid::ValidRequest;

/// The word for what it serves, in errors.
const SERVICES: &str = "gRPC services";

/// A gRPC server: any number of tonic services, with `grpc.health.v1.Health` and, if asked,
/// reflection.
///
/// [`Services`] says how health answers; an HTTP server can
/// [have the same services](crate::http::Server::grpc) on its port. A request that is not gRPC is
/// answered 415. A client's `grpc-timeout` is kept, also in the middle of a stream.
///
/// By [`RequestExt`] a request gives its [`Peer`](crate::Peer), [`Draining`](crate::Draining), the
/// server's scope, and the values of the application; its extensions hold tonic's connect info (so
/// `tonic::Request::remote_addr` works), and what the application's author added
/// ([`Context::extensions`]). A handler that panics answers `INTERNAL`; the panic
/// is logged, the connection and the server live on.
///
/// With the features `gzip` and `zstd`, services compress as their generated code offers it:
/// `GreeterServer::new(greeter).accept_compressed(…).send_compressed(…)`.
///
/// ```
/// use kit_transport::grpc;
///
/// # fn server(greeter: impl Greeter, FILE_DESCRIPTOR_SET: &'static [u8]) -> grpc::Server {
/// grpc::Server::new(":9000").service(greeter).reflection(FILE_DESCRIPTOR_SET)
/// # }
/// # use std::convert::Infallible;
/// # use tonic::{body::Body, codegen::{Service, http}, server::NamedService};
/// # trait Greeter: Service<http::Request<Body>, Response = http::Response<Body>, Error = Infallible, Future: Send>
/// #     + NamedService + Clone + Send + Sync + 'static {}
/// ```
#[derive(Clone, Debug)]
#[must_use = "a server does nothing until an application runs it"]
pub struct Server {
    front: Front,
    services: AtStart<Services>,
    layers: GivenLayers,
    offers_reflection: bool,
}

impl Server {
    /// A server with no service but health, at an address, such as `":9000"` or
    /// `([127, 0, 0, 1], 9000)` (port 0 lets the system choose), or wherever else a [`Listen`] says.
    pub fn new(listen: impl Into<Listen>) -> Server {
        Server::serving(listen.into(), AtStart::Given(Services::new()))
    }

    /// A server whose services are built when it starts, by a function that gets the server's
    /// [`Context`]: so services hold what the application has opened before, such as a pool of
    /// connections. The function is called at every start, before the address is bound, and has the time
    /// of the start. When it fails or panics, or adds a service twice, the start fails. What
    /// [`service`](Self::service) and [`reflection`](Self::reflection) add comes after it.
    ///
    /// ```
    /// use kit_transport::grpc;
    ///
    /// # #[derive(Clone)] struct Pool;
    /// # fn server(greeter: fn(Pool) -> Greeter) -> grpc::Server {
    /// grpc::Server::from_fn(":9000", move |ctx| async move {
    ///     let pool: Pool = ctx.get()?;
    ///     Ok(grpc::Services::new().service(greeter(pool)))
    /// })
    /// # }
    /// # use std::convert::Infallible;
    /// # use std::future::Ready;
    /// # use std::task::{Context, Poll};
    /// # use tonic::{body::Body, codegen::{Service, http}, server::NamedService};
    /// # #[derive(Clone)] struct Greeter;
    /// # impl NamedService for Greeter { const NAME: &'static str = "greeter"; }
    /// # impl Service<http::Request<Body>> for Greeter {
    /// #     type Response = http::Response<Body>;
    /// #     type Error = Infallible;
    /// #     type Future = Ready<Result<http::Response<Body>, Infallible>>;
    /// #     fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> { Poll::Ready(Ok(())) }
    /// #     fn call(&mut self, _: http::Request<Body>) -> Self::Future { std::future::ready(Ok(Default::default())) }
    /// # }
    /// ```
    pub fn from_fn<F, Fut>(listen: impl Into<Listen>, services: F) -> Server
    where
        F: Fn(Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Services, BoxError>> + Send + 'static,
    {
        Server::serving(listen.into(), AtStart::from_fn(services))
    }

    /// A server with no service but health, and with options that are data, such as those of a file: its
    /// address first.
    pub fn with_options(options: &ServerOptions) -> Server {
        Server::new(options.listen.clone()).options(options)
    }

    /// Replaces its address, and everything else that [`ServerOptions`] has. Methods called after it win.
    pub fn options(mut self, options: &ServerOptions) -> Server {
        self.front.listen.clone_from(&options.listen);
        self.front.options.clone_from(&options.connections);
        self.front.private = options.private;
        #[cfg(feature = "tls")]
        self.front.security.tls.clone_from(&options.tls);
        self.offers_reflection = options.reflection;
        self
    }

    fn serving(listen: Listen, services: AtStart<Services>) -> Server {
        Server {
            front: Front::new("grpc", listen),
            services,
            layers: GivenLayers::default(),
            offers_reflection: true,
        }
    }

    /// Adds a service, such as a generated `GreeterServer`, with or without interceptors. One
    /// whose name was added before is refused before the application starts.
    pub fn service<S>(self, service: S) -> Server
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
        self.and(move |services| services.service(service.clone()))
    }

    /// Offers reflection, versions `v1` and `v1alpha`, for an encoded file descriptor set and
    /// those of health and reflection themselves. Adds, when called again. A reflection service of your
    /// own takes the place of the one of its version.
    pub fn reflection(self, encoded_file_descriptor_set: &'static [u8]) -> Server {
        self.and(move |services| services.reflection(encoded_file_descriptor_set))
    }

    /// Whether the [reflection](Self::reflection) that was added is offered: a service that others reach
    /// may keep its interface to itself, by its configuration. Default: yes.
    pub fn offer_reflection(mut self, is_offered: bool) -> Server {
        self.offers_reflection = is_offered;
        self
    }

    /// Adds to the services, now or after they are built.
    fn and(self, add: impl Fn(Services) -> Services + Clone + Send + Sync + 'static) -> Server {
        let services = match self.services {
            AtStart::Given(given) => AtStart::Given(add(given)),
            AtStart::Built(build) => AtStart::from_fn(move |ctx| {
                let (building, add) = (build(ctx), add.clone());
                async move { Ok(add(building.await?)) }
            }),
        };
        Server { services, ..self }
    }

    /// Its name in logs, reports and errors. Default: `grpc`.
    ///
    /// As a builder's method it hides the one of the trait, which is
    /// `kit_transport::Server::name(&server)`; so does [`phase`](Self::phase).
    pub fn name(mut self, name: impl Into<Cow<'static, str>>) -> Server {
        self.front.name = name.into();
        self
    }

    /// The phase in which it starts; it stops in the reverse order. Default: [`Phase::SERVERS`].
    pub fn phase(mut self, phase: Phase) -> Server {
        self.front.phase = phase;
        self
    }

    /// Keeps it out of the endpoints that registries show, wherever it listens: for an admin
    /// server, or metrics. It can be reached all the same by its address; an address such as
    /// `localhost:9090` keeps other machines out.
    pub fn private(mut self) -> Server {
        self.front.private = true;
        self
    }

    /// Encrypts its connections; its endpoint becomes `grpcs://`.
    #[cfg(feature = "tls")]
    pub fn tls(mut self, tls: crate::Tls) -> Server {
        self.front.security.tls = Some(tls);
        self
    }

    /// Puts [layers](crate::layers) around everything that it serves. Both servers take the same ones. The
    /// first layer of a stack is the outermost. Given once: a second time is an error of the start.
    ///
    /// ```
    /// use kit_transport::grpc;
    /// use tower::{ServiceBuilder, layer::util::Identity};
    ///
    /// let stack = ServiceBuilder::new().layer(Identity::new());
    /// let server = grpc::Server::new(":9000").layers(stack);
    /// ```
    pub fn layers(mut self, stack: impl Stack) -> Server {
        self.layers.give(stack);
        self
    }

    /// The limits of its connections.
    pub fn connections(mut self, options: ConnectionOptions) -> Server {
        self.front.options = options;
        self
    }
}

#[async_trait]
impl crate::Server for Server {
    fn name(&self) -> &str {
        &self.front.name
    }

    fn phase(&self) -> Phase {
        self.front.phase
    }

    fn check(&self) -> Result<(), BoxError> {
        self.front.check()?;
        self.layers.check()?;
        match &self.services {
            AtStart::Given(services) => Ok(services.check()?),
            AtStart::Built(_) => Ok(()),
        }
    }

    async fn start(&self, ctx: &Context) -> Result<Vec<Listening>, BoxError> {
        crate::Server::check(self)?;
        let services = self.services.build(SERVICES, ctx).await?;
        // Services that are built are checked here for the first time.
        services.check()?;
        let services = if self.offers_reflection {
            services
        } else {
            services.without_reflection()
        };
        let handler = services.handler(ctx, self.layers.get())?;
        let schemes = &[("grpc", "grpcs")];
        Ok(self.front.start(ctx, handler, &[b"h2"], schemes).await?)
    }
}
