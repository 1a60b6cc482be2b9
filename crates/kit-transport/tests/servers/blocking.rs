//! A handler that blocks its thread is named by its request.

use std::pin::Pin;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::{any, get};
use bytes::Bytes;
use http_body::Frame;
use kit_sync::{TaskTree, Watchdog, WatchdogEvent, WatchdogOptions};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::{Instant, timeout};
use tonic::transport::Endpoint;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::client::{Raw, ask, http2};
use crate::fixture::{Fixture, PATIENCE};

/// Blocks its caller until its sender is dropped.
#[derive(Clone)]
struct Blocks(Arc<Mutex<Receiver<()>>>);

impl Blocks {
    fn new() -> (Sender<()>, Blocks) {
        let (go, gone) = mpsc::channel();
        (go, Blocks(Arc::new(Mutex::new(gone))))
    }

    fn block(&self) {
        let _ = self.0.lock().expect("nothing panics").recv();
    }
}

struct BlockingBody(Blocks);

impl http_body::Body for BlockingBody {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.0.block();
        Poll::Ready(None)
    }
}

const SHORT: Duration = Duration::from_millis(50);

/// The texts of a watchdog's events.
type Events = UnboundedReceiver<String>;

fn watch(home: &TaskTree, server: &Fixture) -> (Watchdog, Events) {
    let options = WatchdogOptions {
        poll_limit: SHORT,
        tick_limit: 10 * PATIENCE,
        overdue_after: SHORT,
        interval: Duration::from_millis(5),
    };
    let (sender, events) = unbounded_channel();
    let on_event = move |event: &WatchdogEvent| drop(sender.send(event.to_string()));
    let watched = server.ctx.scope();
    let watchdog = Watchdog::start(home.scope(), watched, options, on_event);
    (watchdog.expect("a thread"), events)
}

async fn next(events: &mut Events) -> String {
    let event = timeout(PATIENCE, events.recv()).await;
    event
        .expect("an event in time")
        .expect("the watchdog lives")
}

fn routes(blocks: &Blocks) -> Router {
    let (slow, body) = (blocks.clone(), blocks.clone());
    let slow = any(async move || {
        slow.block();
        "late"
    });
    Router::new()
        .route("/hello", get(async || "hello"))
        .route("/slow", slow)
        .route("/body", get(async move || Body::new(BlockingBody(body))))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_watchdog_names_the_request_of_a_handler_that_blocks() {
    let home = TaskTree::new("home");
    for (request, name) in [
        ("GET /slow?secret=1", "GET /slow from 127.0.0.1:"),
        ("PURGE /slow", "PURGE /slow from 127.0.0.1:"),
        ("GET /body", "GET /body from 127.0.0.1:"),
    ] {
        let (go, blocks) = Blocks::new();
        let server = Fixture::http(routes(&blocks)).await;
        // The connection has had a request before, and an idle connection is open beside it.
        let mut idle = Raw::connect(server.address).await;
        idle.get("/hello").await;
        idle.read_to("hello").await;
        let mut client = Raw::connect(server.address).await;
        client.get("/hello").await;
        client.read_to("hello").await;
        let (_watchdog, mut events) = watch(&home, &server);
        client
            .send(format!("{request} HTTP/1.1\r\nhost: test\r\n\r\n"))
            .await;
        let text = next(&mut events).await;
        assert!(text.contains(&format!("doing {name}")), "{text}");
        assert!(!text.contains("secret"), "{text}");
        drop(go);
        client.read_head().await;
        server.stop_within(PATIENCE).await.nothing_cut();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_watchdog_names_the_one_of_many_streams_that_blocks() {
    let home = TaskTree::new("home");
    let (go, blocks) = Blocks::new();
    let waits = get(async || std::future::pending::<&str>().await);
    let server = Fixture::http(routes(&blocks).route("/waits", waits)).await;
    let (_watchdog, mut events) = watch(&home, &server);
    let mut client = http2(server.address).await;
    let waiting = [(); 3].map(|()| ask(&mut client, "/waits"));
    assert_eq!(ask(&mut client, "/hello").await.unwrap().status(), 200);
    let slow = ask(&mut client, "/slow");
    let text = next(&mut events).await;
    assert!(text.contains("doing GET /slow from 127.0.0.1:"), "{text}");
    drop(go);
    assert_eq!(slow.await.unwrap().status(), 200);
    drop((waiting, client));
    server.stop_within(PATIENCE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_overdue_stop_names_every_request_that_blocks_a_thread() {
    let home = TaskTree::new("home");
    let (go, blocks) = Blocks::new();
    let (go_too, blocks_too) = Blocks::new();
    let too = get(async move || blocks_too.block());
    let server = Fixture::http(routes(&blocks).route("/too", too)).await;
    let (watchdog, mut events) = watch(&home, &server);
    let mut clients = [
        Raw::connect(server.address).await,
        Raw::connect(server.address).await,
    ];
    clients[0].get("/slow").await;
    let first = next(&mut events).await;
    clients[1].get("/too").await;
    let second = next(&mut events).await;
    assert!(first.contains("GET /slow") && second.contains("GET /too"));
    watchdog.expect_end_by(Instant::now());
    let text = next(&mut events).await;
    assert!(text.starts_with("the stop is overdue"), "{text}");
    assert!(text.contains("doing GET /slow from"), "{text}");
    assert!(text.contains("doing GET /too from"), "{text}");
    drop((go, go_too));
    for client in &mut clients {
        client.read_head().await;
    }
    server.stop_within(PATIENCE).await.nothing_cut();
}

/// A health service that blocks its thread.
#[derive(Clone)]
struct BlockingHealth(Blocks);

impl tonic::server::NamedService for BlockingHealth {
    const NAME: &'static str = "grpc.health.v1.Health";
}

impl tonic::codegen::Service<::http::Request<tonic::body::Body>> for BlockingHealth {
    type Response = ::http::Response<tonic::body::Body>;
    type Error = std::convert::Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: ::http::Request<tonic::body::Body>) -> Self::Future {
        let blocks = self.0.clone();
        Box::pin(async move {
            blocks.block();
            Ok(tonic::Status::aborted("late").into_http())
        })
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_watchdog_names_a_grpc_call_whose_handler_blocks() {
    let home = TaskTree::new("home");
    let (go, blocks) = Blocks::new();
    let server = Fixture::grpc(|grpc| grpc.service(BlockingHealth(blocks))).await;
    let (_watchdog, mut events) = watch(&home, &server);
    let endpoint = Endpoint::from_shared(format!("http://{}", server.address));
    let channel = endpoint.unwrap().connect().await.expect("it accepts");
    let mut client = HealthClient::new(channel);
    let asks = async {
        let answer = client.check(HealthCheckRequest::default()).await;
        answer.expect_err("aborted").code()
    };
    let sees = async {
        let text = next(&mut events).await;
        let name = "doing POST /grpc.health.v1.Health/Check from 127.0.0.1:";
        assert!(text.contains(name), "{text}");
        drop(go);
    };
    let (code, ()) = tokio::join!(asks, sees);
    assert_eq!(code, tonic::Code::Aborted);
    drop(client);
    server.stop_within(PATIENCE).await.nothing_cut();
}
