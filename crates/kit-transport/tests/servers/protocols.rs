//! Which protocol is spoken where, and how its messages are packed.

use std::task::{Context, Poll};

use axum::Router;
use axum::routing::get;
use http_body::Body as _;
use kit_transport::{grpc, http};
use tonic::body::Body;
use tonic::codec::CompressionEncoding;
use tonic::server::Grpc;
use tonic::transport::Channel;
use tonic::{Request, Response, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_prost::ProstCodec;

use crate::client::Raw;
use crate::fixture::{ANY_PORT, Fixture, PATIENCE};

async fn client_of(server: &Fixture) -> HealthClient<Channel> {
    let channel = Channel::from_shared(format!("http://{}", server.address));
    HealthClient::new(channel.unwrap().connect().await.unwrap())
}

#[tokio::test]
async fn both_protocols_are_served_on_one_port() {
    let routes = Router::new().route("/", get(async || "hello"));
    let server = http::Server::new(ANY_PORT, routes).grpc(grpc::Services::new());
    let server = Fixture::start(server).await;
    let mut plain = Raw::connect(server.address).await;
    plain.get("/").await;
    plain.read_to("hello").await;
    plain.get("/unknown").await;
    let head = plain.read_head().await;
    assert!(
        head.starts_with("HTTP/1.1 404") && !head.contains("grpc"),
        "{head}"
    );
    let mut client = client_of(&server).await;
    let checked = client.check(HealthCheckRequest::default()).await.unwrap();
    assert_eq!(checked.into_inner().status(), ServingStatus::Serving);
    let listening: Vec<_> = server
        .all
        .iter()
        .map(|listening| (listening.scheme(), listening.to_string()))
        .collect();
    let address = server.address;
    assert_eq!(
        listening,
        [
            ("http", format!("http://{address}")),
            ("grpc", format!("grpc://{address}"))
        ]
    );
    drop(client);
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn content_types_that_resemble_grpc_are_for_the_routes() {
    let routes = Router::new().fallback(async || "routes");
    let server = http::Server::new(ANY_PORT, routes).grpc(grpc::Services::new());
    let server = Fixture::start(server).await;
    for (content_type, is_grpc) in [
        ("application/grpc", true),
        ("Application/gRPC+proto", true),
        ("application/grpc;charset=utf-8", true),
        ("application/grpc-web+proto", false),
        ("application/grpcx", false),
        ("application/json", false),
    ] {
        let mut client = Raw::connect(server.address).await;
        let request = format!(
            "POST /x HTTP/1.1\r\nhost: test\r\ncontent-type: {content_type}\r\n\
             content-length: 0\r\nconnection: close\r\n\r\n"
        );
        client.send(request).await;
        let answer = client.read_to_close().await;
        let answer = String::from_utf8_lossy(&answer);
        assert_eq!(
            answer.contains("a gRPC call needs HTTP/2"),
            is_grpc,
            "{content_type}: {answer}"
        );
        assert_eq!(
            answer.ends_with("routes"),
            !is_grpc,
            "{content_type}: {answer}"
        );
    }
    server.stop_within(PATIENCE).await.nothing_cut();
}

/// Its status is in trailers, which no client of HTTP/1.1 gets: it would be called again.
#[tokio::test]
async fn a_call_of_grpc_over_http_1_is_refused() {
    let routes = Router::new().fallback(async || "routes");
    let both = http::Server::new(ANY_PORT, routes).grpc(grpc::Services::new());
    let alone = grpc::Server::new(ANY_PORT);
    for server in [Fixture::start(both).await, Fixture::start(alone).await] {
        let mut client = Raw::connect(server.address).await;
        let call = "POST /grpc.health.v1.Health/Check HTTP/1.1\r\nhost: test\r\nte: trailers\r\n\
                    content-type: application/grpc\r\ncontent-length: 5\r\n\r\n\0\0\0\0\0";
        client.send(call).await;
        let answer = client.read_to("}}").await;
        assert!(
            answer.starts_with("HTTP/1.1 505")
                && answer.contains(r#""reason":"HTTP_VERSION_NOT_SUPPORTED""#)
                && !answer.contains("grpc-status"),
            "{answer}"
        );
        drop(client);
        server.stop_within(PATIENCE).await.nothing_cut();
    }
}

#[tokio::test]
async fn requests_other_than_grpc_are_refused_where_only_grpc_is_served() {
    let server = Fixture::start(grpc::Server::new(ANY_PORT)).await;
    let mut client = Raw::connect(server.address).await;
    client.get("/").await;
    let head = client.read_head().await;
    assert!(
        head.starts_with("HTTP/1.1 415") && !head.contains("grpc"),
        "{head}"
    );
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn messages_are_compressed_where_both_sides_agree() {
    use CompressionEncoding::{Gzip, Zstd};
    for (encoding, name) in [(Gzip, "gzip"), (Zstd, "zstd")] {
        let (_reporter, health) = tonic_health::server::health_reporter();
        let health = health.accept_compressed(encoding).send_compressed(encoding);
        let server = Fixture::start(grpc::Server::new(ANY_PORT).service(health)).await;
        let plain = client_of(&server).await;
        let packed = plain.clone().send_compressed(encoding);
        for (mut client, expected) in [
            (plain, None),
            (packed.accept_compressed(encoding), Some(name)),
        ] {
            let answer = client.check(HealthCheckRequest::default()).await.unwrap();
            let packed = answer.metadata().get("grpc-encoding");
            assert_eq!(packed.map(|name| name.to_str().unwrap()), expected);
        }
        server.stop_within(PATIENCE).await.nothing_cut();
    }
}

/// The body of tonic's answer to a unary call with a message of this size.
async fn unary_body(size: usize, compression: Option<CompressionEncoding>) -> Body {
    let answer = tower::service_fn(move |_: Request<()>| async move {
        Ok::<_, Status>(Response::new("x".repeat(size)))
    });
    let mut grpc = Grpc::new(ProstCodec::<String, ()>::default());
    let mut request = ::http::Request::post("http://test/test.Asking/Address");
    if let Some(compression) = compression {
        grpc = grpc.send_compressed(compression);
        request = request.header("grpc-accept-encoding", "gzip,zstd");
    }
    // One message without content.
    let body = Body::new(http_body_util::Full::from(&[0; 5][..]));
    let response = grpc.unary(answer, request.body(body).unwrap()).await;
    assert_eq!(
        response.headers().contains_key("grpc-encoding"),
        compression.is_some()
    );
    response.into_body()
}

/// The driver takes a body for a stream when it is pending at a poll, or has more frames than one part
/// and the trailers.
#[tokio::test]
async fn the_body_of_a_unary_call_is_never_pending_and_has_one_part() {
    let encodings = [
        None,
        Some(CompressionEncoding::Gzip),
        Some(CompressionEncoding::Zstd),
    ];
    for encoding in encodings {
        for size in [0, 10, 100_000, 3_000_000] {
            let mut body = std::pin::pin!(unary_body(size, encoding).await);
            let mut cx = Context::from_waker(std::task::Waker::noop());
            let mut frames = 0;
            loop {
                match body.as_mut().poll_frame(&mut cx) {
                    Poll::Ready(Some(frame)) => assert!(frame.is_ok()),
                    Poll::Ready(None) => break,
                    Poll::Pending => panic!("pending: {size} bytes, {encoding:?}"),
                }
                frames += 1;
            }
            assert_eq!(frames, 2, "{size} bytes, {encoding:?}");
        }
    }
}
