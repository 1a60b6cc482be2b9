//! The standard layers, whole and in part.

use axum::Router;
use axum::routing::get;
use kit_transport::layers::{self, Current};
use kit_transport::{grpc, http};
use tower::ServiceBuilder;

use crate::client::Raw;
use crate::fixture::{ANY_PORT, Fixture, PATIENCE};

/// What a handler finds that the standard layers have left for it.
async fn found() -> String {
    let current = Current::get().expect("it runs for a request");
    let id = current.request_id().map_or("none", |_| "an id");
    let trace = current.trace().map_or("none", |_| "a trace");
    let metadata = current.metadata();
    let caller =
        metadata.and_then(|metadata| metadata.get("x-md-global-caller").map(str::to_owned));
    let caller = caller.unwrap_or("none".to_owned());
    format!("{id}, {trace}, {caller}.")
}

async fn ask(stack: impl layers::Stack) -> String {
    let router = Router::new().route("/", get(found));
    let server = http::Server::new(ANY_PORT, router).layers(stack);
    let server = Fixture::start(server).await;
    let mut client = Raw::connect(server.address).await;
    client
        .send("GET / HTTP/1.1\r\nhost: a\r\nx-md-global-caller: orders\r\n\r\n")
        .await;
    let answer = client.read_to(".").await;
    let answer = answer + &client.read_to(".").await;
    server.stop_within(PATIENCE).await.nothing_cut();
    answer
}

#[tokio::test]
async fn each_of_the_standard_layers_is_there_and_can_be_left_out() {
    let whole = ask(layers::standard()).await;
    assert!(whole.ends_with("an id, a trace, orders."), "{whole}");
    assert!(whole.contains("x-request-id: "), "{whole}");
    let without = layers::standard()
        .request_id(None)
        .trace(None)
        .metadata(None);
    let without = without.access_log(None).deadline(None).without_metrics();
    let none = ask(without).await;
    assert!(none.ends_with("none, none, none."), "{none}");
    assert!(!none.contains("x-request-id: "), "{none}");
}

#[tokio::test]
async fn what_is_shed_inside_has_an_id_as_every_answer_has() {
    let limit = layers::concurrency_limit(1);
    let stack = ServiceBuilder::new().layer(layers::standard().concurrency_limit(limit));
    let router = Router::new()
        .route("/wait", get(std::future::pending::<()>))
        .route("/", get(found));
    let server = http::Server::new(ANY_PORT, router).grpc(grpc::Services::new());
    let server = Fixture::start(server.layers(stack)).await;
    let mut first = Raw::connect(server.address).await;
    first.get("/wait").await;
    while server.ctx.in_flight(1).is_empty() {
        tokio::task::yield_now().await;
    }
    let mut second = Raw::connect(server.address).await;
    second.get("/").await;
    let head = second.read_head().await;
    assert!(head.starts_with("HTTP/1.1 503"), "{head}");
    assert!(head.contains("x-request-id: "), "{head}");
    drop(first);
    server.stop_within(PATIENCE).await;
}
