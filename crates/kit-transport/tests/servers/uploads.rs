//! Bodies of requests that take longer than a request may.

use std::convert::Infallible;
use std::fmt::Debug;
use std::io;
use std::task::{Context, Poll};
use std::time::Duration;

use ::http::{Request, Response, StatusCode, Uri};
use axum::Router;
use axum::routing::post;
use bytes::Bytes;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Frame;
use hyper_util::rt::{TokioExecutor, TokioIo};
use kit_transport::{ConnectionOptions, grpc, http};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};
use tokio_stream::wrappers::ReceiverStream;
use tonic::body::Body;
use tonic::codegen::{BoxFuture, Service};
use tonic::server::NamedService;

use crate::client::Raw;
use crate::fixture::{ANY_PORT, Fixture, PATIENCE, in_one_of_five, no_task_is_left};

const LIMIT: Duration = Duration::from_millis(300);
/// The time between two parts.
const PAUSE: Duration = Duration::from_millis(50);
/// The parts of an upload: together they take more than twice the limit.
const PARTS: usize = 14;

fn limited() -> ConnectionOptions {
    ConnectionOptions {
        request_timeout: Some(LIMIT),
        ..ConnectionOptions::default()
    }
}

async fn counting() -> Fixture {
    let count = async |body: Bytes| body.len().to_string();
    let router = Router::new().route("/", post(count));
    Fixture::start(http::Server::new(ANY_PORT, router).connections(limited())).await
}

/// Begins an upload of this length.
async fn begin(server: &Fixture, length: usize) -> Raw {
    let mut client = Raw::connect(server.address).await;
    let head = format!("POST / HTTP/1.1\r\nhost: test\r\ncontent-length: {length}\r\n\r\n");
    client.send(head).await;
    client
}

/// Asserts that a client which sends steadily is answered. A stall makes a pause longer than the limit.
async fn steady<E: Debug>(uploads: impl AsyncFn() -> Result<(), E>) {
    in_one_of_five(uploads).await;
}

/// Reads a head. Another status than 200 is an error.
async fn read_ok(client: &mut Raw) -> io::Result<()> {
    let head = client.read_head().await;
    if head.starts_with("HTTP/1.1 200") {
        Ok(())
    } else {
        Err(io::Error::other(head))
    }
}

#[tokio::test]
async fn a_body_that_arrives_steadily_is_read_to_its_end() {
    steady(async || {
        let server = counting().await;
        let mut client = begin(&server, PARTS * 10_000).await;
        for _ in 0..PARTS {
            sleep(PAUSE).await;
            client.0.write_all(&[b'x'; 10_000]).await?;
        }
        read_ok(&mut client).await?;
        client.read_to("140000").await;
        drop(client);
        server.stop_within(PATIENCE).await.nothing_cut();
        no_task_is_left().await;
        io::Result::Ok(())
    })
    .await;
}

/// Sends these bytes after each pause until there is an answer.
async fn drip(client: &mut Raw, bytes: &[u8]) -> String {
    let start = Instant::now();
    loop {
        client.send(bytes).await;
        if timeout(PAUSE, client.0.readable()).await.is_ok() {
            return client.read_head().await;
        }
        assert!(start.elapsed() < PATIENCE, "it is still read");
    }
}

#[tokio::test]
async fn a_body_that_drips_or_stalls_has_the_limit() {
    let server = counting().await;
    let mut client = begin(&server, 1000).await;
    let answer = drip(&mut client, b"x").await;
    assert!(answer.starts_with("HTTP/1.1 504"), "{answer}");

    let start = Instant::now();
    let mut client = begin(&server, 1000).await;
    client.send("x").await;
    let answer = client.read_head().await;
    assert!(answer.starts_with("HTTP/1.1 504"), "{answer}");
    assert!(start.elapsed() >= LIMIT);
    server.stop_within(PATIENCE).await;
    no_task_is_left().await;
}

#[tokio::test]
async fn a_body_of_grpc_without_a_service_for_it_has_the_limit() {
    let server = counting().await;
    let mut client = Raw::connect(server.address).await;
    let head = "POST / HTTP/1.1\r\nhost: test\r\ncontent-type: application/grpc\r\n\
                content-length: 1000\r\n\r\n";
    client.send(head).await;
    // Each piece would be a whole message of gRPC.
    let answer = drip(&mut client, &[0; 5]).await;
    assert!(answer.starts_with("HTTP/1.1 504"), "{answer}");
    server.stop_within(PATIENCE).await;
    no_task_is_left().await;
}

#[tokio::test]
async fn a_handler_has_the_whole_limit_from_the_end_of_a_body_on() {
    steady(a_handler_has_the_whole_limit).await;
}

async fn a_handler_has_the_whole_limit() -> io::Result<()> {
    let work = async |body: Bytes| {
        sleep(LIMIT * 2 / 3).await;
        body.len().to_string()
    };
    let router = Router::new().route("/", post(work));
    let server = Fixture::start(http::Server::new(ANY_PORT, router).connections(limited())).await;
    let mut client = Raw::connect(server.address).await;
    let head = "POST / HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n";
    client.send(head).await;
    // The parts are so slow that alone they do not put off the limit.
    for _ in 0..5 {
        client.0.write_all(b"1\r\nx\r\n").await?;
        sleep(PAUSE).await;
    }
    client.0.write_all(b"0\r\n\r\n").await?;
    read_ok(&mut client).await?;
    client.read_to("5").await;
    drop(client);
    server.stop_within(PATIENCE).await.nothing_cut();
    no_task_is_left().await;
    Ok(())
}

/// Answers a call when its messages have ended.
#[derive(Clone)]
struct Collecting;

impl NamedService for Collecting {
    const NAME: &'static str = "test.Uploads";
}

impl Service<Request<Body>> for Collecting {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Response<Body>, Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(async {
            let whole = request.into_body().collect().await;
            let status = if whole.is_ok() { "0" } else { "2" };
            let answer = Response::builder()
                .header("content-type", "application/grpc")
                .header("grpc-status", status);
            Ok(answer.body(Body::empty()).expect("it is valid"))
        })
    }
}

/// Sends the parts, one after each pause, in the body of a request over HTTP/2.
async fn upload(
    server: &Fixture,
    path: &str,
    content_type: &str,
    part: impl Fn(usize) -> &'static [u8],
) -> Response<()> {
    let stream = TcpStream::connect(server.address).await.unwrap();
    let io = TokioIo::new(stream);
    let (mut client, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), io)
        .await
        .unwrap();
    let (parts, received) = mpsc::channel::<Result<Frame<Bytes>, Infallible>>(1);
    let uri: Uri = format!("http://test{path}").parse().unwrap();
    let request = Request::post(uri)
        .header("content-type", content_type)
        .header("te", "trailers")
        .body(StreamBody::new(ReceiverStream::new(received)))
        .unwrap();
    let sent = async move {
        for number in 0..PARTS {
            sleep(PAUSE).await;
            let frame = Frame::data(Bytes::from_static(part(number)));
            let _ = parts.send(Ok(frame)).await;
        }
    };
    let answer = async {
        let (answer, ()) = tokio::join!(client.send_request(request), sent);
        answer
    };
    tokio::select! {
        answer = answer => answer.unwrap().map(drop),
        ended = connection => panic!("the connection ended first: {ended:?}"),
    }
}

#[tokio::test]
async fn a_body_that_arrives_steadily_over_http2_is_read_to_its_end() {
    steady(async || {
        let server = counting().await;
        let part = |_| &[b'x'; 10_000][..];
        let answer = upload(&server, "/", "application/octet-stream", part).await;
        server.stop_within(PATIENCE).await;
        match answer.status() {
            StatusCode::OK => Ok(()),
            other => Err(other),
        }
    })
    .await;
}

#[tokio::test]
async fn messages_of_a_call_are_progress_however_small() {
    steady(async || {
        let server = grpc::Server::new(ANY_PORT).service(Collecting);
        let server = Fixture::start(server.connections(limited())).await;
        let path = "/test.Uploads/Collect";
        let answer = upload(&server, path, "application/grpc", |_| b"\0\0\0\0\0").await;
        assert_eq!(answer.status(), 200);
        server.stop_within(PATIENCE).await;
        match &answer.headers()["grpc-status"] {
            status if status == "0" => Ok(()),
            other => Err(other.clone()),
        }
    })
    .await;
}

#[tokio::test]
async fn bytes_of_a_message_that_drips_are_no_progress() {
    let server = grpc::Server::new(ANY_PORT).service(Collecting);
    let server = Fixture::start(server.connections(limited())).await;
    // The head of a message with 1000 bytes, and then one byte at a time.
    let part = |number| match number {
        0 => &b"\0\0\0\x03\xe8"[..],
        _ => b"x",
    };
    let path = "/test.Uploads/Collect";
    let answer = upload(&server, path, "application/grpc", part).await;
    assert_eq!(answer.headers()["grpc-status"], "4");
    server.stop_within(PATIENCE).await;
}
