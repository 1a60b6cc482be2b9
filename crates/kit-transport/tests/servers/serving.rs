//! The extensions that handlers find, and the answers that clients get.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::ConnectInfo;
use axum::routing::get;
use axum::{Extension, Router};
use kit_transport::http::ServerScope;
use kit_transport::{ApiError, Context, Lifecycle, Peer, Server as _, grpc, http};
use tokio::sync::watch;

use crate::client::{Raw, ask, http2};
use crate::fixture::{ANY_PORT, Fixture, PATIENCE, no_task_is_left};

#[tokio::test]
async fn a_taken_port_is_named_with_the_systems_reason() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let tree = kit_sync::TaskTree::new("test");
    let ctx = Context::new(tree.scope().clone(), watch::channel(Lifecycle::new()).1);
    for error in [
        http::Server::new(address, Router::new())
            .start(&ctx)
            .await
            .unwrap_err(),
        grpc::Server::new(address).start(&ctx).await.unwrap_err(),
    ] {
        let expected = format!("could not listen on {address}: address in use");
        assert_eq!(error.to_string(), expected);
        assert_eq!(kit_sync::error_chain(&*error), expected, "said once");
        assert!(
            error.source().unwrap().to_string().contains("in use"),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn a_request_knows_its_peer_its_scope_and_the_applications_extensions() {
    async fn handler(
        ConnectInfo(remote): ConnectInfo<SocketAddr>,
        peer: Peer,
        ServerScope(scope): ServerScope,
        Extension(info): Extension<&'static str>,
    ) -> String {
        assert_eq!(peer.ip(), Some(remote));
        format!("{} {} {} {info}.", peer.remote, peer.local, scope.path())
    }
    let mut extensions = ::http::Extensions::new();
    extensions.insert("info");
    let router = Router::new().route("/", get(handler));
    let server = http::Server::new(ANY_PORT, router).connect_info();
    let server = Fixture::with(server, extensions).await;
    let mut client = Raw::connect(server.address).await;
    let (remote, local) = (client.0.local_addr().unwrap(), server.address);
    client.get("/").await;
    let answer = client.read_to("info.").await;
    assert!(
        answer.ends_with(&format!("{remote} {local} test/http info.")),
        "{answer}"
    );
    server.stop_within(PATIENCE).await.nothing_cut();
}

/// The state of a handler, which panics when the router clones it for a request.
struct Unclonable(Arc<AtomicBool>);

impl Clone for Unclonable {
    fn clone(&self) -> Unclonable {
        assert!(!self.0.load(Ordering::Relaxed), "on purpose, in a clone");
        Unclonable(Arc::clone(&self.0))
    }
}

#[tokio::test]
async fn a_panic_is_a_500_on_a_connection_that_stays_open() {
    async fn handler() -> &'static str {
        panic!("on purpose")
    }
    let serving = Arc::new(AtomicBool::new(false));
    let unclonable = Unclonable(Arc::clone(&serving));
    let cloned = get(move || {
        let _kept = &unclonable;
        async { "not answered" }
    });
    let router = Router::new()
        .route("/panic", get(handler))
        .route("/clone", cloned)
        .route("/hello", get(|| async { "hello" }));
    let server = Fixture::http(router).await;
    let mut client = Raw::connect(server.address).await;
    serving.store(true, Ordering::Relaxed);
    for path in ["/panic", "/clone"] {
        client.get(path).await;
        let answer = client.read_to("}}").await;
        assert!(answer.starts_with("HTTP/1.1 500"), "{path}: {answer}");
        assert!(!answer.contains("on purpose"), "{path}: {answer}");
    }
    client.get("/hello").await;
    client.read_to("hello").await;

    let mut client = http2(server.address).await;
    assert_eq!(ask(&mut client, "/panic").await.unwrap().status(), 500);
    assert_eq!(ask(&mut client, "/clone").await.unwrap().status(), 500);
    assert_eq!(ask(&mut client, "/hello").await.unwrap().status(), 200);
    server.stop_within(PATIENCE).await.nothing_cut();
    drop(client);
    no_task_is_left().await;
}

#[tokio::test]
async fn an_api_error_is_its_status_and_json() {
    async fn handler() -> Result<&'static str, ApiError> {
        Err(ApiError::bad_request("NAME_TOO_LONG", "too long"))
    }
    let server = Fixture::http(Router::new().route("/", get(handler))).await;
    let mut client = Raw::connect(server.address).await;
    client.get("/").await;
    let answer = client.read_to("}}").await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert!(
        answer.ends_with(
            r#"{"code":400,"reason":"NAME_TOO_LONG","message":"too long","metadata":{}}"#
        ),
        "{answer}"
    );
}

#[tokio::test]
async fn a_body_of_known_length_keeps_its_length() {
    let server = Fixture::http(Router::new().route("/", get(|| async { "hello" }))).await;
    let mut client = Raw::connect(server.address).await;
    client.get("/").await;
    let answer = client.read_to("hello").await;
    assert!(
        answer.contains("content-length: 5") && !answer.contains("chunked"),
        "{answer}"
    );
}
