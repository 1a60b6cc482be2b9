//! The layer that takes in metadata, and what goes on to other servers.

use ::http::HeaderMap;
use axum::Router;
use axum::routing::get;
use kit_transport::grpc::{RequestExt as _, Services};
use kit_transport::http;
use kit_transport::layers::{self, Current, Metadata, Stack};
use tonic::Code;
use tower::layer::util::Identity;

use crate::fixture::{ANY_PORT, Fixture, PATIENCE};
use crate::layered::{Calls, call, channel, get_path, hello, send};

/// What a request to another server would have, in order.
fn handed_on() -> String {
    let mut headers = HeaderMap::new();
    Current::get()
        .expect("it has layers")
        .propagate(&mut headers);
    let mut lines: Vec<_> = headers
        .iter()
        .map(|(name, value)| format!("{name}={}", value.to_str().unwrap()))
        .collect();
    lines.sort();
    lines.join(" ")
}

async fn received(metadata: Metadata) -> String {
    let mut lines: Vec<_> = metadata
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    lines.sort();
    format!("{} / {}", lines.join(" "), handed_on())
}

async fn added(metadata: Metadata) -> String {
    let current = Current::get().expect("it has layers");
    current.add_metadata("x-md-global-b", "mine").unwrap();
    current.add_metadata("x-trace", "7").unwrap();
    assert!(current.add_metadata("content-type", "text").is_err());
    assert_eq!(current.metadata(), Some(&metadata));
    handed_on()
}

async fn start(stack: impl Stack) -> Fixture {
    let router = Router::new()
        .route("/received", get(received))
        .route("/added", get(added));
    let calls = Calls::new(|request| async move {
        let metadata = request.call_metadata()?;
        Ok(received(metadata.clone()).await)
    });
    let server = http::Server::new(ANY_PORT, router).grpc(Services::new().service(calls));
    Fixture::start(server.layers(stack)).await
}

const HEADERS: &str = "X-Md-Global-B: b\r\nx-md-local-c: c\r\nx-other: d\r\nx-md-global-b: e\r\n";

#[tokio::test]
async fn global_values_go_on_and_local_ones_one_hop_only() {
    let layer = layers::metadata()
        .constant("x-md-global-a", "constant")
        .unwrap();
    let server = start(layer).await;
    let expected = "x-md-global-a=constant x-md-global-b=b x-md-global-b=e x-md-local-c=c / \
                    x-md-global-a=constant x-md-global-b=b x-md-global-b=e";
    assert_eq!(
        send(&server, "GET /received", HEADERS, "").await.body,
        expected
    );
    let channel = channel(&server).await;
    let mut request = hello();
    let metadata = request.metadata_mut();
    metadata.insert("x-md-global-b", "b".parse().unwrap());
    metadata.append("x-md-global-b", "e".parse().unwrap());
    metadata.insert("x-md-local-c", "c".parse().unwrap());
    assert_eq!(call(&channel, request).await.unwrap(), expected);
    assert_eq!(
        send(&server, "GET /added", HEADERS, "").await.body,
        "x-md-global-a=constant x-md-global-b=mine x-trace=7"
    );
    // What one handler adds is that request's.
    let constant = "x-md-global-a=constant / x-md-global-a=constant";
    assert_eq!(get_path(&server, "/received").await.body, constant);
    drop(channel);
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn too_much_metadata_is_refused() {
    let server = start(layers::metadata().most(2, 30)).await;
    let few = "x-md-a: 1\r\nx-md-b: 2\r\n";
    for (headers, status) in [
        (few.to_owned(), 200),
        (format!("{few}x-other: 3\r\n"), 200),
        (format!("{few}x-md-c: 3\r\n"), 431),
        (format!("x-md-a: {}\r\n", "1".repeat(24)), 200),
        (format!("x-md-a: {}\r\n", "1".repeat(25)), 431),
    ] {
        let answer = send(&server, "GET /received", &headers, "").await;
        assert_eq!(answer.status, status, "{headers:?}: {answer:?}");
        assert_eq!(
            answer.body.contains("METADATA_TOO_LARGE"),
            status == 431,
            "{answer:?}"
        );
    }
    let channel = channel(&server).await;
    let mut request = hello();
    let long = "1".repeat(25);
    request
        .metadata_mut()
        .insert("x-md-a", long.parse().unwrap());
    let refused = call(&channel, request).await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted, "{refused}");
    drop(channel);
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn without_the_layer_a_handler_that_asks_is_an_error_of_the_server() {
    let server = start(Identity::new()).await;
    let answer = send(&server, "GET /received", HEADERS, "").await;
    assert_eq!(answer.status, 500, "{answer:?}");
    let channel = channel(&server).await;
    let failed = call(&channel, hello()).await.unwrap_err();
    assert_eq!(failed.code(), Code::Internal, "{failed}");
    drop(channel);
    server.stop_within(PATIENCE).await.nothing_cut();
}
