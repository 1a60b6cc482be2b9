//! Which requests are served and which are refused for their host.

use axum::Router;
use axum::extract::Request;
use axum::routing::get;

use crate::client::{DATA, HEADERS, PREFACE, Raw, SETTINGS};
use crate::fixture::{Fixture, PATIENCE, no_task_is_left};

const MISSING: &str = r#"{"code":400,"reason":"HOST_MISSING","message":"a request of HTTP/1.1 has a Host header","metadata":{}}"#;
const TWICE: &str = r#"{"code":400,"reason":"HOST_TWICE","message":"a request has one Host header, not several","metadata":{}}"#;
const INVALID: &str = r#"{"code":400,"reason":"HOST_INVALID","message":"a Host header is a host name or address, with or without a port","metadata":{}}"#;

/// Answers with the authority and the Host header that a handler sees.
fn router() -> Router {
    let says = |request: Request| async move {
        let host = request.headers().get("host");
        format!("{:?} {host:?}.", request.uri().authority())
    };
    Router::new().fallback(get(says).post(says))
}

#[tokio::test]
async fn http_1_1_without_one_valid_host_is_refused() {
    let http = Fixture::http(router()).await;
    let grpc = Fixture::grpc(|server| server).await;
    for (version, target, hosts, answer) in [
        ("1.1", "/", "", MISSING),
        ("1.1", "http://test/", "", MISSING),
        ("1.1", "*", "", MISSING),
        ("1.1", "/", "host: a\r\nhost: a\r\n", TWICE),
        ("1.0", "/", "host: a\r\nHost: b\r\n", TWICE),
        ("1.1", "/", "host: a, b\r\n", INVALID),
        ("1.1", "/", "host: user@a\r\n", INVALID),
        ("1.0", "/", "host: a:b\r\n", INVALID),
    ] {
        for server in [&http, &grpc] {
            for body in ["", "content-length: 9\r\n", "content-length: 1\r\n\r\nx"] {
                let mut client = Raw::connect(server.address).await;
                let end = if body.ends_with('x') { "" } else { "\r\n" };
                client
                    .send(format!(
                        "POST {target} HTTP/{version}\r\n{hosts}{body}{end}"
                    ))
                    .await;
                let text = String::from_utf8(client.read_to_close().await).unwrap();
                assert!(text.starts_with(&format!("HTTP/{version} 400")), "{text}");
                assert!(text.contains("connection: close\r\n"), "{text}");
                assert!(
                    text.contains("content-type: application/json\r\n"),
                    "{text}"
                );
                assert!(text.ends_with(answer), "{text}");
            }
        }
    }
    http.stop_within(PATIENCE).await.nothing_cut();
    grpc.stop_within(PATIENCE).await.nothing_cut();
    no_task_is_left().await;
}

#[tokio::test]
async fn http_1_with_one_valid_host_or_without_a_need_for_one_is_served() {
    let server = Fixture::http(router()).await;
    for (version, target, hosts, answer) in [
        ("1.0", "/", "", "None None."),
        ("1.0", "/", "host: a\r\n", "None Some(\"a\")."),
        ("1.1", "/", "host:\r\n", "None Some(\"\")."),
        ("1.1", "/", "host: [::1]:80\r\n", "None Some(\"[::1]:80\")."),
        // The host of the target goes before the header, and may differ from it.
        ("1.1", "http://b/", "host: a\r\n", "Some(b) Some(\"a\")."),
    ] {
        let mut client = Raw::connect(server.address).await;
        client
            .send(format!("GET {target} HTTP/{version}\r\n{hosts}\r\n"))
            .await;
        let text = client.read_to(".").await;
        let text = if text.ends_with(answer) {
            text
        } else {
            text + &client.read_to(".").await
        };
        assert!(
            text.contains(" 200 OK\r\n") && text.ends_with(answer),
            "{text}"
        );
    }
    server.stop_within(PATIENCE).await.nothing_cut();
}

/// HTTP/2: a literal header field, by its name's number in the static table or by its name.
fn field(name: &[u8], value: &str) -> Vec<u8> {
    let length = u8::try_from(value.len()).unwrap();
    [name, &[length], value.as_bytes()].concat()
}

#[tokio::test]
async fn http2_is_served_without_an_authority_and_refused_with_an_invalid_one() {
    let server = Fixture::http(router()).await;
    // `:method GET`, `:scheme http`, `:path /`.
    const HEAD: [u8; 3] = [0x82, 0x86, 0x84];
    let authority = |value| field(&[1], value);
    let host = |value| field(&[0x0f, 38 - 15], value);
    for (fields, answer) in [
        (vec![], Some("None None.")),
        (host("a"), Some("None Some(\"a\").")),
        (authority("b"), Some("Some(b) None.")),
        (
            [authority("b"), host("a")].concat(),
            Some("Some(b) Some(\"a\")."),
        ),
        (authority("a b"), None),
    ] {
        let mut client = Raw::connect(server.address).await;
        let block = [&HEAD[..], &fields].concat();
        let length = u8::try_from(block.len()).unwrap();
        let request = [&[0, 0, length, HEADERS, 5, 0, 0, 0, 1][..], &block].concat();
        client.send([PREFACE, SETTINGS, &request].concat()).await;
        match answer {
            Some(answer) => {
                let body = client.read_frame(DATA).await.expect("an answer");
                assert_eq!(String::from_utf8(body).unwrap(), answer);
            }
            None => {
                const RST_STREAM: u8 = 3;
                let code = client.read_frame(RST_STREAM).await.expect("a reset");
                assert_eq!(code, [0, 0, 0, 1], "a protocol error");
            }
        }
        drop(client);
    }
    server.stop_within(PATIENCE).await;
}
