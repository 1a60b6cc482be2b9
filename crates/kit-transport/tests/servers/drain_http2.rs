//! HTTP/2 clients in every state in which a stop may find them.

use http_body_util::BodyExt as _;
use kit_transport::Cut;
use tokio::io::AsyncReadExt as _;

use crate::client::{DATA, GOAWAY, PING, PREFACE, Raw, SETTINGS, ask, get_frame, http2};
use crate::drain_http1::Held;
use crate::fixture::{Fixture, PATIENCE, no_task_is_left};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_a_preface_holds_up_no_stop() {
    let server = Fixture::http(Held::new().router()).await;
    let mut half = Raw::connect(server.address).await;
    half.send(&PREFACE[..12]).await;
    let mut other = http2(server.address).await;
    assert_eq!(ask(&mut other, "/hello").await.unwrap().status(), 200);
    server
        .stop_within(PATIENCE)
        .await
        .before_its_deadline()
        .cut(Cut::Request, 0);
    half.read_to_close().await;
    drop(other);
    no_task_is_left().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_preface_without_settings_is_cut_after_half_a_second() {
    let server = Fixture::http(Held::new().router()).await;
    let mut silent = Raw::connect(server.address).await;
    silent.send(PREFACE).await;
    // The server's own SETTINGS: it has read the preface.
    silent.0.read_u8().await.unwrap();
    server
        .stop_within(PATIENCE)
        .await
        .not_before(450)
        .before_its_deadline()
        .cut(Cut::Connection, 1)
        .cut(Cut::Request, 0);
    silent.read_to_close().await;
    no_task_is_left().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_client_that_acknowledges_nothing_is_cut_after_half_a_second() {
    let server = Fixture::http(Held::new().router()).await;
    let mut frozen = Raw::connect(server.address).await;
    frozen.send([PREFACE, SETTINGS].concat()).await;
    // The server's SETTINGS and its acknowledgement of ours.
    let mut greeting = [0; 9];
    frozen.0.read_exact(&mut greeting).await.unwrap();
    let ended = server.stop_within(PATIENCE).await;
    ended
        .not_before(450)
        .before_its_deadline()
        .cut(Cut::Connection, 1)
        .cut(Cut::Request, 0);
    frozen.read_to_close().await;
    no_task_is_left().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_connection_ends_at_once() {
    let server = Fixture::http(Held::new().router()).await;
    let mut client = http2(server.address).await;
    let body = ask(&mut client, "/hello")
        .await
        .unwrap()
        .into_body()
        .collect()
        .await
        .unwrap();
    assert_eq!(body.to_bytes(), "hello");
    server
        .stop_within(PATIENCE)
        .await
        .before_its_deadline()
        .nothing_cut();
    drop(client);
    no_task_is_left().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_in_flight_are_answered_in_full() {
    let held = Held::new();
    let server = Fixture::http(held.router()).await;
    let mut client = http2(server.address).await;
    let first = ask(&mut client, "/held");
    let second = ask(&mut client, "/held");
    let token = server.ctx.scope().token().clone();
    let stop = async {
        held.begun().await;
        held.begun().await;
        server.stop_within(PATIENCE).await
    };
    let let_go = async {
        token.cancelled().await;
        held.go.add_permits(2);
    };
    let clients = async {
        let (first, second) = tokio::join!(first, second);
        let first = first
            .unwrap()
            .into_body()
            .collect()
            .await
            .unwrap()
            .to_bytes();
        let second = second
            .unwrap()
            .into_body()
            .collect()
            .await
            .unwrap()
            .to_bytes();
        (first, second)
    };
    let (ended, (first, second), ()) = tokio::join!(stop, clients, let_go);
    assert_eq!((&first[..], &second[..]), (&b"done"[..], &b"done"[..]));
    ended.before_its_deadline().nothing_cut();
    drop(client);
    no_task_is_left().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_without_an_end_is_cut_at_the_deadline_and_named() {
    let held = Held::new();
    let server = Fixture::http(held.router()).await;
    let mut client = http2(server.address).await;
    let asking = ask(&mut client, "/held");
    let stop = async {
        held.begun().await;
        server
            .stop_within(std::time::Duration::from_millis(300))
            .await
    };
    let (ended, answer) = tokio::join!(stop, asking);
    assert!(answer.is_err());
    ended
        .not_before(300)
        .cut(Cut::Request, 1)
        .cut(Cut::Connection, 0);
    assert!(ended.ctx.cuts().names_of(Cut::Request)[0].starts_with("GET /held from "));
    drop(client);
    no_task_is_left().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_begins_before_the_ping_is_acknowledged_is_served() {
    let server = Fixture::http(Held::new().router()).await;
    let mut client = Raw::connect(server.address).await;
    client.send([PREFACE, SETTINGS].concat()).await;
    client.send(get_frame(1, "/hello")).await;
    assert_eq!(
        client.read_frame(DATA).await.as_deref(),
        Some(&b"hello"[..])
    );
    let begins = async {
        let ping = client
            .read_frame(PING)
            .await
            .expect("it asks for an answer");
        client.send(get_frame(3, "/hello")).await;
        assert_eq!(
            client.read_frame(DATA).await.as_deref(),
            Some(&b"hello"[..])
        );
        client
            .send([&[0, 0, 8, PING, 1, 0, 0, 0, 0][..], &ping].concat())
            .await;
        let goaway = client.read_frame(GOAWAY).await.expect("it says goodbye");
        assert_eq!(goaway, [0, 0, 0, 3, 0, 0, 0, 0], "stream 3, no error");
        client.read_to_close().await;
    };
    let (ended, ()) = tokio::join!(server.stop_within(PATIENCE), begins);
    ended.nothing_cut();
    no_task_is_left().await;
}

/// The library grpcio widens the window of each stream that it begins, and may begin a stream before
/// it has read the last GOAWAY.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_begins_too_late_ends_no_other_stream() {
    let held = Held::new();
    let server = Fixture::http(held.router()).await;
    let mut client = Raw::connect(server.address).await;
    client.send([PREFACE, SETTINGS].concat()).await;
    client.send(get_frame(1, "/held")).await;
    let stop = async {
        held.begun().await;
        server.stop_within(PATIENCE).await
    };
    let late_stream = async {
        let ping = client
            .read_frame(PING)
            .await
            .expect("it asks for an answer");
        let answer = [&[0, 0, 8, PING, 1, 0, 0, 0, 0][..], &ping].concat();
        let widened = [0, 0, 4, 8, 0, 0, 0, 0, 3, 0, 0, 0, 5];
        client
            .send([&answer[..], &get_frame(3, "/hello"), &widened].concat())
            .await;
        let goaway = client.read_frame(GOAWAY).await.expect("it says goodbye");
        assert_eq!(goaway, [0, 0, 0, 1, 0, 0, 0, 0], "stream 1, no error");
        held.go.add_permits(1);
        assert_eq!(client.read_frame(DATA).await.as_deref(), Some(&b"done"[..]));
        client.read_to_close().await
    };
    let (ended, rest) = tokio::join!(stop, late_stream);
    assert_eq!(rest, b"", "no other answer and no error");
    ended.nothing_cut();
    no_task_is_left().await;
}
