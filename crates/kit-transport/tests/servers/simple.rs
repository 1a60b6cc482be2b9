//! A server whose answers one function gives.

use bytes::Bytes;
use http::{Response, StatusCode};
use http_body_util::BodyExt as _;
use kit_transport::{CallContext, simple};

use crate::client::{Raw, ask, http2};
use crate::fixture::{ANY_PORT, Fixture, PATIENCE};

fn server() -> simple::Server {
    simple::Server::new(ANY_PORT, |head| {
        let path = head.uri.path();
        assert_ne!(path, "/panic", "bad luck");
        let call = CallContext::of(&head.extensions).expect("a request of Kit's");
        let text = format!("{} {path} from {}.", head.method, call.peer().remote);
        let mut response = Response::new(Bytes::from(text));
        if path == "/missing" {
            *response.status_mut() = StatusCode::NOT_FOUND;
        }
        response
    })
}

#[tokio::test]
async fn the_head_of_a_request_decides_the_answer() {
    let server = Fixture::start(server().name("admin")).await;
    assert!(server.all[0].is_private());
    assert_eq!(server.ctx.scope().path(), "test/admin");
    let mut client = Raw::connect(server.address).await;
    let local = client.0.local_addr().unwrap();
    client.get("/livez").await;
    let answer = client.read_to("\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    client.read_to(&format!("GET /livez from {local}.")).await;
    client.get("/missing").await;
    let answer = client.read_to("\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
    client.read_to(&format!("{local}.")).await;

    let mut client = http2(server.address).await;
    let answer = ask(&mut client, "/over-http2").await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    assert!(body.starts_with(b"GET /over-http2 from "), "{body:?}");
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn a_panic_and_a_head_that_is_wrong_are_answered_and_the_server_goes_on() {
    let server = Fixture::start(server()).await;
    for (request, status, line) in [
        (
            "GET /panic HTTP/1.1\r\nhost: h\r\n\r\n",
            "500",
            "internal error",
        ),
        ("GET / HTTP/1.1\r\n\r\n", "400", "host"),
    ] {
        let mut client = Raw::connect(server.address).await;
        client.send(request).await;
        let head = client.read_to("\r\n\r\n").await;
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{head}");
        let body = client.read_to("\n").await;
        assert!(body.to_lowercase().contains(line), "{body}");
    }
    let mut client = Raw::connect(server.address).await;
    client.get("/").await;
    client.read_to("GET / from").await;
    server.stop_within(PATIENCE).await.nothing_cut();
}
