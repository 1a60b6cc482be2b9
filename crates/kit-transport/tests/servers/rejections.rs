//! Rejections of extractors that a handler returns by `?`: axum's status in Kit's form.

use std::collections::HashMap;

use anyhow::Context as _;
use axum::body::Body;
use axum::extract::{
    FromRequest, MatchedPath, NestedPath, Path, Query, RawForm, RawPathParams, Request,
};
use axum::response::IntoResponse;
use axum::routing::any;
use axum::{Extension, Form, Json, Router};
use bytes::Bytes;
use http_body_util::BodyExt as _;
use kit_transport::{ApiError, ConnectionOptions, IntoApi as _, http};

use crate::client::Raw;
use crate::fixture::{ANY_PORT, Fixture, PATIENCE};

type Numbers = HashMap<String, u8>;

/// Routes that extract one thing: `/own` as axum refuses it, `/by` with `?`, `/below` with `?` and
/// a context of anyhow's between.
fn routes<T, M>(path: &str) -> Router
where
    T: FromRequest<(), M> + Send + 'static,
    T::Rejection: std::error::Error + Send + Sync + 'static,
    M: Send + 'static,
{
    let own = any(|request: Request| async {
        match T::from_request(request, &()).await {
            Ok(_) => "taken".into_response(),
            Err(rejection) => rejection.into_response(),
        }
    });
    let by = any(|request: Request| async {
        T::from_request(request, &()).await?;
        Ok::<_, ApiError>("taken")
    });
    let below = any(|request: Request| async {
        let taken = T::from_request(request, &()).await;
        taken.context("taking it in").api()?;
        Ok::<_, ApiError>("taken")
    });
    Router::new()
        .route(&format!("/own{path}"), own)
        .route(&format!("/by{path}"), by)
        .route(&format!("/below{path}"), below)
}

fn router() -> Router {
    let by_hand = any(|body: Body| async {
        body.collect().await?;
        Ok::<_, ApiError>("taken")
    });
    Router::new()
        .merge(routes::<Json<Numbers>, _>("/json"))
        .merge(routes::<Query<Numbers>, _>("/query"))
        .merge(routes::<Form<Numbers>, _>("/form"))
        .merge(routes::<RawForm, _>("/raw-form"))
        .merge(routes::<Path<u8>, _>("/path/{number}"))
        .merge(routes::<Path<(u8, u8)>, _>("/paths/{number}"))
        .merge(routes::<RawPathParams, _>("/raw-path/{text}"))
        .merge(routes::<Bytes, _>("/bytes"))
        .merge(routes::<String, _>("/string"))
        .merge(routes::<Extension<u8>, _>("/extension"))
        .merge(routes::<NestedPath, _>("/nested"))
        .route("/by/hand", by_hand)
        .fallback(|request: Request| async {
            let path = MatchedPath::from_request(request, &()).await?;
            Ok::<_, ApiError>(path.as_str().to_owned())
        })
}

const JSON: &str = "content-type: application/json\r\n";
const FORM: &str = "content-type: application/x-www-form-urlencoded\r\n";
const LARGE: &str = "01234567890123456789012345678901234567890123456789";

/// Each way to be refused: method, path, headers, body, status and reason.
#[rustfmt::skip]
const TABLE: [(&str, &str, &str, &str, u16, &str); 18] = [
    ("POST", "/json", JSON, "{\"a\":}", 400, "JSON_INVALID"),
    ("POST", "/json", JSON, "{\"a\":256}", 422, "JSON_INVALID"),
    ("POST", "/json", "", "{\"a\":1}", 415, "CONTENT_TYPE_UNSUPPORTED"),
    ("POST", "/json", JSON, LARGE, 413, "BODY_TOO_LARGE"),
    ("GET", "/query?a=256", "", "", 400, "QUERY_INVALID"),
    ("GET", "/form?a=256", "", "", 400, "FORM_INVALID"),
    ("POST", "/form", FORM, "a=256", 422, "FORM_INVALID"),
    ("POST", "/form", "", "a=1", 415, "CONTENT_TYPE_UNSUPPORTED"),
    ("POST", "/form", FORM, LARGE, 413, "BODY_TOO_LARGE"),
    ("POST", "/raw-form", "", "a=1", 415, "CONTENT_TYPE_UNSUPPORTED"),
    ("GET", "/path/256", "", "", 400, "PATH_INVALID"),
    ("GET", "/path/%ff", "", "", 400, "PATH_INVALID"),
    ("GET", "/raw-path/%ff", "", "", 400, "PATH_INVALID"),
    ("POST", "/bytes", "", LARGE, 413, "BODY_TOO_LARGE"),
    ("POST", "/string", "", LARGE, 413, "BODY_TOO_LARGE"),
    ("GET", "/paths/1", "", "", 500, ""),
    ("GET", "/extension", "", "", 500, ""),
    ("GET", "/nested", "", "", 500, ""),
];

/// Status and body of one answer; the body is sent without its length, so that its size is seen
/// only while it is read.
async fn ask(
    client: &mut Raw,
    method: &str,
    path: &str,
    headers: &str,
    body: &[u8],
) -> (u16, String) {
    let head = format!("{method} {path} HTTP/1.1\r\nhost: test\r\n{headers}");
    client.send(head).await;
    if body.is_empty() {
        client.send("\r\n").await;
    } else {
        let size = body.len();
        let framing = format!("transfer-encoding: chunked\r\n\r\n{size:x}\r\n");
        client
            .send([framing.as_bytes(), body, b"\r\n0\r\n\r\n"].concat())
            .await;
    }
    let head = client.read_head().await;
    let status = head[9..12].parse().expect("a status");
    let mut lines = head.lines();
    let length = lines.find_map(|line| line.strip_prefix("content-length: "));
    let length = length.expect("a length").parse().expect("a number");
    let body = client.read_bytes(length).await;
    (status, String::from_utf8(body).expect("text"))
}

async fn server() -> Fixture {
    let options = ConnectionOptions {
        max_body: Some(40),
        ..ConnectionOptions::default()
    };
    Fixture::start(http::Server::new(ANY_PORT, router()).connections(options)).await
}

#[tokio::test]
async fn each_rejection_keeps_the_status_that_axum_gives_it() {
    let server = server().await;
    for (method, path, headers, body, expected, reason) in TABLE {
        let what = format!("{method} {path} {headers}{body}");
        let mut client = Raw::connect(server.address).await;
        let own = format!("/own{path}");
        let (own, text) = ask(&mut client, method, &own, headers, body.as_bytes()).await;
        assert_eq!(own, expected, "{what}: {text}");
        for way in ["/by", "/below"] {
            let mut client = Raw::connect(server.address).await;
            let path = format!("{way}{path}");
            let (status, json) = ask(&mut client, method, &path, headers, body.as_bytes()).await;
            assert_eq!(status, own, "{what}: {json}");
            let message = if reason.is_empty() {
                "internal error"
            } else {
                &text
            };
            let message = message.replace('"', "\\\"");
            let all = format!(
                r#"{{"code":{own},"reason":"{reason}","message":"{message}","metadata":{{}}}}"#
            );
            assert_eq!(json, all, "{what}");
        }
    }
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn invalid_texts_bodies_read_by_hand_and_unmatched_paths_keep_their_status() {
    let server = server().await;
    for way in ["/own", "/by", "/below"] {
        let mut client = Raw::connect(server.address).await;
        let path = format!("{way}/string");
        let (status, text) = ask(&mut client, "POST", &path, "", &[0xff]).await;
        assert_eq!(status, 400, "{text}");
        assert_eq!(text.contains("BODY_INVALID"), way != "/own", "{text}");
    }
    let mut client = Raw::connect(server.address).await;
    let (status, text) = ask(&mut client, "POST", "/by/hand", "", LARGE.as_bytes()).await;
    assert_eq!(status, 413, "{text}");
    assert!(text.contains("BODY_TOO_LARGE"), "{text}");
    let mut client = Raw::connect(server.address).await;
    let (status, text) = ask(&mut client, "GET", "/nowhere", "", b"").await;
    assert_eq!(status, 500, "{text}");
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[cfg(feature = "ws")]
#[tokio::test]
async fn an_invalid_upgrade_keeps_its_status() {
    use axum::extract::ws::WebSocketUpgrade;

    let server = Fixture::http(routes::<WebSocketUpgrade, _>("/ws")).await;
    let upgrade = "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n";
    for (method, headers, expected) in [("POST", "", 405), ("GET", "", 400), ("GET", upgrade, 400)]
    {
        let mut client = Raw::connect(server.address).await;
        let (own, text) = ask(&mut client, method, "/own/ws", headers, b"").await;
        assert_eq!(own, expected, "{text}");
        let mut client = Raw::connect(server.address).await;
        let (status, json) = ask(&mut client, method, "/by/ws", headers, b"").await;
        assert_eq!(status, own, "{json}");
        assert!(json.contains("WEBSOCKET_INVALID"), "{json}");
    }
    server.stop_within(PATIENCE).await;
}
