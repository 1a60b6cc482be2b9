//! The layer that limits the time of requests.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use ::http::HeaderMap;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::{get, post};
use http_body_util::StreamBody;
use kit_transport::grpc::Services;
use kit_transport::layers::{Current, DeadlineLayer, Select, deadline};
use kit_transport::{CallContext, ConnectionOptions, http};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};
use tonic::Code;
use tonic_types::StatusExt as _;
use tower::ServiceBuilder;

use crate::client::Raw;
use crate::fixture::{ANY_PORT, Fixture, PATIENCE};
use crate::layered::{Calls, answer_of, call, channel, get_path, hello, send};

const SHORT: Duration = Duration::from_millis(50);
const HOUR: Duration = Duration::from_secs(3600);

/// Says when it is dropped.
struct Dropped(mpsc::UnboundedSender<()>);

impl Drop for Dropped {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

async fn never(dropped: Dropped) {
    std::future::pending::<()>().await;
    drop(dropped);
}

async fn start(router: Router, services: Services, layer: DeadlineLayer) -> Fixture {
    let server = http::Server::new(ANY_PORT, router).grpc(services);
    Fixture::start(server.layers(layer)).await
}

#[tokio::test]
async fn a_handler_that_takes_longer_is_dropped_and_answered_for() {
    let (sender, mut dropped) = mpsc::unbounded_channel();
    let sender = move || Dropped(sender.clone());
    let statuses = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&statuses);
    let observe = from_fn(move |request: Request, next: Next| {
        let seen = Arc::clone(&seen);
        async move {
            let response: Response = next.run(request).await;
            let grpc = response.headers().get("grpc-status").cloned();
            let status = grpc.map_or(response.status().as_u16().to_string(), |status| {
                status.to_str().unwrap().to_owned()
            });
            seen.lock().unwrap().push(status);
            response
        }
    });
    let for_calls = sender.clone();
    let calls = Calls::new(move |_| {
        let dropped = for_calls();
        async move {
            never(dropped).await;
            Ok(String::new())
        }
    });
    let router = Router::new()
        .route("/late", get(move || never(sender())))
        .route("/soon", get(|| async { "soon" }));
    let server = http::Server::new(ANY_PORT, router).grpc(Services::new().service(calls));
    let stack = ServiceBuilder::new().layer(observe).layer(deadline(SHORT));
    let server = Fixture::start(server.layers(stack)).await;

    let late = get_path(&server, "/late").await;
    assert_eq!(late.status, 504, "{late:?}");
    assert!(
        late.body.contains("REQUEST_TIMEOUT") && late.body.contains("50ms"),
        "{late:?}"
    );
    dropped.recv().await.expect("the handler's");
    assert_eq!(get_path(&server, "/soon").await.body, "soon");

    let channel = channel(&server).await;
    let late = call(&channel, hello()).await.unwrap_err();
    assert_eq!(late.code(), Code::DeadlineExceeded, "{late}");
    let info = late.get_details_error_info().expect("a reason");
    assert_eq!(info.reason, "REQUEST_TIMEOUT");
    dropped.recv().await.expect("the handler's");
    assert_eq!(*statuses.lock().unwrap(), ["504", "200", "4"]);
    drop(channel);
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn an_operation_may_have_another_limit_or_none() {
    let layer = deadline(HOUR)
        .for_operation(Select::operation("/late/{id}"), SHORT)
        .for_operation(Select::prefix("/late/"), HOUR)
        .for_operation(Select::prefix("/free/"), None)
        .for_operation(Select::operation("/test.Calls/Call"), SHORT);
    let limit = || async {
        let deadline = Current::get().expect("it has layers").deadline();
        match deadline.map(|deadline| deadline - Instant::now() > SHORT) {
            None => "none",
            Some(true) => "long",
            Some(false) => "short",
        }
    };
    let router = Router::new()
        .route("/late/{id}", get(limit))
        .route("/late/long/{id}", get(limit))
        .route("/free/{id}", get(limit))
        .route("/usual", get(limit));
    let calls = Calls::new(move |_| async move { Ok(limit().await.to_owned()) });
    let server = start(router, Services::new().service(calls), layer).await;
    for (path, expected) in [
        ("/late/7", "short"),
        ("/late/long/7", "long"),
        ("/free/7", "none"),
        ("/usual", "long"),
    ] {
        assert_eq!(get_path(&server, path).await.body, expected, "{path}");
    }
    let channel = channel(&server).await;
    assert_eq!(call(&channel, hello()).await.unwrap(), "short");
    drop(channel);
    server.stop_within(PATIENCE).await.nothing_cut();
}

/// What a handler would send to another server, in milliseconds.
fn handed_on() -> (Option<u128>, Option<u128>) {
    let mut headers = HeaderMap::new();
    Current::get()
        .expect("it has layers")
        .propagate(&mut headers);
    let read = |name: &str, unit: &str| {
        let value = headers.get(name)?.to_str().ok()?;
        value.strip_suffix(unit)?.parse::<u128>().ok()
    };
    let micros = read("grpc-timeout", "u");
    (micros.map(|micros| micros / 1_000), read("x-timeout", "ms"))
}

#[tokio::test]
async fn the_client_may_ask_for_less_and_what_is_left_goes_on() {
    let router = Router::new().route(
        "/left",
        get(|call: CallContext| async move {
            let (grpc, http) = handed_on();
            let left = call.deadline().expect("a limit") - Instant::now();
            format!("{} {} {}", grpc.unwrap(), http.unwrap(), left.as_millis())
        }),
    );
    let calls = Calls::new(|_| async { Ok(handed_on().0.unwrap().to_string()) });
    let layer = deadline(Duration::from_secs(60)).header("x-timeout".try_into().unwrap());
    let server = start(router, Services::new().service(calls), layer).await;
    for (header, most) in [
        ("", 60_000),
        ("x-timeout: 20s\r\n", 20_000),
        ("x-timeout: 90s\r\n", 60_000),
    ] {
        let left = send(&server, "GET /left", header, "").await;
        let left: Vec<u128> = left
            .body
            .split(' ')
            .map(|left| left.parse().unwrap())
            .collect();
        assert_eq!(left.len(), 3);
        assert!(
            left.iter()
                .all(|left| (most - 10_000..=most).contains(left)),
            "{left:?}"
        );
    }
    let wrong = send(&server, "GET /left", "x-timeout: soon\r\n", "").await;
    assert_eq!(wrong.status, 400, "{wrong:?}");
    for part in ["TIMEOUT_INVALID", "x-timeout", "soon", "250ms"] {
        assert!(wrong.body.contains(part), "{part}: {wrong:?}");
    }
    let channel = channel(&server).await;
    let mut request = hello();
    request.set_timeout(Duration::from_secs(20));
    let left: u128 = call(&channel, request).await.unwrap().parse().unwrap();
    assert!((10_000..=20_000).contains(&left), "{left}");
    let left: u128 = call(&channel, hello()).await.unwrap().parse().unwrap();
    assert!((50_000..=60_000).contains(&left), "{left}");
    drop(channel);
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn without_the_header_a_client_over_http_has_no_say() {
    let late = || async {
        let deadline = Current::get().expect("it has layers").deadline();
        deadline.is_none().to_string()
    };
    let router = Router::new().route("/", get(late));
    let server = start(router, Services::new(), deadline(None)).await;
    let answer = send(
        &server,
        "GET /",
        "x-request-timeout: 1ms\r\ngrpc-timeout: 1n\r\n",
        "",
    )
    .await;
    assert_eq!(answer.body, "true");
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn of_the_layers_limit_and_the_servers_the_sooner_holds() {
    for (server_limit, layer_limit) in [(SHORT, HOUR), (HOUR, SHORT)] {
        let router = Router::new().route("/", get(std::future::pending::<()>));
        let options = ConnectionOptions {
            request_timeout: Some(server_limit),
            ..ConnectionOptions::default()
        };
        let server = http::Server::new(ANY_PORT, router).connections(options);
        let server = Fixture::start(server.layers(deadline(layer_limit))).await;
        let answer = timeout(PATIENCE, get_path(&server, "/"))
            .await
            .expect("in time");
        assert_eq!(answer.status, 504, "{answer:?}");
        assert!(answer.body.contains("REQUEST_TIMEOUT"), "{answer:?}");
        assert!(answer.body.contains("50ms"), "{answer:?}");
        server.stop_within(PATIENCE).await.nothing_cut();
    }
}

#[tokio::test]
async fn a_stream_has_the_limit_for_its_head_only() {
    let router = Router::new().route(
        "/stream",
        get(|call: CallContext| async move {
            let deadline = call.deadline().expect("a limit");
            let (sender, mut parts) = mpsc::channel::<Bytes>(1);
            call.scope().spawn("parts", async move {
                sleep_until(deadline + SHORT).await;
                let _ = sender.send(Bytes::from_static(b"behind it")).await;
                Ok(())
            });
            let parts = std::future::poll_fn(move |cx| parts.poll_recv(cx));
            let frame = async move { parts.await.map(hyper::body::Frame::data) };
            let stream = tokio_stream::once(frame);
            let stream = tokio_stream::StreamExt::then(stream, |frame| frame);
            let stream = tokio_stream::StreamExt::filter_map(stream, |frame| {
                frame.map(Ok::<_, std::io::Error>)
            });
            Body::new(StreamBody::new(Box::pin(stream)))
        }),
    );
    let server = start(router, Services::new(), deadline(SHORT)).await;
    let answer = get_path(&server, "/stream").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer.body.contains("behind it"), "{answer:?}");
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn an_upload_puts_no_deadline_off() {
    let router = Router::new().route(
        "/",
        post(|body: Bytes| async move { body.len().to_string() }),
    );
    let server = start(router, Services::new(), deadline(SHORT)).await;
    let mut client = Raw::connect(server.address).await;
    client
        .send("POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 9\r\n\r\npart")
        .await;
    let answer = answer_of(&mut client).await;
    assert_eq!(answer.status, 504, "{answer:?}");
    server.stop_within(PATIENCE).await.nothing_cut();
}
