//! Layers of tower-http among those of a server.

use ::http::header::{AUTHORIZATION, HeaderName};
use ::http::{HeaderValue, Method};
use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::routing::get;
use kit_transport::grpc::Services;
use kit_transport::{http, layers};
use std::time::Duration;
use tower::ServiceBuilder;
use tower_http::compression::CompressionLayer;
use tower_http::cors::CorsLayer;
use tower_http::sensitive_headers::SetSensitiveRequestHeadersLayer;

use crate::fixture::{ANY_PORT, Fixture, PATIENCE};
use crate::layered::{Calls, call, channel, hello, send};

fn stack() -> impl layers::Stack {
    let cors = CorsLayer::new()
        .allow_origin(HeaderValue::from_static("https://shop.example"))
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([HeaderName::from_static("x-key")]);
    ServiceBuilder::new()
        .layer(SetSensitiveRequestHeadersLayer::new([AUTHORIZATION]))
        .layer(cors)
        .layer(CompressionLayer::new())
        .layer(layers::deadline(Duration::from_secs(60)))
        .layer(layers::concurrency_limit(10))
        .layer(layers::metadata())
}

/// Whether the log of a request may show its token.
async fn token(request: Request, _next: Next) -> String {
    format!("{:?}", request.headers().get(AUTHORIZATION))
}

async fn start() -> Fixture {
    let long = || get(|| async { "a text of a certain length ".repeat(20) });
    let router = Router::new()
        .route("/long", long())
        .route("/token", long().layer(from_fn(token)));
    let calls = Calls::new(|request| async move {
        let accepts = request.metadata().get("accept-encoding").is_some();
        assert!(accepts, "the client of the test says it");
        Ok("a text of a certain length ".repeat(20))
    });
    let server = http::Server::new(ANY_PORT, router).grpc(Services::new().service(calls));
    Fixture::start(server.layers(stack())).await
}

#[tokio::test]
async fn a_preflight_is_answered_for_a_route_without_options() {
    let server = start().await;
    let asks = "origin: https://shop.example\r\naccess-control-request-method: GET\r\n\
                access-control-request-headers: x-key\r\n";
    let answer = send(&server, "OPTIONS /long", asks, "").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(
        answer.headers["access-control-allow-origin"],
        "https://shop.example"
    );
    assert_eq!(answer.headers["access-control-allow-methods"], "GET,POST");
    assert_eq!(answer.headers["access-control-allow-headers"], "x-key");
    let answer = send(&server, "GET /long", "origin: https://shop.example\r\n", "").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(
        answer.headers["access-control-allow-origin"],
        "https://shop.example"
    );
    // Pages read the errors of a server as well.
    let answer = send(
        &server,
        "GET /nothing",
        "origin: https://shop.example\r\n",
        "",
    )
    .await;
    assert_eq!(answer.status, 404, "{answer:?}");
    assert_eq!(
        answer.headers["access-control-allow-origin"],
        "https://shop.example"
    );
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn answers_of_routes_are_compressed_and_messages_of_calls_are_not() {
    let server = start().await;
    let plain = send(&server, "GET /long", "", "").await;
    assert_eq!(plain.body.len(), 27 * 20);
    assert!(!plain.headers.contains_key("content-encoding"), "{plain:?}");
    let mut client = crate::client::Raw::connect(server.address).await;
    client
        .send("GET /long HTTP/1.1\r\nhost: a\r\nconnection: close\r\naccept-encoding: gzip\r\n\r\n")
        .await;
    let head = client.read_head().await;
    assert!(head.contains("content-encoding: gzip"), "{head}");
    let body = client.read_to_close().await;
    assert!(body.len() < 27 * 20 / 2, "{}", body.len());

    let channel = channel(&server).await;
    let mut request = hello();
    let accepts = "gzip".parse().unwrap();
    request.metadata_mut().insert("accept-encoding", accepts);
    let answer = call(&channel, request).await.expect("it can be read");
    assert_eq!(answer, plain.body);
    drop(channel);
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn a_token_is_hidden_from_what_prints_headers() {
    let server = start().await;
    let answer = send(
        &server,
        "GET /token",
        "authorization: Bearer secret\r\n",
        "",
    )
    .await;
    assert_eq!(answer.body, "Some(Sensitive)");
    server.stop_within(PATIENCE).await.nothing_cut();
}
