//! The side of Kit.

use axum::http::HeaderMap;
use axum::routing::post;
use axum::{Json, Router};
use kit::http::ErrorShape;
use kit::layers::{self, Current};
use kit::{ApiError, App, AppBuilder, grpc, http};
use tonic::{Request, Response};

use crate::ask::ask;
use crate::messages::Status;
use crate::messages::interop_server::{Interop, InteropServer};

/// An app that serves both methods on HTTP and on gRPC, with errors of this shape on HTTP.
pub fn service(shape: ErrorShape) -> AppBuilder {
    let http = http::Server::new(":0", routes()).error_shape(shape);
    let grpc = grpc::Server::new(":0").service(InteropServer::new(OnGrpc));
    let layers = || (layers::request_id(), layers::trace(), layers::metadata());
    App::builder("kit")
        .server(http.layers(layers()))
        .server(grpc.layers(layers()))
}

fn routes() -> Router {
    Router::new()
        .route("/Fail", post(async |Json(request)| fail(request).map(Json)))
        .route(
            "/Relay",
            post(async |Json(request)| relay(request).await.map(Json)),
        )
}

struct OnGrpc;

#[tonic::async_trait]
impl Interop for OnGrpc {
    async fn fail(&self, request: Request<Status>) -> Result<Response<Status>, tonic::Status> {
        Ok(Response::new(fail(request.into_inner())?))
    }

    async fn relay(&self, request: Request<Status>) -> Result<Response<Status>, tonic::Status> {
        Ok(Response::new(relay(request.into_inner()).await?))
    }
}

fn fail(request: Status) -> Result<Status, ApiError> {
    Err(request.into())
}

/// Hands the call on with what the layers hand on.
async fn relay(request: Status) -> Result<Status, ApiError> {
    let missing = || ApiError::internal("NO_LAYERS", "the server has layers");
    let current = Current::get().ok_or_else(missing)?;
    let (next, rest) = request
        .message
        .split_once(' ')
        .unwrap_or((&request.message, ""));
    if next.is_empty() {
        return Ok(seen(&current));
    }
    let mut headers = HeaderMap::new();
    current.propagate(&mut headers);
    let request = Status {
        message: rest.to_owned(),
        ..Status::default()
    };
    ask(next, "Relay", headers, &request).await
}

/// The metadata of a request, and the `traceparent` that came with it; several values of a name are
/// separated by commas.
fn seen(current: &Current) -> Status {
    let mut seen = Status::default();
    for (name, value) in current
        .metadata()
        .iter()
        .flat_map(|metadata| metadata.iter())
    {
        let values = seen.metadata.entry(name.to_owned()).or_default();
        if !values.is_empty() {
            values.push(',');
        }
        values.push_str(value);
    }
    let trace = current.trace();
    if let Some((trace, parent)) = trace.and_then(|trace| Some((trace, trace.parent_id()?))) {
        let traceparent = format!("00-{}-{parent}-{:02x}", trace.trace_id(), trace.flags());
        seen.metadata.insert("traceparent".to_owned(), traceparent);
    }
    seen
}
