//! HTTP/1.1 and HTTP/2 over any [`axum::Router`].

use std::borrow::Cow;

use async_trait::async_trait;
use axum::Router;
use kit_sync::BoxError;

use crate::at_start::AtStart;
use crate::front::Front;
use crate::layers::Stack;
use crate::layers::stack::GivenLayers;
use crate::{ConnectionOptions, Context, Listen, Listening, Phase};

pub(crate) mod error_form;
mod extract;
mod extractors;
#[cfg_attr(not(feature = "grpc"), path = "http/no_grpc.rs")]
mod grpc;
mod handler;
mod options;
mod partly_read;
pub(crate) mod probe_mark;
mod probes;
mod rejection;
#[cfg(feature = "ws")]
mod websocket;

pub use crate::error::http::shape::ErrorShape;
pub use extract::{Form, Json, Path, Query, Valid};
pub use extractors::ServerScope;
use grpc::Services;
use handler::HttpHandler;
pub use options::ServerOptions;
pub use probes::probes;
#[cfg(feature = "ws")]
pub use websocket::{WebSocket, WebSocketUpgrade};

/// For ALPN, best first.
const PROTOCOLS: &[&[u8]] = &[b"h2", b"http/1.1"];

/// An HTTP server: HTTP/1.1 and HTTP/2 (with prior knowledge) on one address.
///
/// It serves an [`axum::Router`]; any tower service becomes one by
/// `Router::new().fallback_service(service)`. Handlers can extract [`Peer`](crate::Peer),
/// [`Draining`](crate::Draining), [`ServerScope`], a request's [`Json`], [`Query`], [`Path`] and [`Form`], in an app of `kit-app` its `Info` and its
/// `AppHandle`, and as `Extension<T>` what the application's author added
/// ([`Context::extensions`]). Layers find a [`CallContext`](crate::CallContext).
///
/// A handler that panics answers 500; the panic is logged, the connection and the server live on.
///
/// ```
/// use axum::{Router, routing::get};
/// use kit_transport::http;
///
/// let router = Router::new().route("/hello", get(|| async { "Hello" }));
/// let server = http::Server::new(":8000", router);
/// // One more, which is not for others.
/// let admin = http::Server::new("localhost:9090", Router::new()).name("admin").private();
/// ```
#[derive(Clone, Debug)]
#[must_use = "a server does nothing until an application runs it"]
pub struct Server {
    front: Front,
    routes: AtStart<Router>,
    grpc: Option<AtStart<Services>>,
    connect_info: bool,
    layers: GivenLayers,
    error_shape: ErrorShape,
}

impl Server {
    /// A server for `router` at an address, such as `":8000"` or `([127, 0, 0, 1], 8000)` (port 0
    /// lets the system choose), or wherever else a [`Listen`] says.
    pub fn new(listen: impl Into<Listen>, router: Router) -> Server {
        Server::serving(listen.into(), AtStart::Given(router))
    }

    /// A server whose routes are built when it starts, by a function that gets the server's
    /// [`Context`]: so handlers hold as axum's state what the application has opened before, such as a
    /// pool of connections. The function is called at every start, before the address is bound, and has
    /// the time of the start. When it fails or panics, the start fails.
    ///
    /// ```
    /// use axum::{Router, extract::State, routing::get};
    /// use kit_transport::http;
    ///
    /// // A resource of the application.
    /// #[derive(Clone)]
    /// struct Pool;
    ///
    /// async fn count(State(_pool): State<Pool>) -> &'static str {
    ///     "7"
    /// }
    ///
    /// let server = http::Server::from_fn(":8000", |ctx| async move {
    ///     let pool: Pool = ctx.get()?;
    ///     Ok(Router::new().route("/count", get(count)).with_state(pool))
    /// });
    /// ```
    pub fn from_fn<F, Fut>(listen: impl Into<Listen>, routes: F) -> Server
    where
        F: Fn(Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Router, BoxError>> + Send + 'static,
    {
        Server::serving(listen.into(), AtStart::from_fn(routes))
    }

    /// A server for `router` with options that are data, such as those of a file: its address first.
    pub fn with_options(options: &ServerOptions, router: Router) -> Server {
        Server::new(options.listen.clone(), router).options(options)
    }

    /// Replaces its address, and everything else that [`ServerOptions`] has. Methods called after it win.
    pub fn options(mut self, options: &ServerOptions) -> Server {
        self.front.listen.clone_from(&options.listen);
        self.front.options.clone_from(&options.connections);
        self.front.private = options.private;
        #[cfg(feature = "tls")]
        self.front.security.tls.clone_from(&options.tls);
        self.error_shape = options.error_shape;
        self.connect_info = options.connect_info;
        self
    }

    fn serving(listen: Listen, routes: AtStart<Router>) -> Server {
        Server {
            front: Front::new("http", listen),
            routes,
            grpc: None,
            connect_info: false,
            layers: GivenLayers::default(),
            error_shape: ErrorShape::default(),
        }
    }

    /// Serves gRPC on the same port: requests whose content type begins with `application/grpc` go
    /// to these services, all others to the routes.
    ///
    /// ```
    /// use axum::{Router, routing::get};
    /// use kit_transport::{grpc, http};
    ///
    /// let router = Router::new().route("/hello", get(|| async { "Hello" }));
    /// // With `.service(…)` for each generated server.
    /// let services = grpc::Services::new();
    /// let server = http::Server::new(([127, 0, 0, 1], 8000), router).grpc(services);
    /// ```
    #[cfg(feature = "grpc")]
    pub fn grpc(mut self, services: crate::grpc::Services) -> Server {
        self.grpc = Some(AtStart::Given(services));
        self
    }

    /// [`grpc`](Self::grpc) with services that are built when the server starts, as the routes of
    /// [`from_fn`](Self::from_fn) are.
    ///
    /// ```
    /// use axum::Router;
    /// use kit_transport::{grpc, http};
    ///
    /// let server = http::Server::new(":8000", Router::new()).grpc_from_fn(|ctx| async move {
    ///     ctx.remark("building services");
    ///     Ok(grpc::Services::new())
    /// });
    /// ```
    #[cfg(feature = "grpc")]
    pub fn grpc_from_fn<F, Fut>(mut self, services: F) -> Server
    where
        F: Fn(Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<crate::grpc::Services, BoxError>> + Send + 'static,
    {
        self.grpc = Some(AtStart::from_fn(services));
        self
    }

    /// Its name in logs, reports and errors. Default: `http`.
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

    /// Encrypts its connections; its endpoint becomes `https://`.
    #[cfg(feature = "tls")]
    pub fn tls(mut self, tls: crate::Tls) -> Server {
        self.front.security.tls = Some(tls);
        self
    }

    /// Adds the client's address to every request as axum's `ConnectInfo<SocketAddr>`, for handlers
    /// and layers that others have written; those of one's own take [`Peer`](crate::Peer), which costs
    /// a request nothing. A client of a Unix socket has no such address. Default: no.
    ///
    /// ```
    /// use std::net::SocketAddr;
    ///
    /// use axum::{Router, extract::ConnectInfo, routing::get};
    /// use kit_transport::http;
    ///
    /// async fn address(ConnectInfo(client): ConnectInfo<SocketAddr>) -> String {
    ///     client.to_string()
    /// }
    ///
    /// let router = Router::new().route("/address", get(address));
    /// let server = http::Server::new(":8000", router).connect_info();
    /// ```
    pub fn connect_info(mut self) -> Server {
        self.connect_info = true;
        self
    }

    /// Puts [layers](crate::layers) around each of its routes, and around the services of
    /// [`grpc`](Self::grpc). Both kinds of server take the same ones. The first layer of a stack is the
    /// outermost. Given once: a second time is an error of the start.
    ///
    /// ```
    /// use axum::{Router, routing::get};
    /// use kit_transport::http;
    /// use tower::ServiceBuilder;
    /// use tower_http::cors::CorsLayer;
    ///
    /// let router = Router::new().route("/hello", get(|| async { "Hello" }));
    /// let stack = ServiceBuilder::new().layer(CorsLayer::permissive());
    /// let server = http::Server::new(":8000", router).layers(stack);
    /// ```
    pub fn layers(mut self, stack: impl Stack) -> Server {
        self.layers.give(stack);
        self
    }

    /// The shape of its answers with a status of 400 or more. Default: [`ErrorShape::Kratos`].
    ///
    /// Every such answer has it: an [`ApiError`](crate::ApiError), what the server answers by itself
    /// (a body too large, no answer in time, a panic), and a status without a body, such as a router's
    /// answer to an unknown path. What a handler wrote stays as it is: an answer with a body, or with a
    /// `Content-Type`. To a client that prefers `application/protobuf` by its `Accept` (or
    /// `application/proto`, `application/x-protobuf`) it is the message of Kratos in each shape.
    ///
    /// ```
    /// use axum::Router;
    /// use kit_transport::http::{self, ErrorShape};
    ///
    /// let server = http::Server::new(":8000", Router::new()).error_shape(ErrorShape::Problem);
    /// ```
    pub fn error_shape(mut self, shape: ErrorShape) -> Server {
        self.error_shape = shape;
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
        match &self.grpc {
            Some(AtStart::Given(services)) => Ok(services.check()?),
            Some(AtStart::Built(_)) | None => Ok(()),
        }
    }

    async fn start(&self, ctx: &Context) -> Result<Vec<Listening>, BoxError> {
        crate::Server::check(self)?;
        let router = self.routes.build("routes", ctx).await?;
        let grpc = match &self.grpc {
            Some(services) => Some(services.build("gRPC services", ctx).await?),
            None => None,
        };
        // Services that are built are checked here for the first time.
        grpc.as_ref().map_or(Ok(()), Services::check)?;
        let (router, max_body) = (router.with_state(()), self.front.options.max_body);
        let layers = self.layers.get();
        let beside = grpc.map(|grpc| grpc.handler(ctx, layers)).transpose()?;
        let (router, max_body) = match layers {
            // The limit stands behind the layers.
            Some(layers) => (layers.routes().around(router, max_body), None),
            None => (router, max_body),
        };
        let handler = HttpHandler {
            router,
            max_body,
            connect_info: self.connect_info,
            error_shape: self.error_shape,
            beside,
        };
        let schemes: &[_] = match self.grpc {
            Some(_) => &[("http", "https"), ("grpc", "grpcs")],
            None => &[("http", "https")],
        };
        let started = self.front.start(ctx, handler, PROTOCOLS, schemes);
        Ok(started.await?)
    }
}
