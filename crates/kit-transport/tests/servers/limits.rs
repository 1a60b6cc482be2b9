//! The limits of a connection while the server runs.

use std::time::Duration;

use kit_transport::{ConnectionOptions, Cut, Http2Options, http};
use tokio::time::Instant;

use crate::client::{GOAWAY, HEADERS, PREFACE, Raw, SETTINGS, ask, get_frame, http2};
use crate::drain_http1::Held;
use crate::fixture::{ANY_PORT, Fixture, HOUR, PATIENCE, in_one_of_five, no_task_is_left};

const LIMIT: Duration = Duration::from_millis(300);

/// Only the limit that a test shortens can close a connection.
fn patient() -> ConnectionOptions {
    ConnectionOptions {
        first_byte: HOUR,
        head: HOUR,
        idle: HOUR,
        unread: HOUR,
        request_timeout: None,
        max_age: None,
        http2: Http2Options {
            ping_interval: None,
            ..Http2Options::default()
        },
        ..ConnectionOptions::default()
    }
}

async fn serve(options: ConnectionOptions) -> Fixture {
    Fixture::start(http::Server::new(ANY_PORT, Held::new().router()).connections(options)).await
}

/// The server closes the connection, and not before the limit, which began to run after `start`.
async fn closes_at_its_limit(client: &mut Raw, start: Instant) {
    client.read_to_close().await;
    not_too_soon(start);
}

fn not_too_soon(start: Instant) {
    let took = start.elapsed();
    assert!(took >= LIMIT - Duration::from_millis(50), "{took:?}");
}

#[tokio::test]
async fn a_silent_connection_is_closed() {
    let server = serve(ConnectionOptions {
        first_byte: LIMIT,
        ..patient()
    })
    .await;
    let start = Instant::now();
    closes_at_its_limit(&mut Raw::connect(server.address).await, start).await;
    server
        .stop_within(PATIENCE)
        .await
        .before_its_deadline()
        .nothing_cut();
    no_task_is_left().await;
}

#[tokio::test]
async fn a_connection_with_half_of_a_first_or_second_head_is_closed() {
    let server = serve(ConnectionOptions {
        head: LIMIT,
        ..patient()
    })
    .await;
    let mut client = Raw::connect(server.address).await;
    let start = Instant::now();
    client.send("GET /hello HTTP/1.1\r\n").await;
    closes_at_its_limit(&mut client, start).await;

    let mut client = Raw::connect(server.address).await;
    client.get("/hello").await;
    client.read_to("hello").await;
    let start = Instant::now();
    client.send("GET").await;
    closes_at_its_limit(&mut client, start).await;
    server
        .stop_within(PATIENCE)
        .await
        .before_its_deadline()
        .nothing_cut();
    no_task_is_left().await;
}

#[tokio::test]
async fn a_connection_with_half_a_greeting_is_closed() {
    let server = serve(ConnectionOptions {
        head: LIMIT,
        ..patient()
    })
    .await;
    for part in [&PREFACE[..10], PREFACE, &[PREFACE, &SETTINGS[..5]].concat()] {
        let mut client = Raw::connect(server.address).await;
        let start = Instant::now();
        client.send(part).await;
        closes_at_its_limit(&mut client, start).await;
    }
    server
        .stop_within(PATIENCE)
        .await
        .before_its_deadline()
        .nothing_cut();
    no_task_is_left().await;
}

#[tokio::test]
async fn a_dripping_head_has_no_more_time_than_a_stuck_one() {
    let server = serve(ConnectionOptions {
        head: LIMIT,
        ..patient()
    })
    .await;
    let mut client = Raw::connect(server.address).await;
    let start = Instant::now();
    let mut pause = tokio::time::interval(Duration::from_millis(20));
    while tokio::io::AsyncWriteExt::write_all(&mut client.0, b"x")
        .await
        .is_ok()
    {
        pause.tick().await;
        assert!(start.elapsed() < PATIENCE);
    }
    not_too_soon(start);
    server
        .stop_within(PATIENCE)
        .await
        .before_its_deadline()
        .nothing_cut();
}

#[tokio::test]
async fn idle_connections_are_closed_and_those_with_a_request_in_flight_are_not() {
    let held = Held::new();
    let options = ConnectionOptions {
        idle: LIMIT,
        ..patient()
    };
    let server =
        Fixture::start(http::Server::new(ANY_PORT, held.router()).connections(options)).await;
    let mut waiting = Raw::connect(server.address).await;
    waiting.get("/held").await;
    held.begun().await;

    let mut idle = Raw::connect(server.address).await;
    let start = Instant::now();
    idle.get("/hello").await;
    idle.read_to("hello").await;
    closes_at_its_limit(&mut idle, start).await;

    // A stall makes the connection idle before its first request.
    let idle = loop {
        let mut idle = http2(server.address).await;
        if let Ok(answer) = ask(&mut idle, "/hello").await {
            assert_eq!(answer.status(), 200);
            break idle;
        }
    };
    while !idle.is_closed() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }

    let mut frozen = Raw::connect(server.address).await;
    let start = Instant::now();
    frozen.send([PREFACE, SETTINGS].concat()).await;
    frozen.read_to_close().await;
    let took = start.elapsed();
    assert!(
        took >= LIMIT + Duration::from_millis(450),
        "GOAWAY, and half a second: {took:?}"
    );

    held.go.add_permits(1);
    waiting.read_to("done").await;
    server.stop_within(PATIENCE).await.cut(Cut::Connection, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_connection_takes_no_new_requests_and_finishes_the_last_ones() {
    let held = Held::new();
    let options = ConnectionOptions {
        max_age: Some(LIMIT),
        ..patient()
    };
    let server =
        Fixture::start(http::Server::new(ANY_PORT, held.router()).connections(options)).await;
    // A stall makes the connection old before its first request.
    let mut first = loop {
        let mut first = Raw::connect(server.address).await;
        first.get("/hello").await;
        if !first.read_to("hello").await.contains("connection: close") {
            break first;
        }
    };
    let mut second = Raw::connect(server.address).await;
    let start = Instant::now();
    let request = get_frame(1, "/held");
    second.send([PREFACE, SETTINGS, &request].concat()).await;
    held.begun().await;
    second.read_frame(GOAWAY).await.expect("a GOAWAY");
    not_too_soon(start);
    held.go.add_permits(1);
    second.read_frame(HEADERS).await.expect("an answer");

    tokio::time::sleep_until(start + LIMIT + Duration::from_millis(100)).await;
    first.get("/hello").await;
    let answer = String::from_utf8(first.read_to_close().await).unwrap();
    assert!(answer.contains("connection: close"), "{answer}");
    assert!(answer.ends_with("hello"), "{answer}");
    drop(second);
    server
        .stop_within(PATIENCE)
        .await
        .before_its_deadline()
        .nothing_cut();
    no_task_is_left().await;
}

#[tokio::test]
async fn a_client_that_answers_no_ping_is_closed_and_another_keeps_its_request() {
    // A stall keeps the other from its answer to a PING.
    in_one_of_five(async || closes_one_of_two().await.map_err(|error| error.to_string())).await;
}

async fn closes_one_of_two() -> hyper::Result<()> {
    let held = Held::new();
    let options = ConnectionOptions {
        http2: Http2Options {
            ping_interval: Some(LIMIT / 2),
            ping_timeout: LIMIT / 2,
            ..Http2Options::default()
        },
        ..patient()
    };
    let server =
        Fixture::start(http::Server::new(ANY_PORT, held.router()).connections(options)).await;
    let mut alive = http2(server.address).await;
    let asking = ask(&mut alive, "/held");
    held.begun().await;
    let mut vanished = Raw::connect(server.address).await;
    let start = Instant::now();
    vanished.send([PREFACE, SETTINGS].concat()).await;
    closes_at_its_limit(&mut vanished, start).await;
    held.go.add_permits(1);
    assert_eq!(asking.await?.status(), 200);
    server
        .stop_within(PATIENCE)
        .await
        .before_its_deadline()
        .nothing_cut();
    Ok(())
}

#[tokio::test]
async fn a_server_with_the_largest_limits_serves() {
    let options = ConnectionOptions {
        first_byte: Duration::MAX,
        head: Duration::MAX,
        idle: Duration::MAX,
        unread: Duration::MAX,
        max_age: Some(Duration::MAX),
        request_timeout: Some(Duration::MAX),
        stream_grace: Duration::MAX,
        max_head: usize::MAX,
        max_headers: usize::MAX,
        max_body: Some(u64::MAX),
        max_connections: usize::MAX,
        http2: Http2Options {
            ping_interval: Some(Duration::MAX),
            ping_timeout: Duration::MAX,
            ..Http2Options::default()
        },
    };
    let server = http::Server::new(ANY_PORT, Held::new().router()).connections(options);
    let server = Fixture::start(server).await;
    let mut client = Raw::connect(server.address).await;
    client.get("/hello").await;
    client.read_to("hello").await;
    let mut client = http2(server.address).await;
    assert_eq!(ask(&mut client, "/hello").await.unwrap().status(), 200);
    drop(client);
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn limits_with_which_no_client_could_be_served_are_refused() {
    let good = ConnectionOptions::default();
    for (options, expected) in [
        (
            ConnectionOptions {
                max_connections: 0,
                ..good.clone()
            },
            "option `connections.max_connections` is 0: it has to be at least 1",
        ),
        (
            ConnectionOptions {
                max_head: 1,
                ..good.clone()
            },
            "option `connections.max_head` is 1B: it has to be at least 8KiB",
        ),
        (
            ConnectionOptions {
                http2: Http2Options {
                    ping_interval: Some(Duration::ZERO),
                    ..good.http2.clone()
                },
                ..good.clone()
            },
            "option `connections.http2.ping_interval` is 0s: it has to be at least 10ms, or \"off\"",
        ),
        (
            ConnectionOptions {
                head: Duration::ZERO,
                ..good
            },
            "option `connections.head` is 0s: it has to be longer than 0s",
        ),
    ] {
        let tree = kit_sync::TaskTree::new("test");
        let (_life, seen) = tokio::sync::watch::channel(kit_transport::Lifecycle::new());
        let ctx = kit_transport::Context::new(tree.scope().child("http"), seen);
        let server = http::Server::new(ANY_PORT, Held::new().router()).connections(options);
        let error = kit_transport::Server::start(&server, &ctx)
            .await
            .unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
}
