//! The extractors for handlers of axum.

use std::any::type_name;
use std::convert::Infallible;

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;
use kit_sync::Scope;

use crate::layers::known::claims_in;
use crate::layers::{Claims, Metadata, RequestId};
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

/// Fails on a server without [`layers::request_id`](crate::layers::request_id()).
impl<S: Sync> FromRequestParts<S> for RequestId {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<RequestId, ApiError> {
        call_of(parts)?.request_id().cloned().ok_or_else(|| {
            ApiError::internal("", "internal error").with_source(
                "a handler asked for the id of its request outside layers::request_id()",
            )
        })
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for RequestId {
    type Rejection = Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        _state: &S,
    ) -> Result<Option<RequestId>, Infallible> {
        let call = CallContext::of(&parts.extensions);
        Ok(call.and_then(CallContext::request_id).cloned())
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

impl<T: Send + Sync + 'static, S: Sync> FromRequestParts<S> for Claims<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Claims<T>, ApiError> {
        claims_in(&parts.extensions).ok_or_else(|| {
            let why = format!(
                "the handler takes `Claims<{}>`, and no authentication layer has found any for this \
                 request: put `layers::authenticate` outside and exclude no such route, or take \
                 `Option<Claims<…>>`",
                type_name::<T>()
            );
            ApiError::internal("", "internal error").with_source(why)
        })
    }
}

impl<S: Sync> FromRequestParts<S> for Metadata {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Metadata, ApiError> {
        call_of(parts)?.metadata().cloned().ok_or_else(|| {
            ApiError::internal("", "internal error")
                .with_source("the server takes in no metadata: it needs layers::metadata()")
        })
    }
}

impl<T: Send + Sync + 'static, S: Sync> OptionalFromRequestParts<S> for Claims<T> {
    type Rejection = Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        _state: &S,
    ) -> Result<Option<Claims<T>>, Infallible> {
        Ok(claims_in(&parts.extensions))
    }
}

fn call_of(parts: &Parts) -> Result<&CallContext, ApiError> {
    CallContext::of(&parts.extensions).ok_or_else(|| {
        ApiError::internal("", "internal error")
            .with_source("the request did not come by a server of Kit's")
    })
}
