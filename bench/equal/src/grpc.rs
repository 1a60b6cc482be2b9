//! gRPC: tonic's server with its own timeouts and limits, and tower-http's layer for panics.

use std::any::Any;

use bench_greeter::service;
use http::Response;
use tokio_util::sync::CancellationToken;
use tonic::Status;
use tonic::body::Body;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tower_http::catch_panic::CatchPanicLayer;

use crate::Failed;
use crate::limits::{KEEP_ALIVE, MAX_AGE, MAX_STREAMS, PING, REQUEST};

/// Serves until `stop` is cancelled, and then until the last call has its answer.
pub(crate) async fn serve(incoming: TcpIncoming, stop: CancellationToken) -> Result<(), Failed> {
    let incoming = incoming
        .with_nodelay(Some(true))
        .with_keepalive(Some(KEEP_ALIVE));
    Server::builder()
        .timeout(REQUEST)
        .max_concurrent_streams(MAX_STREAMS)
        .max_connection_age(MAX_AGE)
        .http2_keepalive_interval(Some(PING))
        .http2_keepalive_timeout(Some(PING))
        .layer(CatchPanicLayer::custom(panicked))
        .add_service(service())
        .serve_with_incoming_shutdown(incoming, stop.cancelled_owned())
        .await?;
    Ok(())
}

fn panicked(_: Box<dyn Any + Send>) -> Response<Body> {
    tracing::error!("a handler has panicked");
    Status::internal("internal error").into_http()
}
