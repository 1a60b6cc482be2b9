//! Unusual clients and handlers: tunnels, requests that are reset, bodies that panic.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::routing::{any, get};
use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper_util::rt::TokioIo;
use kit_transport::Cut;
use kit_transport::http::ServerScope;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::Semaphore;

use crate::client::{PREFACE, Raw, SETTINGS, ask, http2};
use crate::fixture::{Fixture, PATIENCE, no_task_is_left};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tunnel_is_a_stream_and_ends_with_the_server() {
    async fn echo(ServerScope(scope): ServerScope, mut request: Request) -> &'static str {
        let tunnel = hyper::upgrade::on(&mut request);
        let echoing = async move {
            let mut stream = TokioIo::new(tunnel.await.expect("a tunnel"));
            let mut byte = [0];
            while stream.read_exact(&mut byte).await.is_ok() {
                let _ = stream.write_all(&byte).await;
            }
        };
        assert!(scope.track(echoing).is_ok());
        ""
    }
    let server = Fixture::http(Router::new().fallback(any(echo))).await;
    let mut client = Raw::connect(server.address).await;
    client
        .send("CONNECT there:1 HTTP/1.1\r\nhost: there:1\r\n\r\n")
        .await;
    client.read_head().await;
    client.send("x").await;
    assert_eq!(client.0.read_u8().await.unwrap(), b'x');
    let ended = server.stop_within(Duration::from_secs(1)).await;
    ended.cut(Cut::Stream, 1).cut(Cut::Request, 0);
    no_task_is_left().await;
}

/// Adds a permit when it is dropped.
struct Gone(Arc<Semaphore>);

impl Drop for Gone {
    fn drop(&mut self) {
        self.0.add_permits(1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_its_client_has_reset_is_not_counted_as_cut() {
    let (begun, gone) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let (begins, goes) = (Arc::clone(&begun), Arc::clone(&gone));
    let held = move || {
        let _gone = Gone(Arc::clone(&goes));
        begins.add_permits(1);
        async move {
            let _gone = _gone;
            std::future::pending::<()>().await;
        }
    };
    let server = Fixture::http(Router::new().route("/held", get(held))).await;
    // This client answers no PING, so its connection ends by being cut.
    let mut client = Raw::connect(server.address).await;
    let headers = [&[0x82, 0x86, 1, 4][..], b"test", &[4, 5], b"/held"].concat();
    let length = u8::try_from(headers.len()).unwrap();
    let request = [&[0, 0, length, 1, 5, 0, 0, 0, 1][..], &headers].concat();
    client.send([PREFACE, SETTINGS, &request].concat()).await;
    drop(begun.acquire().await.unwrap());
    client.send([0, 0, 4, 3, 0, 0, 0, 0, 1, 0, 0, 0, 8]).await;
    drop(gone.acquire().await.unwrap());
    let ended = server.stop_within(Duration::from_millis(300)).await;
    ended.cut(Cut::Request, 0).cut(Cut::Connection, 1);
}

struct Panics;

impl http_body::Body for Panics {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
        panic!("on purpose")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_panics_breaks_off_its_answer_and_nothing_else() {
    let router = Router::new()
        .route("/panic", get(|| async { Body::new(Panics) }))
        .route("/hello", get(|| async { "hello" }));
    let server = Fixture::http(router).await;
    let mut client = http2(server.address).await;
    // The reset may overtake the head.
    if let Ok(answer) = ask(&mut client, "/panic").await {
        assert!(answer.into_body().collect().await.is_err());
    }
    assert_eq!(ask(&mut client, "/hello").await.unwrap().status(), 200);
    let mut old = Raw::connect(server.address).await;
    old.get("/panic").await;
    let text = old.read_to_close().await;
    assert!(!text.ends_with(b"0\r\n\r\n"), "the end would look whole");
    drop(client);
    server.stop_within(PATIENCE).await.nothing_cut();
    no_task_is_left().await;
}
