//! Server-sent events, upgraded sockets, and handlers that ask for the drain.

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper_util::rt::TokioIo;
use kit_transport::http::ServerScope;
use kit_transport::{ConnectionOptions, Cut, Draining, http};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_stream::StreamExt as _;

use crate::client::{Raw, ask, http2};
use crate::drain_http1::Held;
use crate::fixture::{ANY_PORT, Fixture, PATIENCE, in_one_of_five, no_task_is_left};

const GRACE: Duration = Duration::from_millis(200);

async fn serve(router: Router) -> Fixture {
    let options = ConnectionOptions {
        stream_grace: GRACE,
        ..ConnectionOptions::default()
    };
    Fixture::start(http::Server::new(ANY_PORT, router).connections(options)).await
}

fn one_then_silence() -> Body {
    let first = tokio_stream::once(Ok::<_, Infallible>(Bytes::from_static(b"data: 1\n\n")));
    Body::from_stream(first.chain(tokio_stream::pending()))
}

fn events() -> Router {
    let handler = || async {
        Response::builder()
            .header("content-type", "text/event-stream")
            .body(one_then_silence())
            .unwrap()
    };
    Held::new().router().route("/events", get(handler))
}

/// Echoes the bytes of an upgraded connection until it ends or, with `awaits_drain`, a drain begins.
fn upgrade(
    ServerScope(scope): ServerScope,
    draining: Draining,
    mut request: Request,
    awaits_drain: bool,
) -> Response {
    let upgrade = hyper::upgrade::on(&mut request);
    scope.spawn("echo", async move {
        let mut socket = TokioIo::new(upgrade.await?);
        let echo = async {
            let mut byte = [0];
            while socket.read_exact(&mut byte).await.is_ok() {
                let _ = socket.write_all(&byte).await;
            }
        };
        if awaits_drain {
            tokio::select! { () = echo => {}, () = draining.draining() => {} }
        } else {
            echo.await;
        }
        Ok(())
    });
    Response::builder()
        .status(101)
        .header("connection", "upgrade")
        .header("upgrade", "echo")
        .body(Body::empty())
        .unwrap()
}

async fn upgraded(server: &Fixture) -> Raw {
    let mut client = Raw::connect(server.address).await;
    client
        .send("GET /echo HTTP/1.1\r\nhost: test\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n")
        .await;
    assert!(client.read_head().await.starts_with("HTTP/1.1 101"));
    client.send("x").await;
    assert_eq!(client.0.read_u8().await.unwrap(), b'x');
    client
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn endless_events_are_ended_after_their_grace() {
    let server = serve(events()).await;
    let mut client = Raw::connect(server.address).await;
    client.get("/events").await;
    client.read_to("data: 1\n\n\r\n").await;
    let ended = server.stop_within(PATIENCE).await;
    ended
        .not_before(190)
        .before_its_deadline()
        .cut(Cut::Stream, 1)
        .cut(Cut::Request, 0)
        .cut(Cut::Connection, 0);
    assert!(ended.ctx.cuts().names_of(Cut::Stream)[0].starts_with("GET /events from "));
    // The last chunk is a proper end, after which a client reconnects.
    assert_eq!(client.read_to_close().await, b"0\r\n\r\n");
    no_task_is_left().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_that_their_client_does_not_read_are_ended_after_their_grace() {
    let handler = || async {
        let more = Ok::<_, Infallible>(Bytes::from_static(&[b'\n'; 64 << 10]));
        let endless = tokio_stream::iter(std::iter::repeat(more));
        Response::builder()
            .header("content-type", "text/event-stream")
            .body(Body::from_stream(endless))
            .unwrap()
    };
    let server = serve(Router::new().route("/events", get(handler))).await;
    let mut client = Raw::connect(server.address).await;
    client.get("/events").await;
    client.read_head().await;
    let ended = server.stop_within(PATIENCE).await;
    ended
        .not_before(190)
        .before_its_deadline()
        .cut(Cut::Stream, 1)
        .cut(Cut::Request, 0);
    no_task_is_left().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_http2_the_end_of_events_ends_no_request_beside_them() {
    let held = Held::new();
    let server = serve(events().nest("/beside", held.router())).await;
    let mut client = http2(server.address).await;
    let mut events = ask(&mut client, "/events").await.unwrap().into_body();
    assert_eq!(
        events.frame().await.unwrap().unwrap().into_data().unwrap(),
        "data: 1\n\n"
    );
    let asking = ask(&mut client, "/beside/held");
    let stop = async {
        held.begun().await;
        server.stop_within(PATIENCE).await
    };
    let clients = async {
        // The end of the events lets the request go.
        assert_eq!(events.collect().await.unwrap().to_bytes(), "");
        held.go.add_permits(1);
    };
    let (ended, answer, ()) = tokio::join!(stop, asking, clients);
    assert_eq!(answer.unwrap().status(), 200);
    ended.cut(Cut::Stream, 1).cut(Cut::Request, 0);
    drop(client);
    no_task_is_left().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_have_at_most_half_of_the_time_that_is_left() {
    // A stall until the deadline hides that the events end before it.
    in_one_of_five(events_end_at_half_time).await;
}

async fn events_end_at_half_time() -> Result<(), Duration> {
    let server = Fixture::http(events()).await;
    let mut client = Raw::connect(server.address).await;
    client.get("/events").await;
    client.read_to("data: 1\n\n\r\n").await;
    let ended = server.stop_within(Duration::from_millis(600)).await;
    ended
        .not_before(300)
        .cut(Cut::Stream, 1)
        .cut(Cut::Request, 0);
    no_task_is_left().await;
    // Without the half, the events would have the usual two seconds, and end a tenth before.
    if ended.took < Duration::from_millis(500) {
        Ok(())
    } else {
        Err(ended.took)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upgraded_connection_is_cut_after_its_grace() {
    let server = serve(Router::new().route(
        "/echo",
        get(async |scope, draining, request| upgrade(scope, draining, request, false)),
    ))
    .await;
    let mut client = upgraded(&server).await;
    let ended = server.stop_within(PATIENCE).await;
    ended
        .not_before(190)
        .before_its_deadline()
        .cut(Cut::Stream, 1)
        .cut(Cut::Request, 0)
        .cut(Cut::Connection, 0);
    client.read_to_close().await;
    no_task_is_left().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upgraded_connection_whose_handler_awaits_the_drain_ends_with_it() {
    let server = serve(Router::new().route(
        "/echo",
        get(async |scope, draining, request| upgrade(scope, draining, request, true)),
    ))
    .await;
    let mut client = upgraded(&server).await;
    server
        .stop_within(PATIENCE)
        .await
        .before_its_deadline()
        .nothing_cut();
    assert_eq!(client.read_to_close().await, b"");
    no_task_is_left().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_that_asks_for_the_drain_sees_it_and_ends() {
    let held = Held::new();
    let begun = held.clone();
    let wait = |draining: Draining| async move {
        begun.begun.add_permits(1);
        draining.draining().await;
        "drained"
    };
    let server = serve(Router::new().route("/wait", get(wait))).await;
    let mut client = Raw::connect(server.address).await;
    client.get("/wait").await;
    held.begun().await;
    server
        .stop_within(PATIENCE)
        .await
        .before_its_deadline()
        .nothing_cut();
    assert!(
        String::from_utf8(client.read_to_close().await)
            .unwrap()
            .ends_with("drained")
    );
    no_task_is_left().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_that_asked_for_the_drain_and_stays_is_a_stream_and_has_until_the_deadline() {
    let held = Held::new();
    let begun = held.clone();
    let wait = |draining: Draining| async move {
        drop(draining.draining());
        begun.hold().await;
    };
    let server = serve(Router::new().route("/wait", get(wait))).await;
    let mut client = Raw::connect(server.address).await;
    client.get("/wait").await;
    held.begun().await;
    let ended = server.stop_within(Duration::from_millis(400)).await;
    ended
        .not_before(390)
        .cut(Cut::Stream, 1)
        .cut(Cut::Request, 0)
        .cut(Cut::Connection, 0);
    client.read_to_close().await;
    no_task_is_left().await;
}
