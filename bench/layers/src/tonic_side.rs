//! gRPC: tonic's server in layers.

use axum_prometheus::BaseMetricLayer;
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

use crate::axum_side::{LONG, MANY, line, span};
use crate::tower_side::Failed;

/// Serves with the counterpart of the stack of this name.
///
/// The type of a stack is that of its server, so each arm serves by itself. tonic has its timeout inside
/// the layers that a server is given, as an option of the server.
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
        "trace" => {
            let spans = TraceLayer::new_for_grpc().make_span_with(span());
            let spans = spans.on_request(()).on_response(()).on_eos(());
            run(spans, incoming).await
        }
        "access-log" => {
            let lines = TraceLayer::new_for_grpc().make_span_with(span());
            run(lines.on_response(line()), incoming).await
        }
        "metrics" => run(BaseMetricLayer::new(), incoming).await,
        "standard" => {
            let ids = (
                SetRequestIdLayer::x_request_id(MakeRequestUuid),
                PropagateRequestIdLayer::x_request_id(),
            );
            let lines = TraceLayer::new_for_grpc().make_span_with(span());
            let metrics = BaseMetricLayer::new();
            run((ids, lines.on_response(line()), metrics), incoming).await
        }
        "six" | "standard-limited" => {
            let ids = (
                SetRequestIdLayer::x_request_id(MakeRequestUuid),
                PropagateRequestIdLayer::x_request_id(),
            );
            let lines = TraceLayer::new_for_grpc().make_span_with(span());
            let limit = GlobalConcurrencyLimitLayer::new(MANY);
            let lines = lines.on_response(line());
            let metrics = BaseMetricLayer::new();
            let stack = (ids, lines, metrics, LoadShedLayer::new(), limit);
            let mut server = Server::builder().timeout(LONG).layer(stack);
            let served = server.add_service(service());
            Ok(served.serve_with_incoming(incoming).await?)
        }
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
