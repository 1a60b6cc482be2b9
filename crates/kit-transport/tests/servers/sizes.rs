//! How much a client may send.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::DefaultBodyLimit;
use axum::routing::post;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, LengthLimitError};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use kit_transport::{ConnectionOptions, grpc, http};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::client::Raw;
use crate::fixture::{ANY_PORT, Fixture, PATIENCE, no_task_is_left};

const TOO_LARGE: &str = r#"{"code":413,"reason":"BODY_TOO_LARGE","message":"a body has at most 10 bytes","metadata":{}}"#;

fn server(options: ConnectionOptions) -> http::Server {
    async fn by_hand(body: Body) -> String {
        match body.collect().await {
            Ok(body) => format!("{} bytes", body.to_bytes().len()),
            Err(error) => match error.into_inner().downcast::<LengthLimitError>() {
                Ok(_) => "too long".to_owned(),
                Err(other) => other.to_string(),
            },
        }
    }
    let extracted = post(|body: Bytes| async move { format!("{} bytes", body.len()) });
    let router = Router::new()
        .route("/extracted", extracted)
        .route("/by-hand", post(by_hand))
        .layer(DefaultBodyLimit::disable());
    http::Server::new(ANY_PORT, router).connections(options)
}

async fn ten_bytes() -> Fixture {
    Fixture::start(server(ConnectionOptions {
        max_body: Some(10),
        ..ConnectionOptions::default()
    }))
    .await
}

#[tokio::test]
async fn a_body_with_too_large_a_content_length_is_refused_before_it_arrives() {
    let server = ten_bytes().await;
    let mut client = Raw::connect(server.address).await;
    client
        .send("POST /extracted HTTP/1.1\r\nhost: test\r\ncontent-length: 11\r\n\r\n")
        .await;
    let answer = String::from_utf8(client.read_to_close().await).unwrap();
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(answer.contains("connection: close\r\n"), "{answer}");
    assert!(answer.ends_with(TOO_LARGE), "{answer}");
    drop(client);
    server
        .stop_within(PATIENCE)
        .await
        .before_its_deadline()
        .nothing_cut();
    no_task_is_left().await;
}

#[tokio::test]
async fn a_client_that_goes_on_sending_can_read_the_answer_and_has_half_a_second() {
    let server = ten_bytes().await;
    let mut client = Raw::connect(server.address).await;
    let start = Instant::now();
    client
        .send("POST /extracted HTTP/1.1\r\nhost: test\r\ncontent-length: 1000000\r\n\r\n0123")
        .await;
    let (mut from, mut to) = client.0.split();
    let mut answer = Vec::new();
    let sending = async {
        while to.write_all(&[0; 100]).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
            assert!(start.elapsed() < PATIENCE, "it is not closed");
        }
        start.elapsed()
    };
    let (sent, read) = tokio::join!(sending, from.read_to_end(&mut answer));
    read.expect("closed, not reset");
    assert!(String::from_utf8(answer).unwrap().ends_with(TOO_LARGE));
    assert!(sent >= Duration::from_millis(450), "{sent:?}");
    server
        .stop_within(PATIENCE)
        .await
        .before_its_deadline()
        .nothing_cut();
    no_task_is_left().await;
}

#[tokio::test]
async fn a_body_is_read_up_to_the_largest_size_and_no_further() {
    let server = ten_bytes().await;
    let full = "content-length: 10\r\n\r\n0123456789";
    let chunked = "transfer-encoding: chunked\r\n\r\na\r\n0123456789\r\n";
    for path in ["/extracted", "/by-hand"] {
        let head = format!("POST {path} HTTP/1.1\r\nhost: test\r\n");
        let mut client = Raw::connect(server.address).await;
        client.send(format!("{head}{full}")).await;
        client.read_to("10 bytes").await;
        client.send(format!("{head}{chunked}0\r\n\r\n")).await;
        client.read_to("10 bytes").await;
        client.send(format!("{head}{chunked}1\r\nx\r\n")).await;
        if path == "/extracted" {
            assert!(client.read_head().await.starts_with("HTTP/1.1 413"));
        } else {
            client.read_to("too long").await;
        }
    }
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_http2_a_body_that_is_too_large_closes_no_connection() {
    let server = ten_bytes().await;
    let stream = TcpStream::connect(server.address).await.unwrap();
    let (mut client, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
        .await
        .unwrap();
    #[expect(
        clippy::disallowed_methods,
        reason = "a client's task, which ends with its connection"
    )]
    tokio::spawn(connection);
    for (size, status) in [(10, 200), (11, 413), (10, 200)] {
        let body = Full::new(Bytes::from(vec![0; size]));
        let request = ::http::Request::post("http://test/extracted").body(body);
        client.ready().await.unwrap();
        let answer = client.send_request(request.unwrap()).await.unwrap();
        assert_eq!(answer.status(), status);
        if status == 413 {
            let body = answer.into_body().collect().await.unwrap().to_bytes();
            assert_eq!(body, TOO_LARGE);
        }
    }
    drop(client);
    server.stop_within(PATIENCE).await.nothing_cut();
    no_task_is_left().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn grpc_calls_have_the_limits_of_tonic_and_not_these() {
    let options = ConnectionOptions {
        max_body: Some(1),
        ..ConnectionOptions::default()
    };
    let server = server(options).grpc(grpc::Services::new());
    let server = Fixture::start(server).await;
    let channel = tonic::transport::Endpoint::from_shared(format!("http://{}", server.address));
    let channel = channel.unwrap().connect().await.unwrap();
    let mut health = tonic_health::pb::health_client::HealthClient::new(channel);
    // Its message takes five bytes.
    let request = tonic_health::pb::HealthCheckRequest::default();
    health.check(request).await.unwrap();
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn a_head_that_is_too_large_or_has_too_many_headers_is_refused() {
    let server = Fixture::start(server(ConnectionOptions {
        max_head: 10_000,
        max_headers: 120,
        ..ConnectionOptions::default()
    }))
    .await;
    let by_size = |size| format!("big: {}\r\n", "x".repeat(size));
    let by_number = |number| "x: y\r\n".repeat(number);
    for (headers, status) in [
        (by_size(9_000), "404"),
        (by_size(30_000), "431"),
        (by_number(118), "404"),
        (by_number(120), "431"),
    ] {
        let mut client = Raw::connect(server.address).await;
        client
            .send(format!("GET / HTTP/1.1\r\nhost: test\r\n{headers}\r\n"))
            .await;
        let answer = client.read_head().await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{answer}"
        );
    }
    let mut client = crate::client::http2(server.address).await;
    for (size, status) in [(9_000, 404), (11_000, 431)] {
        let request = ::http::Request::get("http://test/").header("big", "x".repeat(size));
        let request = request.body(http_body_util::Empty::new()).unwrap();
        client.ready().await.unwrap();
        assert_eq!(client.send_request(request).await.unwrap().status(), status);
    }
    server.stop_within(PATIENCE).await.nothing_cut();
}
