//! HTTP/1.1 and HTTP/2 over any [`axum::Router`].

use std::borrow::Cow;

use async_trait::async_trait;
use axum::Router;
use axum::extract::FromRequestParts;
use http::request::Parts;
use kit_sync::{BoxError, Scope};

use crate::front::Front;
use crate::{ApiError, ConnectionOptions, Context, Draining, Listen, Listening, Peer, Phase};

#[cfg_attr(not(feature = "grpc"), path = "http/no_grpc.rs")]
mod grpc;
mod handler;
#[cfg(feature = "ws")]
mod websocket;

use grpc::Services;
use handler::HttpHandler;
#[cfg(feature = "ws")]
pub use websocket::{WebSocket, WebSocketUpgrade};

/// For ALPN, best first.
const PROTOCOLS: &[&[u8]] = &[b"h2", b"http/1.1"];

/// An HTTP server: HTTP/1.1 and HTTP/2 (with prior knowledge) on one address.
///
/// It serves an [`axum::Router`]; any tower service becomes one by
/// `Router::new().fallback_service(service)`. Handlers can extract axum's
/// `ConnectInfo<SocketAddr>`, [`Peer`], [`Draining`], [`ServerScope`], and as `Extension<T>` what
/// the application gave ([`Context::extensions`]).
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
    router: Router,
    grpc: Option<Services>,
}

impl Server {
    /// A server for `router` at an address, such as `":8000"` or `([127, 0, 0, 1], 8000)` (port 0
    /// lets the system choose), or wherever else a [`Listen`] says.
    pub fn new(listen: impl Into<Listen>, router: Router) -> Server {
        Server {
            front: Front::new("http", listen.into()),
            router,
            grpc: None,
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
        self.grpc = Some(services);
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
        Ok(self.grpc.as_ref().map_or(Ok(()), Services::check)?)
    }

    async fn start(&self, ctx: &Context) -> Result<Vec<Listening>, BoxError> {
        crate::Server::check(self)?;
        let grpc = self.grpc.as_ref();
        let handler = HttpHandler {
            router: self.router.clone().with_state(()),
            max_body: self.front.options.max_body,
            beside: grpc.map(|grpc| grpc.handler(ctx)).transpose()?,
        };
        let schemes: &[_] = match grpc {
            Some(_) => &[("http", "https"), ("grpc", "grpcs")],
            None => &[("http", "https")],
        };
        let started = self.front.start(ctx, handler, PROTOCOLS, schemes);
        Ok(started.await?)
    }
}

impl<S: Sync> FromRequestParts<S> for Draining {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Draining, ApiError> {
        let missing = || {
            ApiError::internal("", "internal error")
                .with_source("the request did not come by Kit's server")
        };
        parts.extensions.get().cloned().ok_or_else(missing)
    }
}

impl<S: Sync> FromRequestParts<S> for Peer {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Peer, ApiError> {
        let draining = Draining::from_request_parts(parts, state).await?;
        let peer = draining.exchanges().about.peer();
        Ok(peer
            .cloned()
            .expect("a request comes from a connection that is ready"))
    }
}

/// The server's scope, for tasks of a handler that outlive its response. Its token is cancelled
/// when the drain begins.
///
/// ```
/// use kit_transport::http::ServerScope;
///
/// async fn handler(ServerScope(scope): ServerScope) {
///     scope.spawn("audit", async { Ok(()) });
/// }
/// ```
#[derive(Clone, Debug)]
pub struct ServerScope(pub Scope);

impl<S: Sync> FromRequestParts<S> for ServerScope {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<ServerScope, ApiError> {
        let draining = Draining::from_request_parts(parts, state).await?;
        Ok(ServerScope(draining.scope().clone()))
    }
}
