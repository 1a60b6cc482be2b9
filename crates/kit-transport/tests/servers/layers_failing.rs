//! Layers that panic or are not ready: the answers of their clients, and the lines in the log.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::get;
use kit_transport::http::{self, ErrorShape};
use kit_transport::layers::{self, Stack};
use kit_transport::{ApiError, grpc};
use tonic::{Code, Status};
use tower::layer::layer_fn;
use tower::{BoxError, Service, ServiceBuilder};
use tracing::Level;

use crate::client::http2;
use crate::fixture::{ANY_PORT, Fixture, PATIENCE};
use crate::layered::{Answered, Calls, call, channel, hello, send};
use crate::spans::{Log, Seen};

const SHAPES: [(ErrorShape, &str); 3] = [
    (
        ErrorShape::Kratos,
        r#"{"code":500,"reason":"","message":"internal error","metadata":{}}"#,
    ),
    (
        ErrorShape::Aip193,
        r#"{"error":{"code":500,"message":"internal error","status":"INTERNAL"}}"#,
    ),
    (
        ErrorShape::Problem,
        r#"{"title":"Internal Server Error","status":500,"detail":"internal error","reason":"","metadata":{}}"#,
    ),
];

/// Where a layer panics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Ready,
    Call,
    /// While what is inside waits.
    Poll,
    /// With its response in hand.
    Response,
}

#[derive(Clone)]
struct Panics<S>(S, At);

impl<S> Service<Request> for Panics<S>
where
    S: Service<Request, Error: Into<BoxError>, Future: Send + 'static>,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        assert!(self.1 != At::Ready, "a test's");
        self.0.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let at = self.1;
        assert!(at != At::Call, "a test's");
        let mut inner = Box::pin(self.0.call(request));
        Box::pin(std::future::poll_fn(move |cx| {
            let polled = inner.as_mut().poll(cx);
            assert!(at != At::Poll, "a test's");
            let _response = ready!(polled);
            panic!("a test's")
        }))
    }
}

async fn serve(shape: ErrorShape, stack: impl Stack) -> Fixture {
    let router = Router::new()
        .route("/late", get(std::future::pending::<()>))
        .route("/now", get(|| async { "now" }));
    let calls = Calls::new(|request: tonic::Request<String>| async move {
        if request.get_ref() == "late" {
            std::future::pending::<()>().await;
        }
        Ok::<_, Status>(request.into_inner())
    });
    let server = http::Server::new(ANY_PORT, router)
        .grpc(grpc::Services::new().service(calls))
        .error_shape(shape);
    Fixture::start(server.layers(stack)).await
}

async fn serve_panics(shape: ErrorShape, at: At, is_inside: bool) -> Fixture {
    let observers = ServiceBuilder::new()
        .layer(layers::request_id())
        .layer(layers::access_log());
    if is_inside {
        let panics = layer_fn(move |inner: layers::Next| Panics(inner, at));
        serve(shape, observers.layer(panics)).await
    } else {
        serve(
            shape,
            (
                layer_fn(move |inner| Panics(inner, at)),
                observers.into_inner(),
            ),
        )
        .await
    }
}

/// The path and the message of a request, by the place of the panic.
fn what(at: At) -> &'static str {
    match at {
        At::Poll => "late",
        At::Ready | At::Call | At::Response => "now",
    }
}

/// Level, code, end and id of each line.
fn lines(log: &mut Log) -> Vec<String> {
    let line = |seen: &Seen| {
        let code = seen.fields.find("status").or(seen.fields.find("grpc_code"));
        let (end, id) = (seen.fields.get("end"), seen.fields.get("request_id"));
        format!("{} {} {end} {id}", seen.level, code.unwrap_or("none"))
    };
    log.take("kit::access").iter().map(line).collect()
}

/// The place of the panic, and whether it is inside the layers that observe; then the line of a request
/// over HTTP, and that of a call.
const PANICS: [(At, bool, &str, &str); 8] = [
    (
        At::Call,
        true,
        "ERROR 500 whole mine",
        "ERROR INTERNAL whole mine",
    ),
    (
        At::Poll,
        true,
        "ERROR 500 whole mine",
        "ERROR INTERNAL whole mine",
    ),
    (
        At::Response,
        true,
        "ERROR 500 whole mine",
        "ERROR INTERNAL whole mine",
    ),
    // The request has come to none of them.
    (At::Ready, true, "", ""),
    (At::Ready, false, "", ""),
    (At::Call, false, "", ""),
    (
        At::Poll,
        false,
        "ERROR none panicked mine",
        "ERROR INTERNAL panicked mine",
    ),
    // Their answer was another one than that of the client.
    (
        At::Response,
        false,
        "ERROR 200 panicked mine",
        "ERROR INTERNAL panicked mine",
    ),
];

#[tokio::test]
async fn a_panic_of_a_layer_is_an_answer_in_its_shape_with_the_line_that_it_can_have() {
    for (at, is_inside, of_http, of_call) in PANICS {
        for (shape, body) in SHAPES {
            let what = what(at);
            let case = format!("{at:?}, inside: {is_inside}, {shape:?}");
            let mut log = Log::up_to(Level::INFO);
            let server = serve_panics(shape, at, is_inside).await;
            let id = "x-request-id: mine\r\n";
            let answer = send(&server, &format!("GET /{what}"), id, "").await;
            assert_eq!((answer.status, &*answer.body), (500, body), "{case}");
            let is_seen = is_inside && at != At::Ready;
            let id = answer.headers.get("x-request-id").map(|id| &**id);
            assert_eq!(id, is_seen.then_some("mine"), "{case}");

            let channel = channel(&server).await;
            let mut request = tonic::Request::new(what.to_owned());
            request
                .metadata_mut()
                .insert("x-request-id", "mine".parse().unwrap());
            let status = call(&channel, request).await.unwrap_err();
            assert_eq!(
                (status.code(), status.message()),
                (Code::Internal, "internal error"),
                "{case}"
            );
            let id = status
                .metadata()
                .get("x-request-id")
                .map(tonic::metadata::MetadataValue::as_bytes);
            assert_eq!(id, is_seen.then_some(&b"mine"[..]), "{case}");
            drop(channel);
            server.stop_within(PATIENCE).await.nothing_cut();
            let expected: Vec<_> = [of_http, of_call]
                .into_iter()
                .filter(|line| !line.is_empty())
                .collect();
            assert_eq!(lines(&mut log), expected, "{case}");
        }
    }
}

#[tokio::test]
async fn the_head_alone_has_no_body_when_a_layer_panics() {
    for (at, is_inside, ..) in PANICS {
        let server = serve_panics(ErrorShape::Kratos, at, is_inside).await;
        let line = format!("HEAD /{}", what(at));
        let Answered { status, body, .. } = send(&server, &line, "", "").await;
        assert_eq!((status, &*body), (500, ""), "{at:?}, inside: {is_inside}");
        let mut client = http2(server.address).await;
        let request = ::http::Request::head(format!("http://test/{}", what(at)));
        let request = request.body(http_body_util::Empty::new()).unwrap();
        let answer = client.send_request(request).await.expect("an answer");
        assert_eq!(answer.status(), 500, "{at:?}, inside: {is_inside}");
        assert!(
            hyper::body::Body::is_end_stream(answer.body()),
            "{at:?}, {is_inside}"
        );
        drop(client);
        server.stop_within(PATIENCE).await.nothing_cut();
    }
}

/// Is ready never.
#[derive(Clone)]
struct Unready(fn() -> BoxError);

impl Service<Request> for Unready {
    type Response = Response;
    type Error = BoxError;
    type Future = std::future::Ready<Result<Response, BoxError>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Err((self.0)()))
    }

    fn call(&mut self, _request: Request) -> Self::Future {
        unreachable!("it was not ready")
    }
}

#[tokio::test]
async fn layers_that_are_not_ready_are_a_warning_once_and_an_answer_each_time() {
    let known = || BoxError::from(ApiError::unavailable("CLOSED", "the buffer is closed"));
    let unknown = || BoxError::from("its worker has ended");
    let errors: [(fn() -> BoxError, _, _); 2] = [
        (known, (503, "the buffer is closed"), "the buffer is closed"),
        (unknown, (500, "internal error"), "its worker has ended"),
    ];
    for (error, (status, message), why) in errors {
        for (shape, _) in SHAPES {
            let mut log = Log::up_to(Level::INFO);
            let broken = layer_fn(move |_: layers::Next| Unready(error));
            let server = serve(shape, (layers::access_log(), broken)).await;
            for _ in 0..5 {
                let answer = send(&server, "GET /now", "", "").await;
                assert_eq!(answer.status, status, "{answer:?}");
                let of_shape = match shape {
                    ErrorShape::Aip193 => r#"{"error":{"code":"#,
                    ErrorShape::Problem => r#"{"title":"#,
                    _ => r#"{"code":"#,
                };
                assert!(answer.body.starts_with(of_shape), "{answer:?}");
                assert!(answer.body.contains(message), "{answer:?}");
            }
            let channel = channel(&server).await;
            for _ in 0..5 {
                let refused = call(&channel, hello()).await.unwrap_err();
                assert_eq!(ApiError::from(refused).code(), status);
            }
            drop(channel);
            server.stop_within(PATIENCE).await.nothing_cut();
            let lines = log.take_all();
            let lines: Vec<_> = lines.iter().filter(|seen| !seen.is_span).collect();
            let [line] = &lines[..] else {
                panic!("{lines:?}")
            };
            assert_eq!(line.level, Level::WARN);
            assert!(line.fields.get("error").contains(why), "{line:?}");
            assert_eq!(line.fields.get("operation"), "/now");
            assert_eq!(line.fields.get("server"), "test/http");
        }
    }
}
