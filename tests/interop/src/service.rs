//! The side of Kit.

use axum::routing::post;
use axum::{Json, Router};
use kit::http::ErrorShape;
use kit::{ApiError, App, AppBuilder, grpc, http};
use tonic::{Request, Response};

use crate::ask::ask;
use crate::messages::Status;
use crate::messages::interop_server::{Interop, InteropServer};

/// An app that serves both methods on HTTP and on gRPC, with errors of this shape on HTTP.
pub fn service(shape: ErrorShape) -> AppBuilder {
    let routes = Router::new()
        .route("/Fail", post(async |Json(request)| fail(request).map(Json)))
        .route(
            "/Relay",
            post(async |Json(request)| relay(request).await.map(Json)),
        );
    App::builder("kit")
        .server(http::Server::new(":0", routes).error_shape(shape))
        .server(grpc::Server::new(":0").service(InteropServer::new(OnGrpc)))
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

async fn relay(request: Status) -> Result<Status, ApiError> {
    match request.message.split_once(' ') {
        _ if request.message.is_empty() => Ok(Status::default()),
        Some((next, rest)) => ask(next, "Relay", &with_message(rest)).await,
        None => ask(&request.message, "Relay", &with_message("")).await,
    }
}

fn with_message(message: &str) -> Status {
    Status {
        message: message.to_owned(),
        ..Status::default()
    }
}
