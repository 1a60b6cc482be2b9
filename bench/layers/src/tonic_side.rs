//! gRPC: tonic's server in layers.

use bench_greeter::service;
use bytes::Bytes;
use http::{Request, Response};
use tonic::Status;
use tonic::body::Body;
use tonic::service::{InterceptorLayer, Routes};
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tower::limit::GlobalConcurrencyLimitLayer;
use tower::load_shed::LoadShedLayer;
use tower::{BoxError, Layer, Service};
use tower_http::auth::AsyncRequireAuthorizationLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::trace::TraceLayer;

use crate::axum_side::{LONG, MANY};
use crate::tower_side::Failed;

/// Serves with the counterpart of the stack of this name.
pub(crate) async fn serve(name: &str, incoming: TcpIncoming) -> Result<(), Failed> {
    let bare = Server::builder;
    let pass = || InterceptorLayer::new(pass as fn(tonic::Request<()>) -> _);
    match name {
        "none" => {
            let served = bare().add_service(service());
            Ok(served.serve_with_incoming(incoming).await?)
        }
        "empty" => run(pass(), incoming).await,
        "five" => run((pass(), pass(), pass(), pass(), pass()), incoming).await,
        "deadline" => {
            let served = bare().timeout(LONG).add_service(service());
            Ok(served.serve_with_incoming(incoming).await?)
        }
        "concurrency" => {
            let limit = GlobalConcurrencyLimitLayer::new(MANY);
            run((LoadShedLayer::new(), limit), incoming).await
        }
        "authenticate" => run(AsyncRequireAuthorizationLayer::new(known), incoming).await,
        "request-id" => {
            let ids = (
                SetRequestIdLayer::x_request_id(MakeRequestUuid),
                PropagateRequestIdLayer::x_request_id(),
            );
            run(ids, incoming).await
        }
        "trace" => run(TraceLayer::new_for_grpc(), incoming).await,
        _ => Err(format!("there is no counterpart of `{name}` for gRPC").into()),
    }
}

async fn run<L, B>(layer: L, incoming: TcpIncoming) -> Result<(), Failed>
where
    L: Layer<Routes> + Clone,
    L::Service: Service<
            Request<Body>,
            Response = Response<B>,
            Error: Into<BoxError> + Send + 'static,
            Future: Send + 'static,
        > + Clone
        + Send
        + 'static,
    B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    let served = Server::builder().layer(layer).add_service(service());
    Ok(served.serve_with_incoming(incoming).await?)
}

fn pass(request: tonic::Request<()>) -> Result<tonic::Request<()>, Status> {
    Ok(request)
}

/// The claims of a caller.
#[derive(Clone)]
struct Caller(#[expect(dead_code, reason = "no method reads it")] usize);

/// A caller that is known without work, and its claims in the request's extensions.
async fn known(mut request: Request<Body>) -> Result<Request<Body>, Response<Body>> {
    let claims = Caller(request.headers().len());
    request.extensions_mut().insert(claims);
    Ok(request)
}
