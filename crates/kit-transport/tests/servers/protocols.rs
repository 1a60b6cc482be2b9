//! Which protocol is spoken where, and how its messages are packed.

use axum::Router;
use axum::routing::get;
use kit_transport::{grpc, http};
use tonic::codec::CompressionEncoding;
use tonic::transport::Channel;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

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
async fn relatives_of_grpc_are_for_the_routes() {
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
            answer.contains("grpc-status: 12"),
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

#[tokio::test]
async fn what_is_no_grpc_is_refused_where_only_grpc_is_served() {
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
