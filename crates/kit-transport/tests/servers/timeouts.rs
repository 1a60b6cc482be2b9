//! How long a request may take: by the server's own limit, and by its client's.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use ::http::{HeaderMap, Request, Response};
use axum::Router;
use axum::body::Body;
use axum::routing::get;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper::body::{Frame, Incoming};
use hyper::client::conn::http2::SendRequest;
use kit_transport::{ConnectionOptions, Server, grpc, http};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};
use tonic::codegen::Service;
use tonic::server::NamedService;

use crate::client::{Raw, ask, http2};
use crate::fixture::{ANY_PORT, Fixture, PATIENCE, no_task_is_left};

const LIMIT: Duration = Duration::from_millis(300);

fn limited() -> ConnectionOptions {
    ConnectionOptions {
        request_timeout: Some(LIMIT),
        ..ConnectionOptions::default()
    }
}

/// Adds a permit when it is dropped.
pub(crate) struct Gone(pub(crate) Arc<Semaphore>);

impl Drop for Gone {
    fn drop(&mut self) {
        self.0.add_permits(1);
    }
}

/// Answers `/never` never, `/stuck` with a head and a first part, and `/hello`.
fn router(gone: &Arc<Semaphore>) -> Router {
    let gone = Arc::clone(gone);
    let never = move || {
        let gone = Gone(Arc::clone(&gone));
        async move {
            let _gone = gone;
            std::future::pending::<()>().await;
        }
    };
    let stuck = || async {
        let first = tokio_stream::once(Ok::<_, Infallible>("first"));
        let stuck = tokio_stream::StreamExt::chain(first, tokio_stream::pending());
        Body::from_stream(stuck)
    };
    Router::new()
        .route("/never", get(never))
        .route("/stuck", get(stuck))
        .route("/hello", get(|| async { "hello" }))
}

async fn serve(gone: &Arc<Semaphore>) -> Fixture {
    Fixture::start(http::Server::new(ANY_PORT, router(gone)).connections(limited())).await
}

#[track_caller]
fn not_too_soon(start: Instant) {
    let took = start.elapsed();
    assert!(took >= LIMIT, "{took:?}");
}

const TOO_LATE: &str =
    r#"{"code":504,"reason":"REQUEST_TIMEOUT","message":"no answer within 300ms","metadata":{}}"#;

async fn gone(gone: &Semaphore) {
    let dropped = timeout(PATIENCE, gone.acquire()).await;
    dropped.expect("it is dropped").unwrap().forget();
}

#[tokio::test]
async fn a_handler_that_never_answers_is_dropped_and_its_connection_serves_on() {
    let dropped = Arc::new(Semaphore::new(0));
    let server = serve(&dropped).await;
    let mut client = Raw::connect(server.address).await;
    for _ in 0..2 {
        let start = Instant::now();
        client.get("/never").await;
        let answer = client.read_to("{}}").await;
        not_too_soon(start);
        assert!(
            answer.starts_with("HTTP/1.1 504") && answer.ends_with(TOO_LATE),
            "{answer}"
        );
        gone(&dropped).await;
        client.get("/hello").await;
        client.read_to("hello").await;
    }
    server
        .stop_within(PATIENCE)
        .await
        .before_its_deadline()
        .nothing_cut();
    drop(client);
    no_task_is_left().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_http2_each_request_has_its_own_time() {
    let dropped = Arc::new(Semaphore::new(0));
    let server = serve(&dropped).await;
    let mut client = http2(server.address).await;
    let first = ask(&mut client, "/never");
    let late = async {
        tokio::time::sleep(LIMIT / 2).await;
        let start = Instant::now();
        let answer = ask(&mut client, "/never").await.unwrap();
        not_too_soon(start);
        answer
    };
    let start = Instant::now();
    let first = async {
        let answer = first.await.unwrap();
        not_too_soon(start);
        answer
    };
    let (first, late) = tokio::join!(first, late);
    for answer in [first, late] {
        assert_eq!(answer.status(), 504);
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(body, TOO_LATE);
        gone(&dropped).await;
    }
    assert_eq!(ask(&mut client, "/hello").await.unwrap().status(), 200);
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_body_of_a_response_has_no_timeout() {
    let server = serve(&Arc::new(Semaphore::new(0))).await;
    let mut raw = Raw::connect(server.address).await;
    raw.get("/stuck").await;
    raw.read_to("first\r\n").await;
    let mut client = http2(server.address).await;
    let mut stuck = ask(&mut client, "/stuck").await.unwrap().into_body();
    stuck.frame().await.unwrap().unwrap();
    assert!(timeout(2 * LIMIT, stuck.frame()).await.is_err(), "no end");
    assert!(timeout(LIMIT, raw.read_to("\n")).await.is_err(), "no end");
    server.stop_within(Duration::from_millis(100)).await;
}

#[tokio::test]
async fn without_a_limit_a_request_may_take_any_time() {
    let options = ConnectionOptions {
        request_timeout: None,
        idle: LIMIT / 4,
        ..ConnectionOptions::default()
    };
    let dropped = Arc::new(Semaphore::new(0));
    let server = http::Server::new(ANY_PORT, router(&dropped)).connections(options);
    let server = Fixture::start(server).await;
    let mut client = Raw::connect(server.address).await;
    client.get("/never").await;
    assert!(timeout(LIMIT, client.read_head()).await.is_err());
    server.stop_within(Duration::from_millis(100)).await;
}

/// A service whose one method answers with a body that has no end, or not at all.
#[derive(Clone)]
struct Endless(Arc<Semaphore>);

impl NamedService for Endless {
    const NAME: &'static str = "test.Endless";
}

impl Service<Request<tonic::body::Body>> for Endless {
    type Response = Response<tonic::body::Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<tonic::body::Body>) -> Self::Future {
        let messages = Messages {
            left: if request.uri().path().ends_with("Always") {
                usize::MAX
            } else {
                1
            },
            _gone: Gone(Arc::clone(&self.0)),
        };
        Box::pin(async move {
            if request.uri().path().ends_with("Never") {
                let _messages = messages;
                std::future::pending::<()>().await;
                unreachable!("it is dropped");
            }
            let mut response = Response::new(tonic::body::Body::new(messages));
            let content_type = "application/grpc".parse().unwrap();
            response.headers_mut().insert("content-type", content_type);
            Ok(response)
        })
    }
}

/// A body of `left` parts, of a size that no client takes for an attack, and without an end.
struct Messages {
    left: usize,
    _gone: Gone,
}

impl hyper::body::Body for Messages {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.left == 0 {
            return Poll::Pending;
        }
        self.left -= 1;
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[0; 16_384])))))
    }
}

async fn call(
    client: &mut SendRequest<Empty<Bytes>>,
    method: &str,
    limit: Option<&str>,
) -> Response<Incoming> {
    let mut request = Request::post(format!("http://test/test.Endless/{method}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    if let Some(limit) = limit {
        request = request.header("grpc-timeout", limit);
    }
    client.ready().await.unwrap();
    let request = request.body(Empty::new()).unwrap();
    client.send_request(request).await.unwrap()
}

/// Reads to the end; gives the trailers, which come once.
async fn trailers(response: Response<Incoming>) -> HeaderMap {
    let mut body = response.into_body();
    let reading = async {
        let mut trailers = None;
        while let Some(frame) = body.frame().await {
            if let Ok(last) = frame.unwrap().into_trailers() {
                assert!(trailers.replace(last).is_none(), "twice");
            }
        }
        trailers.expect("trailers")
    };
    timeout(PATIENCE, reading).await.expect("an end")
}

fn both(dropped: &Arc<Semaphore>) -> (grpc::Server, http::Server) {
    let endless = Endless(Arc::clone(dropped));
    let services = grpc::Services::new().service(endless.clone());
    (
        grpc::Server::new(ANY_PORT)
            .service(endless)
            .connections(limited()),
        http::Server::new(ANY_PORT, Router::new())
            .grpc(services)
            .connections(limited()),
    )
}

async fn calls_are_bounded(server: impl Server, dropped: &Semaphore) {
    let server = Fixture::start(server).await;
    let mut client = http2(server.address).await;

    // The server's own limit and, sooner, the client's, to the head.
    for (limit, within) in [
        (None, "300ms"),
        (Some("10S"), "300ms"),
        (Some("5 S"), "300ms"),
        (Some("50m"), "50ms"),
        (Some("0n"), "0ns"),
    ] {
        let answer = call(&mut client, "Never", limit).await;
        let status = |name| answer.headers()[name].to_str().unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(status("grpc-status"), "4");
        assert_eq!(
            status("grpc-message"),
            format!("not%20done%20within%20{within}")
        );
        gone(dropped).await;
    }

    // The client's limit to the end, longer than the server's, whether the body has anything to
    // send or not.
    for method in ["Once", "Always"] {
        let start = Instant::now();
        let answer = call(&mut client, method, Some("500m")).await;
        assert_eq!(trailers(answer).await["grpc-status"], "4");
        assert!(start.elapsed() >= Duration::from_millis(500));
        gone(dropped).await;
    }

    let endless = call(&mut client, "Once", None).await;
    assert!(timeout(2 * LIMIT, trailers(endless)).await.is_err());
    server.stop_within(Duration::from_millis(300)).await;
    drop(client);
    no_task_is_left().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_are_bounded_by_server_and_client() {
    let dropped = Arc::new(Semaphore::new(0));
    let (server, _) = both(&dropped);
    calls_are_bounded(server, &dropped).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_on_a_port_shared_with_http_are_bounded_the_same() {
    let dropped = Arc::new(Semaphore::new(0));
    let (_, server) = both(&dropped);
    calls_are_bounded(server, &dropped).await;
}
