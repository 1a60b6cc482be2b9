//! The reasons of the statuses that a server gives by itself.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use ::http::Request;
use ::http::uri::PathAndQuery;
use axum::Router;
use kit_transport::{ApiError, ConnectionOptions, grpc, http};
use tonic::body::Body;
use tonic::client::Grpc as Client;
use tonic::codegen::Service;
use tonic::server::{Grpc, NamedService};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Response, Status};
use tonic_prost::ProstCodec;

use crate::client::Raw;
use crate::fixture::{ANY_PORT, Fixture, PATIENCE};

/// Has the methods `Echo`, `Own`, `Never` and `Panic`, and none besides, as generated code has it.
#[derive(Clone)]
struct Texts;

impl NamedService for Texts {
    const NAME: &'static str = "test.Texts";
}

impl Service<Request<Body>> for Texts {
    type Response = ::http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(async move {
            let path = request.uri().path().to_owned();
            let method = path.rsplit('/').next().unwrap_or_default();
            if !["Echo", "Own", "Never", "Panic"].contains(&method) {
                return Ok(Status::new(Code::Unimplemented, "").into_http());
            }
            let answer = tower::service_fn(async |request: tonic::Request<String>| match method {
                "Own" => Err(Status::unimplemented("not yet")),
                "Never" => std::future::pending().await,
                "Panic" => panic!("a test's own"),
                _ => Ok(Response::new(request.into_inner())),
            });
            let mut grpc =
                Grpc::new(ProstCodec::<String, String>::default()).max_decoding_message_size(100);
            Ok(grpc.unary(answer, request).await)
        })
    }
}

/// One server of gRPC alone, and one that has it beside its routes.
async fn servers() -> [Fixture; 2] {
    let options = || ConnectionOptions {
        request_timeout: Some(Duration::from_millis(100)),
        ..ConnectionOptions::default()
    };
    let services = grpc::Services::new().service(Texts);
    let both = http::Server::new(ANY_PORT, Router::new()).grpc(services);
    [
        Fixture::grpc(|grpc| grpc.service(Texts).connections(options())).await,
        Fixture::start(both.connections(options())).await,
    ]
}

/// The error of a call that sends a message of this type.
async fn fails<M: prost::Message + Default + 'static>(
    channel: &Channel,
    path: &'static str,
    message: M,
) -> (Code, ApiError) {
    let mut client = Client::new(channel.clone());
    client.ready().await.expect("it is connected");
    let path = PathAndQuery::from_static(path);
    let codec = ProstCodec::<M, String>::default();
    let called = client
        .unary(tonic::Request::new(message), path, codec)
        .await;
    let status = called.expect_err("a status");
    (status.code(), ApiError::from(status))
}

#[tokio::test]
async fn each_status_of_the_servers_own_has_its_reason() {
    for server in servers().await {
        let channel = Endpoint::from_shared(format!("http://{}", server.address));
        let channel = channel.unwrap().connect().await.expect("it accepts");
        let text = String::new;
        let (code, error) = fails(&channel, "/test.Nothing/Echo", text()).await;
        assert_eq!(
            (code, error.reason()),
            (Code::Unimplemented, "SERVICE_UNKNOWN")
        );
        assert_eq!(error.metadata()["service"], "test.Nothing");
        let (code, error) = fails(&channel, "/test.Texts", text()).await;
        assert_eq!(
            (code, error.reason()),
            (Code::Unimplemented, "PATH_INVALID")
        );
        let (code, error) = fails(&channel, "/test.Texts/Nothing", text()).await;
        assert_eq!(
            (code, error.reason()),
            (Code::Unimplemented, "METHOD_UNKNOWN")
        );
        assert_eq!(error.message(), "the service has no such method");
        let (code, error) = fails(&channel, "/test.Texts/Own", text()).await;
        assert_eq!((code, error.reason()), (Code::Unimplemented, ""));
        assert_eq!(error.message(), "not yet");
        // A number where the text should be.
        let (code, error) = fails(&channel, "/test.Texts/Echo", 7_u64).await;
        assert_eq!(
            (code, error.reason()),
            (Code::Internal, "MESSAGE_INVALID"),
            "{error:?}"
        );
        assert!(
            error
                .message()
                .starts_with("failed to decode Protobuf message: "),
            "{error:?}"
        );
        let (code, error) = fails(&channel, "/test.Texts/Echo", "x".repeat(200)).await;
        assert_eq!(
            (code, error.reason()),
            (Code::ResourceExhausted, "MESSAGE_TOO_LARGE")
        );
        let (code, error) = fails(&channel, "/test.Texts/Never", text()).await;
        assert_eq!(
            (code, error.reason()),
            (Code::DeadlineExceeded, "REQUEST_TIMEOUT")
        );
        let (code, error) = fails(&channel, "/test.Texts/Panic", text()).await;
        assert_eq!((code, error.reason()), (Code::Internal, ""));
        assert_eq!(error.message(), "internal error");
        drop(channel);
        server.stop_within(PATIENCE).await.nothing_cut();
    }
}

#[tokio::test]
async fn a_request_that_is_no_call_is_refused_in_json() {
    const REFUSED: &str = r#"{"code":415,"reason":"CONTENT_TYPE_UNSUPPORTED","message":"this server takes gRPC calls, whose content type is application/grpc","metadata":{}}"#;
    let server = Fixture::grpc(|grpc| grpc.service(Texts)).await;
    let mut client = Raw::connect(server.address).await;
    client.get("/").await;
    let answer = client.read_to("}}").await;
    assert!(answer.starts_with("HTTP/1.1 415"), "{answer}");
    assert!(answer.ends_with(REFUSED), "{answer}");
    client.send("HEAD / HTTP/1.1\r\nhost: test\r\n\r\n").await;
    let head = client.read_head().await;
    assert!(head.starts_with("HTTP/1.1 415"), "{head}");
    client.get("/").await;
    assert!(client.read_head().await.starts_with("HTTP/1.1 415"));
    drop(client);
    server.stop_within(PATIENCE).await.nothing_cut();
}
