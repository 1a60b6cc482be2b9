//! An enum of reasons, from a handler to a client, by both protocols.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use ::http::uri::PathAndQuery;
use ::http::{Request, StatusCode};
use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use kit_transport::http::ErrorShape;
use kit_transport::{ApiError, Reasons, grpc, http};
use tonic::body::Body;
use tonic::codegen::Service;
use tonic::server::{Grpc, NamedService};
use tonic::transport::Endpoint;
use tonic::{Response, Status};
use tonic_prost::ProstCodec;

use crate::client::http2;
use crate::fixture::{ANY_PORT, Fixture, PATIENCE};

#[derive(Debug, PartialEq, Reasons)]
enum OrderError {
    #[reason(code = 404, message = "there is no order {id}")]
    OrderUnknown { id: u64 },
    #[reason(code = 409)]
    AlreadySent,
    #[reason(code = 422, reason = "ODD")]
    Strange { text: String },
}

/// The reason why there is no order of this number.
fn find(id: u64) -> OrderError {
    match id {
        0 => OrderError::AlreadySent,
        1 => OrderError::Strange {
            text: "\u{20ac} \"%\"\n".to_owned(),
        },
        id => OrderError::OrderUnknown { id },
    }
}

#[derive(Clone)]
struct Orders;

impl NamedService for Orders {
    const NAME: &'static str = "test.Orders";
}

impl Service<Request<Body>> for Orders {
    type Response = ::http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let find = tower::service_fn(async |request: tonic::Request<u64>| {
            Err::<Response<u64>, Status>(find(request.into_inner()).into())
        });
        Box::pin(async move {
            let mut grpc = Grpc::new(ProstCodec::<u64, u64>::default());
            Ok(grpc.unary(find, request).await)
        })
    }
}

#[tokio::test]
async fn a_client_of_either_protocol_finds_the_reason_and_its_fields() {
    let find_one = async |Path(id): Path<u64>| Err::<(), ApiError>(find(id).into());
    for shape in [ErrorShape::Kratos, ErrorShape::Aip193, ErrorShape::Problem] {
        let router = Router::new().route("/orders/{id}", get(find_one));
        let services = grpc::Services::new().service(Orders);
        let server = http::Server::new(ANY_PORT, router);
        let server = Fixture::start(server.error_shape(shape).grpc(services)).await;
        let mut client = http2(server.address).await;
        let channel = Endpoint::from_shared(format!("http://{}", server.address));
        let channel = channel.unwrap().connect().await.expect("it accepts");
        let mut calls = tonic::client::Grpc::new(channel);
        for id in [0, 1, u64::MAX] {
            for accept in ["application/json", "application/protobuf"] {
                let request = Request::get(format!("http://test/orders/{id}"));
                let request = request.header("accept", accept).body(Empty::<Bytes>::new());
                let answer = client.send_request(request.unwrap()).await.unwrap();
                let (head, body) = answer.into_parts();
                let kind = head.headers["content-type"].to_str().ok();
                let body = body.collect().await.unwrap().to_bytes();
                let error = ApiError::from_response(head.status, kind, &body);
                assert_eq!(OrderError::from_api(&error), Some(find(id)), "{error:?}");
                assert_ne!(head.status, StatusCode::INTERNAL_SERVER_ERROR);
            }
            calls.ready().await.expect("it is connected");
            let path = PathAndQuery::from_static("/test.Orders/Find");
            let codec = ProstCodec::<u64, u64>::default();
            let called = calls.unary(tonic::Request::new(id), path, codec).await;
            let error = ApiError::from(called.expect_err("an error"));
            assert_eq!(OrderError::from_api(&error), Some(find(id)), "{error:?}");
        }
        drop((client, calls));
        server.stop_within(PATIENCE).await.nothing_cut();
    }
}
