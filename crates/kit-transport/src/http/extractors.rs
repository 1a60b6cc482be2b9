//! The extractors for handlers of axum.

use axum::extract::FromRequestParts;
use http::request::Parts;
use kit_sync::Scope;

use crate::{ApiError, CallContext, Draining, Peer};

impl<S: Sync> FromRequestParts<S> for CallContext {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<CallContext, ApiError> {
        call_of(parts).cloned()
    }
}

impl<S: Sync> FromRequestParts<S> for Draining {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Draining, ApiError> {
        call_of(parts).map(CallContext::draining)
    }
}

impl<S: Sync> FromRequestParts<S> for Peer {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Peer, ApiError> {
        call_of(parts).map(|call| call.peer().clone())
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

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<ServerScope, ApiError> {
        call_of(parts).map(|call| ServerScope(call.scope().clone()))
    }
}

fn call_of(parts: &Parts) -> Result<&CallContext, ApiError> {
    CallContext::of(&parts.extensions).ok_or_else(|| {
        ApiError::internal("", "internal error")
            .with_source("the request did not come by a server of Kit's")
    })
}
