//! Extractors of axum that miss an entry: a line that says what to write instead, and an answer
//! without internals.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use ::http::{Extensions, StatusCode};
use axum::extract::{ConnectInfo, FromRequestParts as _, Request};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;
use kit_sync::Scope;
use kit_transport::{ApiError, Draining, Peer};
use tracing::Level;

use crate::client::{Raw, ask, http2};
use crate::fixture::{ANY_PORT, Fixture, PATIENCE};
use crate::log::{self, logged};

const INTERNAL: &str = r#"{"code":500,"reason":"","message":"internal error","metadata":{}}"#;

async fn extension<T: Send>(_: Extension<T>) {}

async fn by_question_mark(request: Request) -> Result<(), ApiError> {
    let (mut parts, _) = request.into_parts();
    let _ = Extension::<Draining>::from_request_parts(&mut parts, &()).await?;
    Ok(())
}

#[tokio::test]
async fn each_old_way_is_an_internal_error_and_a_line_that_names_the_new_one() {
    let router = Router::new()
        .route("/draining", get(extension::<Draining>))
        .route("/peer", get(extension::<Arc<Peer>>))
        .route("/scope", get(extension::<Scope>))
        .route("/address", get(|_: ConnectInfo<SocketAddr>| async {}))
        .route("/own", get(extension::<u8>))
        .route("/by-question-mark", get(by_question_mark));
    let server = Fixture::http(router).await;
    let (mut lines, _guard) = log::of_thread(Level::ERROR);
    let mut client = Raw::connect(server.address).await;
    for (path, name, instead) in [
        (
            "/draining",
            "Draining",
            "take `Draining` itself as an argument",
        ),
        (
            "/peer",
            "Arc<kit_transport",
            "take `Peer` itself as an argument",
        ),
        ("/scope", "Scope", "take `http::ServerScope` as an argument"),
        ("/address", "ConnectInfo", "`http::Server::connect_info()`"),
        ("/own", "u8", "`AppBuilder::extension`"),
        (
            "/by-question-mark",
            "Draining",
            "take `Draining` itself as an argument",
        ),
    ] {
        client.get(path).await;
        let answer = client.read_to("}}").await;
        assert!(answer.starts_with("HTTP/1.1 500"), "{answer}");
        assert!(answer.ends_with(&format!("\r\n\r\n{INTERNAL}")), "{answer}");
        let lines = logged(&mut lines);
        assert_eq!(lines.len(), 1, "{path}: {lines:?}");
        assert!(
            lines[0].contains(name) && lines[0].contains(instead),
            "{path}: {lines:?}"
        );
    }
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn what_was_added_is_found() {
    let mut extensions = Extensions::new();
    extensions.insert(7_u8);
    let router = Router::new().route(
        "/",
        get(|Extension(own): Extension<u8>| async move { format!("own {own}.") }),
    );
    let server = kit_transport::http::Server::new(ANY_PORT, router);
    let server = Fixture::with(server, extensions).await;
    let mut client = Raw::connect(server.address).await;
    client.get("/").await;
    client.read_to("own 7.").await;
    server.stop_within(PATIENCE).await.nothing_cut();
}

/// A body of known length in two parts, of which the second may fail.
struct Halves {
    parts: Vec<Result<Bytes, axum::Error>>,
    length: u64,
}

impl Halves {
    fn new(second: Result<&'static str, &'static str>) -> Halves {
        let second = second.map(Bytes::from).map_err(axum::Error::new);
        Halves {
            parts: vec![second, Ok(Bytes::from_static(b"first "))],
            length: 12,
        }
    }
}

impl Body for Halves {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let part = self.parts.pop();
        if let Some(Ok(part)) = &part {
            self.length -= u64::try_from(part.len()).unwrap();
        }
        Poll::Ready(part.map(|part| part.map(Frame::data)))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.length)
    }
}

#[tokio::test]
async fn every_other_answer_with_status_500_stays_as_it_is() {
    const STATUS: StatusCode = StatusCode::INTERNAL_SERVER_ERROR;
    const TEXT: &str = "Missing request extension";
    fn text(body: Halves) -> Response {
        let headers = [("content-type", "text/plain")];
        (STATUS, headers, axum::body::Body::new(body)).into_response()
    }
    let long = "0".repeat(10_000);
    let router = Router::new()
        .route("/text", get(async || (STATUS, TEXT)))
        .route("/empty", get(async || STATUS))
        .route("/long", get(async || (STATUS, "0".repeat(10_000))))
        .route("/halves", get(async || text(Halves::new(Ok("second")))))
        .route("/fails", get(async || text(Halves::new(Err("broken")))))
        .route("/binary", get(async || (STATUS, [0xff_u8])));
    let server = Fixture::http(router).await;
    let (mut lines, _guard) = log::of_thread(Level::ERROR);
    let mut client = http2(server.address).await;
    for (path, expected) in [
        ("/text", TEXT.as_bytes()),
        // Nothing was written here, so it is as for every other failure.
        ("/empty", INTERNAL.as_bytes()),
        ("/long", long.as_bytes()),
        ("/halves", b"first second"),
        ("/binary", b"\xff"),
    ] {
        let response = ask(&mut client, path).await.unwrap();
        assert_eq!(response.status(), STATUS, "{path}");
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(body, expected, "{path}");
    }
    // The reset may overtake the head.
    if let Ok(response) = ask(&mut client, "/fails").await {
        assert!(response.into_body().collect().await.is_err());
    }
    assert!(logged(&mut lines).is_empty());
    drop(client);
    server.stop_within(PATIENCE).await;
}
