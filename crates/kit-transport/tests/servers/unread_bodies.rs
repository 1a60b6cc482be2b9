//! HTTP/1.1: an answer to a request whose body was not read says whether another can follow.

use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;
use http_body_util::BodyExt as _;
use kit_transport::{ApiError, ConnectionOptions, http};
use tokio::io::AsyncWriteExt as _;

use crate::client::Raw;
use crate::fixture::{ANY_PORT, Fixture, PATIENCE};

/// Answers with a body that holds the request's.
async fn holds(request: Request) -> Response {
    let stream = tokio_stream::StreamExt::map(tokio_stream::once("held"), move |part| {
        let _held = &request;
        Ok::<_, std::convert::Infallible>(part)
    });
    Body::from_stream(stream).into_response()
}

async fn half(mut request: Request) -> &'static str {
    let part = request.body_mut().frame().await;
    assert!(part.is_some_and(|part| part.is_ok()));
    "half"
}

async fn reads(body: Bytes) -> String {
    format!("{} bytes", body.len())
}

async fn panics(_request: Request) -> &'static str {
    panic!("on purpose")
}

async fn never(_request: Request) -> &'static str {
    std::future::pending().await
}

/// The ways not to read a body for which it takes a limit to be answered have a short one.
fn server() -> http::Server {
    server_with(Duration::from_millis(300))
}

fn server_with(limit: Duration) -> http::Server {
    let refuses = middleware::from_fn(|_request: Request, _next: middleware::Next| async {
        ApiError::unauthorized("TOKEN_MISSING", "a token is needed")
    });
    let router = Router::new()
        .route("/refused", post(reads).layer(refuses))
        .route("/unread", post(|| async { "unread" }))
        .route("/get", get(|| async { "get" }))
        .route("/half", post(half))
        .route("/reads", post(reads))
        .route("/json", post(|_: Json<u8>| async { StatusCode::OK }))
        .route("/panics", post(panics))
        .route("/never", post(never))
        .route("/holds", post(holds));
    http::Server::new(ANY_PORT, router).connections(ConnectionOptions {
        max_body: Some(1_000_000),
        request_timeout: Some(limit),
        ..ConnectionOptions::default()
    })
}

fn head(path: &str, headers: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nhost: test\r\n{headers}\r\n")
}

/// Reads one answer, and gives its head and whether it is the last of its connection.
async fn read_answer(client: &mut Raw) -> (String, bool) {
    let head = client.read_head().await.to_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    match length {
        Some(length) => {
            let length = length.parse().expect("a number");
            client.read_bytes(length).await;
        }
        None => {
            client.read_to("0\r\n\r\n").await;
        }
    }
    let last = head.contains("\r\nconnection: close\r\n");
    (head, last)
}

/// Each way not to read a body, and its status.
const WAYS: [(&str, &str); 10] = [
    ("/refused", "401"),
    ("/unread", "200"),
    ("/nowhere", "404"),
    ("/get", "405"),
    ("/half", "200"),
    ("/json", "415"),
    ("/panics", "500"),
    ("/never", "504"),
    ("/holds", "200"),
    ("/reads", "504"),
];

#[tokio::test]
async fn an_answer_before_the_body_has_arrived_is_the_last_and_says_so() {
    let server = Fixture::start(server()).await;
    for (path, status) in WAYS {
        for length in [300, 500_000] {
            for framing in ["content-length", "chunked"] {
                let (headers, part) = match framing {
                    "chunked" => (
                        "transfer-encoding: chunked\r\n".to_owned(),
                        format!("5\r\n01234\r\n{length:x}\r\n0123"),
                    ),
                    _ => (format!("content-length: {length}\r\n"), "01234".to_owned()),
                };
                let mut client = Raw::connect(server.address).await;
                client.send(head(path, &headers) + &part).await;
                let (answer, last) = read_answer(&mut client).await;
                let what = format!("{path}, {framing} of {length}: {answer}");
                assert!(answer.starts_with(&format!("http/1.1 {status}")), "{what}");
                assert!(last, "{what}");
                assert_eq!(client.read_to_close().await, b"", "{what}");
            }
        }
    }
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn a_small_body_that_has_arrived_is_read_and_the_connection_goes_on() {
    let server = Fixture::start(server()).await;
    let bodies = [
        ("content-length: 5\r\n".to_owned(), "01234".to_owned()),
        ("content-length: 30000\r\n".to_owned(), "x".repeat(30_000)),
        (
            "transfer-encoding: chunked\r\n".to_owned(),
            "5\r\n01234\r\n6\r\n012345\r\n0\r\nx: y\r\n\r\n".to_owned(),
        ),
    ];
    for (path, status) in WAYS {
        // `/holds` may read its body still, for all that the server knows, and `/reads` times out only if
        // its body is incomplete.
        if matches!(path, "/holds" | "/reads") {
            continue;
        }
        for (headers, body) in &bodies {
            let mut client = Raw::connect(server.address).await;
            for _ in 0..3 {
                client.send(head(path, headers) + body).await;
                let (answer, last) = read_answer(&mut client).await;
                assert!(
                    answer.starts_with(&format!("http/1.1 {status}")),
                    "{answer}"
                );
                assert!(!last, "{path}, {headers}: {answer}");
            }
            // Two at once: the second is not taken for the first one's body.
            let two = head(path, headers) + body + "GET /get HTTP/1.1\r\nhost: test\r\n\r\n";
            client.send(two).await;
            read_answer(&mut client).await;
            let (answer, last) = read_answer(&mut client).await;
            assert!(answer.starts_with("http/1.1 200") && !last, "{answer}");
        }
    }
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn a_body_that_is_read_or_empty_keeps_the_connection_open() {
    let server = Fixture::start(server_with(PATIENCE)).await;
    let mut client = Raw::connect(server.address).await;
    for _ in 0..2 {
        client.send(head("/reads", "content-length: 5\r\n")).await;
        client.send("01234").await;
        assert!(!read_answer(&mut client).await.1);
        client.send(head("/unread", "content-length: 0\r\n")).await;
        assert!(!read_answer(&mut client).await.1);
        client.get("/get").await;
        assert!(!read_answer(&mut client).await.1);
    }
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn a_large_body_is_not_read_only_to_keep_the_connection_open() {
    let server = Fixture::start(server()).await;
    let mut client = Raw::connect(server.address).await;
    client
        .send(head("/refused", "transfer-encoding: chunked\r\n"))
        .await;
    // The client sends as fast as the server reads, and without an end.
    let chunk = format!("4000\r\n{}\r\n", "x".repeat(0x4000));
    let (mut from, mut to) = client.0.split();
    let sending = async {
        loop {
            if to.write_all(chunk.as_bytes()).await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    };
    let answered = async { from.peek(&mut [0]).await };
    tokio::select! {
        () = sending => {}
        answered = tokio::time::timeout(PATIENCE, answered) => {
            assert_eq!(answered.expect("it answers").expect("it is not reset"), 1);
        }
    }
    let (answer, last) = read_answer(&mut client).await;
    assert!(answer.starts_with("http/1.1 401") && last, "{answer}");
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_sends_all_before_it_reads_has_its_answer() {
    let server = Fixture::start(server()).await;
    let mut client = Raw::connect(server.address).await;
    client
        .send(head("/refused", "content-length: 900000\r\n"))
        .await;
    client.send(vec![b'x'; 900_000]).await;
    let (answer, last) = read_answer(&mut client).await;
    assert!(answer.starts_with("http/1.1 401") && last, "{answer}");
    assert_eq!(client.read_to_close().await, b"");
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn a_body_for_which_no_100_continue_was_sent_is_not_awaited() {
    let server = Fixture::start(server()).await;
    let expects = "expect: 100-continue\r\ncontent-length: 5\r\n";
    for (path, status) in WAYS {
        if matches!(path, "/half" | "/reads" | "/holds") {
            continue;
        }
        let mut client = Raw::connect(server.address).await;
        client.send(head(path, expects)).await;
        let (answer, last) = read_answer(&mut client).await;
        assert!(
            answer.starts_with(&format!("http/1.1 {status}")),
            "{answer}"
        );
        assert!(last, "{path}: {answer}");
        assert_eq!(client.read_to_close().await, b"", "{path}");
    }
    // A body that was asked for is sent, and the connection goes on.
    let mut client = Raw::connect(server.address).await;
    for _ in 0..2 {
        client.send(head("/reads", expects)).await;
        assert!(client.read_head().await.starts_with("HTTP/1.1 100"));
        client.send("01234").await;
        let (answer, last) = read_answer(&mut client).await;
        assert!(answer.starts_with("http/1.1 200") && !last, "{answer}");
    }
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn an_unread_body_over_http_1_0_is_treated_alike() {
    let server = Fixture::start(server()).await;
    let head = "POST /unread HTTP/1.0\r\nconnection: keep-alive\r\ncontent-length: 5\r\n\r\n";
    let mut client = Raw::connect(server.address).await;
    client.send(format!("{head}01234")).await;
    let (answer, _) = read_answer(&mut client).await;
    assert!(answer.contains("connection: keep-alive\r\n"), "{answer}");
    client.send(format!("{head}01")).await;
    let (answer, last) = read_answer(&mut client).await;
    assert!(last && !answer.contains("keep-alive"), "{answer}");
    assert_eq!(client.read_to_close().await, b"");
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn an_unread_body_of_a_request_that_is_not_grpc_is_treated_alike() {
    let server = Fixture::grpc(|server| server).await;
    let mut client = Raw::connect(server.address).await;
    let request = head("/unread", "content-length: 5\r\n");
    client.send(format!("{request}01234")).await;
    let (answer, last) = read_answer(&mut client).await;
    assert!(answer.starts_with("http/1.1 415") && !last, "{answer}");
    client.send(format!("{request}0123")).await;
    let (answer, last) = read_answer(&mut client).await;
    assert!(answer.starts_with("http/1.1 415") && last, "{answer}");
    assert_eq!(client.read_to_close().await, b"");
    server.stop_within(PATIENCE).await.nothing_cut();
}
