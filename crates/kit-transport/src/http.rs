//! HTTP/1.1 and HTTP/2 over any [`axum::Router`].

use std::borrow::Cow;

use async_trait::async_trait;
use axum::Router;
use axum::extract::FromRequestParts;
use http::request::Parts;
use kit_sync::{BoxError, Scope};

#[cfg(feature = "tls")]
use crate::Tls;
use crate::connection::security::Security;
#[cfg(feature = "grpc")]
use crate::grpc;
use crate::listen::accept;
use crate::listen::listener::Listener;
use crate::{
    ApiError, ConnectionOptions, Context, Draining, Listen, Listening, Peer, Phase, StartError,
};

mod handler;
#[cfg(feature = "ws")]
mod websocket;

use handler::HttpHandler;
#[cfg(feature = "ws")]
pub use websocket::{WebSocket, WebSocketUpgrade};

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
    name: Cow<'static, str>,
    phase: Phase,
    private: bool,
    listen: Listen,
    router: Router,
    #[cfg(feature = "grpc")]
    grpc: Option<grpc::Services>,
    options: ConnectionOptions,
    security: Security,
}

impl Server {
    /// A server for `router` at an address, such as `":8000"` or `([127, 0, 0, 1], 8000)` (port 0
    /// lets the system choose), or wherever else a [`Listen`] says.
    pub fn new(listen: impl Into<Listen>, router: Router) -> Server {
        Server {
            name: Cow::Borrowed("http"),
            phase: Phase::SERVERS,
            private: false,
            listen: listen.into(),
            router,
            #[cfg(feature = "grpc")]
            grpc: None,
            options: ConnectionOptions::default(),
            security: Security::default(),
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
    pub fn grpc(self, services: grpc::Services) -> Server {
        Server {
            grpc: Some(services),
            ..self
        }
    }

    /// Its name in logs, reports and errors. Default: `http`.
    ///
    /// As a builder's method it hides the one of the trait, which is
    /// `kit_transport::Server::name(&server)`; so does [`phase`](Self::phase).
    pub fn name(self, name: impl Into<Cow<'static, str>>) -> Server {
        Server {
            name: name.into(),
            ..self
        }
    }

    /// The phase in which it starts; it stops in the reverse order. Default: [`Phase::SERVERS`].
    pub fn phase(self, phase: Phase) -> Server {
        Server { phase, ..self }
    }

    /// Keeps it out of the endpoints that registries show, wherever it listens: for an admin
    /// server, or metrics. It is reached all the same by those who know its address; an address
    /// such as `localhost:9090` keeps other machines out.
    pub fn private(self) -> Server {
        Server {
            private: true,
            ..self
        }
    }

    /// Encrypts its connections; its endpoint becomes `https://`.
    #[cfg(feature = "tls")]
    pub fn tls(self, tls: Tls) -> Server {
        let security = Security { tls: Some(tls) };
        Server { security, ..self }
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

    fn phase(&self) -> Phase {
        self.phase
    }

    fn check(&self) -> Result<(), BoxError> {
        self.options.check()?;
        self.listen.check().map_err(StartError::from)?;
        #[cfg(feature = "grpc")]
        if let Some(grpc) = &self.grpc {
            grpc.check()?;
        }
        Ok(())
    }

    async fn start(&self, ctx: &Context) -> Result<Vec<Listening>, BoxError> {
        crate::Server::check(self)?;
        let handler = HttpHandler {
            router: self.router.clone().with_state(()),
            max_body: self.options.max_body,
            #[cfg(feature = "grpc")]
            grpc: self
                .grpc
                .as_ref()
                .map(|grpc| grpc.routes(ctx))
                .transpose()?,
        };
        let secured = self.security.start(&[b"h2", b"http/1.1"], ctx).await?;
        let listener = Listener::bind(&self.listen, ctx).await?;
        let here = |plain, encrypted| {
            let listening = listener.listening(self.security.scheme(plain, encrypted));
            if self.private {
                return listening.private();
            }
            listening
        };
        #[cfg_attr(not(feature = "grpc"), expect(unused_mut))]
        let mut listening = vec![here("http", "https")];
        #[cfg(feature = "grpc")]
        if self.grpc.is_some() {
            listening.push(here("grpc", "grpcs"));
        }
        accept::serve(ctx, listener, handler, self.options.clone(), secured);
        Ok(listening)
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

/// Where a handler may leave tasks that outlive its response: the server's scope, told when the
/// drain begins.
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
