//! The layer that limits how many requests are served at once.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Path;
use axum::routing::get;
use http_body_util::StreamBody;
use kit_transport::grpc::Services;
use kit_transport::http;
use kit_transport::layers::{
    ConcurrencyLimit, Select, Stack, concurrency_limit, deadline, standard,
};
use tokio::sync::{Mutex, Semaphore, mpsc};
use tokio::time::timeout;
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_types::StatusExt as _;
use tower::ServiceBuilder;

use crate::client::Raw;
use crate::fixture::{ANY_PORT, Fixture, PATIENCE};
use crate::layered::{Calls, answer_of, call, channel, get_path, hello};

/// Handlers that say their names when they begin, and end when they are let go.
#[derive(Clone)]
struct Door {
    names: mpsc::UnboundedSender<String>,
    begun: Arc<Mutex<mpsc::UnboundedReceiver<String>>>,
    open: Arc<Semaphore>,
}

impl Door {
    fn new() -> Door {
        let (names, begun) = mpsc::unbounded_channel();
        Door {
            names,
            begun: Arc::new(Mutex::new(begun)),
            open: Arc::new(Semaphore::new(0)),
        }
    }

    async fn pass(&self, name: &str) {
        let _ = self.names.send(name.to_owned());
        self.open
            .acquire()
            .await
            .expect("it is not closed")
            .forget();
    }

    async fn next(&self) -> String {
        let mut begun = self.begun.lock().await;
        let next = timeout(PATIENCE, begun.recv()).await;
        next.expect("a handler begins").expect("the door is there")
    }

    fn let_go(&self, count: usize) {
        self.open.add_permits(count);
    }

    fn router(&self) -> Router {
        let door = self.clone();
        let pass = move |Path(name): Path<String>| async move {
            door.pass(&name).await;
            name
        };
        Router::new().route("/door/{name}", get(pass))
    }

    fn calls(&self) -> Services {
        let door = self.clone();
        Services::new().service(Calls::new(move |_| {
            let door = door.clone();
            async move {
                door.pass("call").await;
                Ok("called".to_owned())
            }
        }))
    }
}

async fn start(router: Router, calls: Services, limit: &ConcurrencyLimit) -> Fixture {
    let server = http::Server::new(ANY_PORT, router).grpc(calls);
    Fixture::start(server.layers(limit.clone())).await
}

async fn ask(server: &Fixture, path: &str) -> Raw {
    let mut client = Raw::connect(server.address).await;
    client
        .send(format!(
            "GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"
        ))
        .await;
    client
}

/// Waits until this number of requests is served and this number waits.
async fn until(limit: &ConcurrencyLimit, served: usize, queued: usize) {
    let reached = async {
        while (limit.served(), limit.queued()) != (served, queued) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let now = || (limit.served(), limit.queued());
    let reached = timeout(PATIENCE, reached).await;
    assert!(reached.is_ok(), "{:?}, not {:?}", now(), (served, queued));
}

#[tokio::test]
async fn a_request_beyond_the_limit_is_shed_in_its_protocol() {
    let door = Door::new();
    let limit = concurrency_limit(1).retry_after(Duration::from_millis(1_500));
    let server = start(door.router(), door.calls(), &limit).await;
    let mut first = ask(&server, "/door/first").await;
    assert_eq!(door.next().await, "first");

    let shed = get_path(&server, "/door/second").await;
    assert_eq!(shed.status, 503, "{shed:?}");
    assert!(shed.body.contains("OVERLOADED"), "{shed:?}");
    assert_eq!(shed.headers["retry-after"], "2");
    let channel = channel(&server).await;
    let shed = call(&channel, hello()).await.unwrap_err();
    assert_eq!(shed.code(), Code::ResourceExhausted, "{shed}");
    let details = shed.get_error_details();
    assert_eq!(details.error_info().expect("a reason").reason, "OVERLOADED");
    let retry = details.retry_info().expect("a time").retry_delay;
    assert_eq!(retry, Some(Duration::from_millis(1_500)));

    let mut health = HealthClient::new(channel.clone());
    health
        .check(HealthCheckRequest::default())
        .await
        .expect("exempt");
    until(&limit, 1, 0).await;
    door.let_go(1);
    assert_eq!(answer_of(&mut first).await.body, "first");
    until(&limit, 0, 0).await;
    door.let_go(1);
    assert_eq!(call(&channel, hello()).await.unwrap(), "called");
    until(&limit, 0, 0).await;
    drop((health, channel));
    server.stop_within(PATIENCE).await.nothing_cut();
}

/// A client that watches the health of its server, as balancers do, does so for hours.
#[tokio::test]
async fn a_watch_of_health_takes_no_place() {
    let door = Door::new();
    let limit = concurrency_limit(1);
    let server = start(door.router(), door.calls(), &limit).await;
    let channel = channel(&server).await;
    let mut health = HealthClient::new(channel.clone());
    let watch = health.watch(HealthCheckRequest::default()).await;
    let mut watch = watch.expect("exempt").into_inner();
    watch
        .message()
        .await
        .expect("it is open")
        .expect("a status");
    assert_eq!(limit.served(), 0);
    door.let_go(1);
    assert_eq!(call(&channel, hello()).await.unwrap(), "called");
    drop((watch, health, channel));
    server.stop_within(PATIENCE).await;
}

#[tokio::test]
async fn the_queue_is_served_in_order_without_those_that_have_gone() {
    let door = Door::new();
    let limit = concurrency_limit(1).queue(4).queue_timeout(PATIENCE);
    let server = start(door.router(), door.calls(), &limit).await;
    let mut first = ask(&server, "/door/first").await;
    assert_eq!(door.next().await, "first");
    let mut waiting = Vec::new();
    for name in ["second", "gone", "third", "fourth"] {
        waiting.push(ask(&server, &format!("/door/{name}")).await);
        until(&limit, 1, waiting.len()).await;
    }
    assert_eq!(get_path(&server, "/door/fifth").await.status, 503);
    drop(waiting.remove(1));
    until(&limit, 1, 3).await;
    door.let_go(1);
    assert_eq!(answer_of(&mut first).await.body, "first");
    for (name, client) in ["second", "third", "fourth"].into_iter().zip(&mut waiting) {
        assert_eq!(door.next().await, name);
        door.let_go(1);
        assert_eq!(answer_of(client).await.body, name);
    }
    until(&limit, 0, 0).await;
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn a_request_waits_no_longer_than_the_queue_or_its_deadline_allows() {
    const SHORT: Duration = Duration::from_millis(50);
    for (in_queue, in_all, status, reason) in [
        (SHORT, PATIENCE, 503, "OVERLOADED"),
        (PATIENCE, SHORT, 504, "REQUEST_TIMEOUT"),
    ] {
        let door = Door::new();
        let limit = concurrency_limit(1).queue(1).queue_timeout(in_queue);
        let stack = ServiceBuilder::new()
            .layer(deadline(PATIENCE).for_operation(Select::operation("/late"), in_all))
            .layer(limit.clone());
        let router = door.router().route("/late", get(|| async { "late" }));
        let server = http::Server::new(ANY_PORT, router).layers(stack);
        let server = Fixture::start(server).await;
        let mut first = ask(&server, "/door/first").await;
        assert_eq!(door.next().await, "first");
        let late = get_path(&server, "/late").await;
        assert_eq!(late.status, status, "{late:?}");
        assert!(late.body.contains(reason), "{late:?}");
        until(&limit, 1, 0).await;
        door.let_go(1);
        assert_eq!(answer_of(&mut first).await.status, 200);
        until(&limit, 0, 0).await;
        server.stop_within(PATIENCE).await.nothing_cut();
    }
}

#[tokio::test]
async fn a_place_is_held_to_the_end_of_the_body_however_it_ends() {
    let limit = concurrency_limit(1);
    hold_to_the_end(limit.clone(), &limit).await;
    let limit = concurrency_limit(1);
    let standard = standard().concurrency_limit(limit.clone());
    hold_to_the_end(standard, &limit).await;
}

async fn hold_to_the_end(stack: impl Stack, limit: &ConcurrencyLimit) {
    let (sender, parts) = mpsc::channel::<Bytes>(1);
    let parts = Arc::new(Mutex::new(parts));
    let stream = move || {
        let parts = Arc::clone(&parts);
        async move {
            let first = tokio_stream::once(Some(Bytes::from_static(b"first")));
            let rest = tokio_stream::StreamExt::then(tokio_stream::iter(0..9), move |_| {
                let parts = Arc::clone(&parts);
                async move { parts.lock().await.recv().await }
            });
            let stream = tokio_stream::StreamExt::chain(first, rest);
            let stream = tokio_stream::StreamExt::map_while(stream, |part| {
                let part = part.filter(|part| !part.is_empty())?;
                Some(Ok::<_, std::io::Error>(hyper::body::Frame::data(part)))
            });
            Body::new(StreamBody::new(Box::pin(stream)))
        }
    };
    let router = Router::new()
        .route("/stream", get(stream))
        .route("/panic", get(async || -> () { panic!("a test's") }));
    let server = Fixture::start(http::Server::new(ANY_PORT, router).layers(stack)).await;

    let mut client = ask(&server, "/stream").await;
    client.read_to("first").await;
    until(limit, 1, 0).await;
    assert_eq!(get_path(&server, "/stream").await.status, 503);
    sender.send(Bytes::new()).await.unwrap();
    client.read_to_close().await;
    until(limit, 0, 0).await;

    let mut client = ask(&server, "/stream").await;
    client.read_to("first").await;
    until(limit, 1, 0).await;
    drop(client);
    until(limit, 0, 0).await;

    assert_eq!(get_path(&server, "/panic").await.status, 500);
    until(limit, 0, 0).await;
    server.stop_within(PATIENCE).await;
}

#[tokio::test]
async fn a_drain_serves_those_that_wait() {
    let door = Door::new();
    let limit = concurrency_limit(1).queue(1).queue_timeout(PATIENCE);
    let server = start(door.router(), door.calls(), &limit).await;
    let mut first = ask(&server, "/door/first").await;
    assert_eq!(door.next().await, "first");
    let mut second = ask(&server, "/door/second").await;
    until(&limit, 1, 1).await;
    let scope = server.ctx.scope().token().clone();
    let clients = async {
        scope.cancelled().await;
        door.let_go(2);
        let first = answer_of(&mut first).await;
        (first, answer_of(&mut second).await)
    };
    let (ended, (first, second)) = tokio::join!(server.stop_within(PATIENCE), clients);
    assert_eq!(
        (first.body.as_str(), second.body.as_str()),
        ("first", "second")
    );
    ended.nothing_cut();
}
