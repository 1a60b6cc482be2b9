//! What an answer with a status of 400 or more looks like: each way to get one, in each shape, in each
//! form that a client can ask for.

use std::time::Duration;

use ::http::{Method, Request, StatusCode};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use http_body_util::{BodyExt as _, Empty};
use kit_transport::http::ErrorShape;
use kit_transport::{ApiError, ConnectionOptions, http, simple};

use crate::client::{Raw, http2};
use crate::fixture::{ANY_PORT, Fixture, PATIENCE};

const SHAPES: [ErrorShape; 3] = [ErrorShape::Kratos, ErrorShape::Aip193, ErrorShape::Problem];

/// `Accept`, and the content type of an answer in the shape of Kratos.
const ACCEPTS: [(&str, &str); 7] = [
    ("", "application/json"),
    ("*/*", "application/json"),
    ("application/protojson", "application/protojson"),
    ("application/proto", "application/proto"),
    (
        "application/protobuf;q=0.9,*/*;q=0.1",
        "application/protobuf",
    ),
    (
        "text/html, application/x-protobuf",
        "application/x-protobuf",
    ),
    (
        "application/proto;q=0.1, application/json",
        "application/json",
    ),
];

/// Method, path, status, reason and message.
const TABLE: [(&str, &str, u16, &str, &str); 13] = [
    (
        "GET",
        "/order/7",
        404,
        "ORDER_UNKNOWN",
        "there is no order 7",
    ),
    ("GET", "/custom", 500, "OUT_OF_PAPER", "no paper"),
    ("GET", "/nowhere", 404, "NOT_FOUND", "not found"),
    (
        "DELETE",
        "/custom",
        405,
        "METHOD_NOT_ALLOWED",
        "method not allowed",
    ),
    (
        "GET",
        "/bare/408",
        408,
        "REQUEST_TIMEOUT",
        "request timeout",
    ),
    (
        "GET",
        "/bare/411",
        411,
        "LENGTH_REQUIRED",
        "length required",
    ),
    ("GET", "/bare/414", 414, "URI_TOO_LONG", "uri too long"),
    (
        "GET",
        "/bare/422",
        422,
        "UNPROCESSABLE_ENTITY",
        "unprocessable entity",
    ),
    (
        "GET",
        "/bare/499",
        499,
        "CLIENT_CLOSED",
        "client closed request",
    ),
    ("GET", "/bare/500", 500, "", "internal error"),
    ("GET", "/panic", 500, "", "internal error"),
    (
        "GET",
        "/slow",
        504,
        "REQUEST_TIMEOUT",
        "no answer within 100ms",
    ),
    (
        "POST",
        "/body",
        413,
        "BODY_TOO_LARGE",
        "a body has at most 10 bytes",
    ),
];

fn order(id: &str) -> ApiError {
    ApiError::not_found("ORDER_UNKNOWN", format!("there is no order {id}")).with_metadata("id", id)
}

/// An error whose body a layer has replaced, with one that is as long.
async fn replaced() -> Response {
    let mut response = order("7").into_response();
    let body = std::mem::take(response.body_mut());
    let length = body.collect().await.expect("a body").to_bytes().len();
    *response.body_mut() = Body::from("x".repeat(length));
    response
}

/// As a layer that compresses leaves it.
async fn compressed() -> Response {
    let mut response = order("7").into_response();
    let gzip = ::http::HeaderValue::from_static("gzip");
    response.headers_mut().insert("content-encoding", gzip);
    *response.body_mut() = Body::from("compressed");
    response
}

fn router() -> Router {
    let bare =
        any(|Path(code): Path<u16>| async move { StatusCode::from_u16(code).expect("a status") });
    let typed = (StatusCode::NOT_FOUND, [("content-type", "text/plain")]);
    Router::new()
        .route(
            "/order/{id}",
            get(|Path(id): Path<String>| async move { order(&id) }),
        )
        .route(
            "/custom",
            get(async || ApiError::new(10_001, "OUT_OF_PAPER", "no paper")),
        )
        .route("/bare/{code}", bare)
        .route("/panic", get(async || -> () { panic!("a test's own") }))
        .route("/slow", get(std::future::pending::<()>))
        .route("/body", post(|_: Bytes| async {}))
        .route("/text", get(async || (StatusCode::NOT_FOUND, "own text")))
        .route("/typed", get(async move || typed))
        .route("/replaced", get(replaced))
        .route("/compressed", get(compressed))
        .route("/redirect", get(async || ApiError::new(302, "R", "m")))
}

async fn server(shape: ErrorShape) -> Fixture {
    Fixture::start(unstarted(shape)).await
}

fn unstarted(shape: ErrorShape) -> http::Server {
    let options = ConnectionOptions {
        max_head: 10_000,
        max_body: Some(10),
        request_timeout: Some(Duration::from_millis(100)),
        ..ConnectionOptions::default()
    };
    let server = http::Server::new(ANY_PORT, router()).connections(options);
    server.error_shape(shape)
}

struct Got {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Got {
    fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines();
        lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    fn error(&self) -> ApiError {
        let status = StatusCode::from_u16(self.status).expect("a status");
        ApiError::from_response(status, self.header("content-type"), &self.body)
    }
}

async fn ask(server: &Fixture, method: &str, path: &str, accept: &str) -> Got {
    let mut client = Raw::connect(server.address).await;
    let accept = if accept.is_empty() {
        String::new()
    } else {
        format!("accept: {accept}\r\n")
    };
    let body = if method == "POST" {
        "content-length: 11\r\n\r\n0123456789a"
    } else {
        "\r\n"
    };
    client
        .send(format!(
            "{method} {path} HTTP/1.1\r\nhost: test\r\n{accept}{body}"
        ))
        .await;
    let head = client.read_head().await;
    let mut got = Got {
        status: head[9..12].parse().expect("a status"),
        head,
        body: Vec::new(),
    };
    let length = got.header("content-length").expect("a length");
    let length: usize = length.parse().expect("a number");
    if method == "HEAD" {
        // The next answer begins where the first has ended.
        client.get("/text").await;
        client.read_to("own text").await;
    } else {
        got.body = client.read_bytes(length).await;
    }
    got
}

#[tokio::test]
async fn every_error_has_the_shape_of_its_server_in_the_form_that_was_asked_for() {
    for shape in SHAPES {
        check_table(shape, server(shape).await).await;
    }
}

#[tokio::test]
async fn every_error_has_its_shape_behind_layers_too() {
    for shape in SHAPES {
        let layered = unstarted(shape).layers(tower::layer::util::Identity::new());
        check_table(shape, Fixture::start(layered).await).await;
    }
}

async fn check_table(shape: ErrorShape, server: Fixture) {
    for (accept, in_kratos) in ACCEPTS {
        for (method, path, status, reason, message) in TABLE {
            let got = ask(&server, method, path, accept).await;
            let what = format!("{shape:?}, {accept:?}: {method} {path}: {}", got.head);
            let is_json = in_kratos.ends_with("json");
            let content_type = match shape {
                ErrorShape::Problem if is_json => "application/problem+json",
                _ => in_kratos,
            };
            assert_eq!(got.header("content-type"), Some(content_type), "{what}");
            assert_eq!(got.header("vary"), Some("accept"), "{what}");
            assert_eq!(got.status, status, "{what}");
            let error = got.error();
            assert!(error.source().is_none(), "{what}: {error:?}");
            assert_eq!(
                (error.reason(), error.message()),
                (reason, message),
                "{what}"
            );
            let id = error.metadata().get("id").map(String::as_str);
            assert_eq!(id, path.strip_prefix("/order/"), "{what}");
            if is_json {
                let text = String::from_utf8(got.body.clone()).expect("text");
                let begin = match shape {
                    ErrorShape::Kratos => r#"{"code":"#,
                    ErrorShape::Aip193 => r#"{"error":{"code":"#,
                    _ => r#"{"title":""#,
                };
                assert!(text.starts_with(begin), "{what}{text}");
            }
            if status == 405 {
                assert_eq!(got.header("allow"), Some("GET,HEAD"), "{what}");
            }
        }
    }
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn what_a_handler_wrote_is_not_touched() {
    for shape in SHAPES {
        let server = server(shape).await;
        for accept in ["", "application/proto"] {
            let got = ask(&server, "GET", "/text", accept).await;
            assert_eq!((got.status, &got.body[..]), (404, &b"own text"[..]));
            let got = ask(&server, "GET", "/typed", accept).await;
            assert_eq!((got.status, &got.body[..]), (404, &b""[..]), "{}", got.head);
            let got = ask(&server, "GET", "/replaced", accept).await;
            assert!(got.body.iter().all(|byte| *byte == b'x'), "{}", got.head);
            assert_eq!(got.header("content-type"), Some("application/json"));
            // No error by its status.
            let got = ask(&server, "GET", "/redirect", accept).await;
            assert_eq!(got.status, 302);
            assert_eq!(got.header("content-type"), Some("application/json"));
            let got = ask(&server, "HEAD", "/text", accept).await;
            assert_eq!(got.header("content-length"), Some("8"), "{}", got.head);
            let own = Some("text/plain; charset=utf-8");
            assert_eq!(got.header("content-type"), own, "{}", got.head);
        }
        server.stop_within(PATIENCE).await.nothing_cut();
    }
}

#[tokio::test]
async fn a_compressed_error_is_written_anew_where_another_form_is_asked_for() {
    for shape in SHAPES {
        let server = server(shape).await;
        for accept in ["", "application/proto"] {
            let got = ask(&server, "GET", "/compressed", accept).await;
            if shape == ErrorShape::Kratos && accept.is_empty() {
                assert_eq!(got.header("content-encoding"), Some("gzip"));
                assert_eq!(got.body, b"compressed");
            } else {
                assert_eq!(got.header("content-encoding"), None, "{}", got.head);
                assert!(got.error().has_reason(404, "ORDER_UNKNOWN"), "{}", got.head);
            }
        }
        server.stop_within(PATIENCE).await.nothing_cut();
    }
}

#[tokio::test]
async fn a_head_has_the_headers_of_a_get_and_no_body_on_both_versions() {
    for (shape, has_layers) in SHAPES.into_iter().zip([false, true, true]) {
        let server = match has_layers {
            false => server(shape).await,
            true => {
                let layers = tower::layer::util::Identity::new();
                Fixture::start(unstarted(shape).layers(layers)).await
            }
        };
        for accept in ["application/json", "application/proto"] {
            for path in ["/order/7", "/nowhere", "/bare/422", "/panic", "/slow"] {
                let of_get = ask(&server, "GET", path, accept).await;
                let of_head = ask(&server, "HEAD", path, accept).await;
                let what = format!("{shape:?}, {accept}, {path}: {}", of_head.head);
                assert_eq!(of_head.status, of_get.status, "{what}");
                for name in ["content-type", "content-length"] {
                    assert_eq!(of_head.header(name), of_get.header(name), "{what}");
                }
                let mut client = http2(server.address).await;
                let request = Request::builder().method(Method::HEAD);
                let request = request.uri(format!("http://test{path}"));
                let request = request
                    .header("accept", accept)
                    .body(Empty::<bytes::Bytes>::new());
                let request = request.expect("a request");
                let answer = client.send_request(request).await.expect("an answer");
                assert_eq!(answer.status().as_u16(), of_get.status, "{what}");
                for name in ["content-type", "content-length"] {
                    let value = answer.headers().get(name).expect(name);
                    assert_eq!(value.to_str().ok(), of_get.header(name), "{what}");
                }
                let body = answer.into_body().collect().await.expect("an end");
                assert_eq!(body.to_bytes(), "", "{what}");
            }
        }
        server.stop_within(PATIENCE).await.nothing_cut();
    }
}

#[tokio::test]
async fn a_request_that_is_refused_before_the_routes_gets_its_shape_too() {
    let server = server(ErrorShape::Problem).await;
    let mut client = Raw::connect(server.address).await;
    client.send("GET / HTTP/1.1\r\n\r\n").await;
    let head = client.read_head().await;
    assert!(head.starts_with("HTTP/1.1 400"), "{head}");
    assert!(
        head.contains("content-type: application/problem+json\r\n"),
        "{head}"
    );
    let mut client = http2(server.address).await;
    let request = Request::get("http://test/").header("big", "x".repeat(11_000));
    let request = request.header("accept", "application/proto");
    let request = request
        .body(Empty::<bytes::Bytes>::new())
        .expect("a request");
    let answer = client.send_request(request).await.expect("an answer");
    assert_eq!(answer.status(), 431);
    let body = answer
        .into_body()
        .collect()
        .await
        .expect("a body")
        .to_bytes();
    let kind = Some("application/proto");
    let error = ApiError::from_response(StatusCode::from_u16(431).unwrap(), kind, &body);
    assert!(error.has_reason(431, "HEAD_TOO_LARGE"), "{error:?}");
    server.stop_within(PATIENCE).await.nothing_cut();
}

/// By HTTP/2, where hyper sends what there is.
#[tokio::test]
async fn a_request_for_a_head_that_is_refused_has_no_body() {
    let options = ConnectionOptions {
        max_head: 10_000,
        ..ConnectionOptions::default()
    };
    let routes = server(ErrorShape::Problem).await;
    let calls = Fixture::grpc(|server| server.connections(options.clone())).await;
    let simple = simple::Server::new(ANY_PORT, |_| {
        ::http::Response::new(Bytes::from_static(b"an answer"))
    });
    let simple = Fixture::start(simple.connections(options.clone())).await;
    for (server, size, status) in [
        (&routes, 11_000, 431),
        (&calls, 11_000, 431),
        (&simple, 11_000, 431),
        (&calls, 1, 415),
        (&simple, 1, 200),
    ] {
        let mut client = http2(server.address).await;
        let request = Request::head("http://test/").header("big", "x".repeat(size));
        let request = request.body(Empty::<bytes::Bytes>::new());
        let answer = client.send_request(request.expect("a request")).await;
        let answer = answer.expect("an answer");
        assert_eq!(answer.status(), status);
        let length = answer.headers().get("content-length");
        assert_eq!(length.is_some(), status != 415, "{status}");
        let body = answer.into_body().collect().await.expect("a body");
        assert_eq!(body.to_bytes(), "", "{status}");
    }
    for server in [routes, calls, simple] {
        server.stop_within(PATIENCE).await.nothing_cut();
    }
}

#[tokio::test]
async fn what_hyper_refuses_by_itself_has_its_status_no_body_and_a_close() {
    let options = ConnectionOptions {
        max_head: 200_000,
        ..ConnectionOptions::default()
    };
    let server = http::Server::new(ANY_PORT, router()).connections(options);
    let server = Fixture::start(server.error_shape(ErrorShape::Problem)).await;
    let long = "x".repeat(70_000);
    for (request, status) in [
        ("no HTTP\r\n\r\n".to_owned(), "400"),
        (format!("GET /{long} HTTP/1.1\r\nhost: test\r\n\r\n"), "414"),
        (
            format!("GET / HTTP/1.1\r\n{}\r\n", "x: y\r\n".repeat(200)),
            "431",
        ),
    ] {
        let mut client = Raw::connect(server.address).await;
        client.send(request).await;
        let answer = String::from_utf8(client.read_to_close().await).expect("text");
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{answer}"
        );
        assert!(answer.contains("connection: close\r\n"), "{answer}");
        assert!(answer.ends_with("\r\n\r\n"), "{answer}");
        assert!(!answer.contains("content-type"), "{answer}");
    }
    server.stop_within(PATIENCE).await.nothing_cut();
}
