//! The one entry that the driver adds to a request's extensions.

use std::fmt;
use std::sync::Arc;

use http::Extensions;
use kit_sync::Scope;

use crate::exchange::draining::Draining;
use crate::exchange::handle::ExchangeHandle;
use crate::layers::facts::Facts;
use crate::layers::http::ErrorForm;
use crate::wire::peer::Peer;

/// What Kit knows of a request: the connection that it came by, its own response, and the values that
/// the application gave its components. Cheap to clone.
///
/// It is the one entry of Kit's in the extensions of every request; the extractors of axum's handlers
/// ([`Peer`], [`Draining`], `http::ServerScope`, and `Info` and `AppHandle` of `kit-app`) read from it,
/// and so does `grpc::RequestExt` for tonic. A layer takes it from the extensions itself:
///
/// ```
/// use axum::{Router, extract::Request, middleware, response::Response, routing::get};
/// use kit_transport::CallContext;
///
/// async fn with_client(request: Request, next: middleware::Next) -> Response {
///     let call = CallContext::of(request.extensions());
///     let client = call.map(|call| call.peer().remote.to_string());
///     let mut response = next.run(request).await;
///     if let Some(client) = client.and_then(|client| client.parse().ok()) {
///         response.headers_mut().insert("x-client", client);
///     }
///     response
/// }
///
/// let router: Router = Router::new()
///     .route("/hello", get(|| async { "Hello" }))
///     .layer(middleware::from_fn(with_client));
/// ```
#[derive(Clone)]
pub struct CallContext {
    pub(crate) exchange: ExchangeHandle,
    /// The form of its errors, on HTTP.
    #[cfg_attr(
        not(any(feature = "http", feature = "grpc")),
        expect(dead_code, reason = "there are no layers")
    )]
    pub(crate) form: Option<ErrorForm>,
    /// Once the layers of a server have the request.
    pub(crate) facts: Option<Arc<Facts>>,
}

impl CallContext {
    pub(crate) fn new(exchange: ExchangeHandle, form: Option<ErrorForm>) -> CallContext {
        CallContext {
            exchange,
            form,
            facts: None,
        }
    }

    /// The entry in these extensions of a request; `None` if the request did not come by a server of
    /// Kit's, as in a test that calls a router itself.
    #[must_use]
    pub fn of(extensions: &Extensions) -> Option<&CallContext> {
        extensions.get()
    }

    /// The two ends of the connection.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "it never does")]
    pub fn peer(&self) -> &Peer {
        let peer = self.exchange.about().peer();
        peer.expect("a request comes from a connection that is ready")
    }

    /// The server's scope, for tasks that outlive the response. Its token is cancelled when the drain
    /// begins.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        self.exchange.about().scope()
    }

    /// The drain, as this response sees it. Asking for it leaves the response what it is.
    #[must_use]
    pub fn draining(&self) -> Draining {
        Draining::new(self.exchange.clone())
    }

    /// The value of this type that the application gave its components
    /// ([`Context::with_app_values`](crate::Context::with_app_values)); an app of `kit-app` gives its
    /// `Info` and its `AppHandle`.
    #[must_use]
    pub fn app<T: Send + Sync + 'static>(&self) -> Option<&T> {
        self.exchange.about().app_values().get()
    }
}

impl fmt::Debug for CallContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallContext")
            .field("peer", self.peer())
            .field("scope", &self.scope().path())
            .field("is_draining", &self.scope().is_cancelled())
            .field("facts", &self.facts)
            .finish_non_exhaustive()
    }
}
