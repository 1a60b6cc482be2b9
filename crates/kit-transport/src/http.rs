//! HTTP/1.1 and HTTP/2 over any [`axum::Router`].

use std::borrow::Cow;
use std::convert::Infallible;
use std::net::SocketAddr;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, FromRequestParts};
use axum::response::IntoResponse as _;
use axum::routing::future::RouteFuture;
use http::request::Parts;
use http::{Extensions, Request, Response};
use hyper::body::{Body as _, Incoming};
use kit_sync::{BoxError, Scope};
use tower_service::Service as _;

use crate::driver::{self, Handler};
use crate::{ApiError, ConnectionOptions, Context, Draining, Listening, Peer};

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
/// let server = http::Server::new(([127, 0, 0, 1], 8000), router).named("public");
/// ```
#[derive(Clone, Debug)]
#[must_use = "a server does nothing until an application runs it"]
pub struct Server {
    name: Cow<'static, str>,
    address: SocketAddr,
    router: Router,
    options: ConnectionOptions,
}

impl Server {
    /// A server for `router` at `address`; port 0 lets the system choose.
    pub fn new(address: impl Into<SocketAddr>, router: Router) -> Server {
        Server {
            name: Cow::Borrowed("http"),
            address: address.into(),
            router,
            options: ConnectionOptions::default(),
        }
    }

    /// Its name in logs, reports and errors. Default: `http`.
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
        let (listener, address) = driver::listen(self.address).await?;
        let handler = HttpHandler {
            router: self.router.clone().with_state(()),
        };
        driver::serve(ctx, listener, handler, self.options.clone());
        Ok(vec![Listening::tcp("http", address)])
    }
}

#[derive(Clone)]
struct HttpHandler {
    router: Router,
}

impl Handler for HttpHandler {
    type Body = Body;
    type Future = RouteFuture<Infallible>;

    fn call(&self, request: Request<Incoming>) -> RouteFuture<Infallible> {
        // One allocation less for most requests.
        let request = request.map(|body| {
            if body.is_end_stream() {
                Body::empty()
            } else {
                Body::new(body)
            }
        });
        // A router is always ready.
        self.router.clone().call(request)
    }

    fn panicked() -> Response<Body> {
        ApiError::internal("", "internal error").into_response()
    }

    fn extend(&self, extensions: &mut Extensions, peer: Peer, _scope: &Scope) {
        extensions.insert(ConnectInfo(peer.remote));
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
        Ok(Draining::from_request_parts(parts, state).await?.peer())
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
