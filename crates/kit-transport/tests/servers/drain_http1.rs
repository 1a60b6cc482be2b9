//! HTTP/1.1 clients in every state in which a stop may find them.

use std::io::{Read as _, Write as _};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use kit_transport::Cut;
use tokio::io::AsyncReadExt as _;
use tokio::sync::Semaphore;

use crate::client::Raw;
use crate::fixture::{Fixture, PATIENCE, no_task_is_left};

/// A handler that shows when it has begun, and that answers once the test lets it.
#[derive(Clone)]
pub(crate) struct Held {
    pub(crate) begun: Arc<Semaphore>,
    pub(crate) go: Arc<Semaphore>,
}

impl Held {
    pub(crate) fn new() -> Held {
        Held {
            begun: Arc::new(Semaphore::new(0)),
            go: Arc::new(Semaphore::new(0)),
        }
    }

    pub(crate) async fn hold(self) {
        self.begun.add_permits(1);
        self.go.acquire().await.expect("open").forget();
    }

    pub(crate) async fn begun(&self) {
        self.begun.acquire().await.expect("open").forget();
    }

    pub(crate) fn router(&self) -> Router {
        let held = self.clone();
        let hello = || async { "hello" };
        Router::new()
            .route("/hello", get(hello))
            .route("/echo", post(|body: String| async { body }))
            .route(
                "/held",
                get(move || async {
                    held.hold().await;
                    "done"
                }),
            )
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bare_connection_ends_at_once() {
    let server = Fixture::http(Held::new().router()).await;
    let mut bare = Raw::connect(server.address).await;
    Raw::connect(server.address).await.get("/hello").await;
    server
        .stop_within(PATIENCE)
        .await
        .before_its_deadline()
        .cut(Cut::Request, 0);
    assert_eq!(bare.read_to_close().await, b"");
    no_task_is_left().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_connection_ends_at_once() {
    let server = Fixture::http(Held::new().router()).await;
    let mut idle = Raw::connect(server.address).await;
    idle.get("/hello").await;
    idle.read_to("hello").await;
    server
        .stop_within(PATIENCE)
        .await
        .before_its_deadline()
        .nothing_cut();
    assert_eq!(idle.read_to_close().await, b"");
    no_task_is_left().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_a_first_head_is_cut_after_half_a_second() {
    let server = Fixture::http(Held::new().router()).await;
    let mut half = Raw::connect(server.address).await;
    half.send("GET /hello HTTP/1.1\r\nhos").await;
    let mut other = Raw::connect(server.address).await;
    other.get("/hello").await;
    other.read_to("hello").await;
    server
        .stop_within(PATIENCE)
        .await
        .before_its_deadline()
        .cut(Cut::Request, 0);
    half.read_to_close().await;
    no_task_is_left().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_head_that_is_half_sent_when_a_stop_begins_may_be_completed_and_is_served() {
    let server = Fixture::http(Held::new().router()).await;
    let (half, rest) = ("GET /hello HTTP/1.1\r\nhos", "t: test\r\n\r\n");
    let mut first = Raw::connect(server.address).await;
    first.send(half).await;
    let mut second = Raw::connect(server.address).await;
    second.get("/hello").await;
    second.read_to("hello").await;
    second.send(half).await;
    let mut one_byte = Raw::connect(server.address).await;
    one_byte.send(&half[..1]).await;
    server.lame_duck(PATIENCE);
    // Once the server is a lame duck, it has read the bytes that were sent before.
    let mut head = String::new();
    while !head.contains("connection: close") {
        let mut other = Raw::connect(server.address).await;
        other.get("/hello").await;
        head = other.read_head().await;
        other.read_to("hello").await;
    }
    let token = server.ctx.scope().token().clone();
    let ends = async {
        token.cancelled().await;
        // At once, as each has half a second.
        first.send(rest).await;
        second.send(rest).await;
        one_byte.send(format!("{}{rest}", &half[1..])).await;
        for mut client in [first, second, one_byte] {
            let head = client.read_head().await;
            assert!(head.starts_with("HTTP/1.1 200"), "{head}");
            assert!(head.contains("connection: close"), "{head}");
            assert_eq!(client.read_to_close().await, b"hello");
        }
    };
    let (ended, ()) = tokio::join!(server.drain(), ends);
    ended.nothing_cut();
    no_task_is_left().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_a_second_head_holds_up_no_stop() {
    let server = Fixture::http(Held::new().router()).await;
    let mut half = Raw::connect(server.address).await;
    half.get("/hello").await;
    half.read_to("hello").await;
    half.send("GET /hello HTTP/1.1\r\nhos").await;
    server
        .stop_within(PATIENCE)
        .await
        .before_its_deadline()
        .cut(Cut::Request, 0);
    half.read_to_close().await;
    no_task_is_left().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_in_flight_is_answered_in_full_and_new_connections_are_refused() {
    let held = Held::new();
    let server = Fixture::http(held.router()).await;
    let address = server.address;
    let mut client = Raw::connect(address).await;
    client.get("/held").await;
    held.begun().await;
    server.lame_duck(PATIENCE);
    let token = server.ctx.scope().token().clone();
    let answered = async {
        token.cancelled().await;
        while tokio::net::TcpStream::connect(address).await.is_ok() {}
        held.go.add_permits(1);
        client.read_to_close().await
    };
    let (ended, answer) = tokio::join!(server.drain(), answered);
    let answer = String::from_utf8(answer).unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with("done"),
        "{answer}"
    );
    assert!(answer.contains("connection: close"), "{answer}");
    ended.cut(Cut::Request, 0);
    no_task_is_left().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_its_client_reads_slowly_arrives_in_full() {
    const SIZE: usize = 8 << 20;
    let router = Router::new().route("/big", get(|| async { vec![7; SIZE] }));
    let server = Fixture::http(router).await;
    let mut client = Raw::connect(server.address).await;
    client.get("/big").await;
    client.read_head().await;
    let reading = async {
        let (mut seen, mut piece) = (0, vec![0; 256 << 10]);
        while let Ok(count @ 1..) = client.0.read(&mut piece).await {
            seen += count;
            // The whole takes longer than the half second after which an idle connection is cut.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        seen
    };
    let (ended, seen) = tokio::join!(server.stop_within(PATIENCE), reading);
    assert_eq!(seen, SIZE);
    ended.nothing_cut().not_before(100);
    no_task_is_left().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_never_reads_is_cut_at_the_deadline_and_named() {
    let router = Router::new().route("/big", get(|| async { vec![7; 8 << 20] }));
    let server = Fixture::http(router).await;
    let mut client = Raw::connect(server.address).await;
    client.get("/big").await;
    client.read_head().await;
    let ended = server.stop_within(Duration::from_millis(700)).await;
    ended.not_before(700).cut(Cut::Request, 1);
    assert!(ended.ctx.cuts().names_of(Cut::Request)[0].starts_with("GET /big from 127.0.0.1:"));
    no_task_is_left().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_without_an_end_is_cut_at_the_deadline_and_named() {
    let held = Held::new();
    let server = Fixture::http(held.router()).await;
    let mut client = Raw::connect(server.address).await;
    client.get("/held?token=secret").await;
    held.begun().await;
    let ended = server.stop_within(Duration::from_millis(300)).await;
    ended
        .not_before(300)
        .cut(Cut::Request, 1)
        .cut(Cut::Connection, 0);
    let name = &ended.ctx.cuts().names_of(Cut::Request)[0];
    let local = client.0.local_addr().unwrap();
    assert!(
        name.starts_with(&format!("GET /held from {local}, ")),
        "{name}"
    );
    client.read_to_close().await;
    no_task_is_left().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadline_that_moves_to_now_cuts_now() {
    let held = Held::new();
    let server = Fixture::http(held.router()).await;
    let mut client = Raw::connect(server.address).await;
    client.get("/held").await;
    held.begun().await;
    let (life, token) = (server.life.clone(), server.ctx.scope().token().clone());
    let second_signal = async {
        token.cancelled().await;
        life.send_modify(|life| life.deadline = Some(tokio::time::Instant::now().into()));
    };
    let (ended, ()) = tokio::join!(server.stop_within(PATIENCE), second_signal);
    ended.before_its_deadline().cut(Cut::Request, 1);
    no_task_is_left().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scope_that_is_aborted_takes_its_connections_with_it() {
    let held = Held::new();
    let server = Fixture::http(held.router()).await;
    let mut client = Raw::connect(server.address).await;
    client.get("/held").await;
    held.begun().await;
    let report = server.ctx.scope().close(tokio::time::Instant::now()).await;
    assert!(!report.on_time());
    client.read_to_close().await;
    no_task_is_left().await;
}

#[tokio::test]
async fn connections_in_the_accept_queue_when_the_drain_begins_are_served() {
    let server = Fixture::http(Held::new().router()).await;
    // The clients connect and write outside the runtime, so that the accept task has seen none of them.
    let mut queued: Vec<_> = (0..10)
        .map(|_| std::net::TcpStream::connect(server.address).unwrap())
        .collect();
    for client in &mut queued {
        client
            .write_all(b"GET /hello HTTP/1.1\r\nhost: test\r\n\r\n")
            .unwrap();
    }
    server
        .stop_within(PATIENCE)
        .await
        .before_its_deadline()
        .nothing_cut();
    for mut client in queued {
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        assert!(
            answer.starts_with("HTTP/1.1 200") && answer.ends_with("hello"),
            "{answer}"
        );
    }
    no_task_is_left().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lame_duck_serves_new_connections_and_closes_them_after_their_answer() {
    let server = Fixture::http(Held::new().router()).await;
    let mut kept = Raw::connect(server.address).await;
    kept.get("/hello").await;
    assert!(!kept.read_to("hello").await.contains("connection: close"));
    server.lame_duck(PATIENCE);
    let mut life = server.life.subscribe();
    life.mark_changed();
    // The accept task sees the change before it takes another connection.
    let mut new = Raw::connect(server.address).await;
    new.get("/hello").await;
    let answer = String::from_utf8(new.read_to_close().await).unwrap();
    assert!(
        answer.contains("connection: close") && answer.ends_with("hello"),
        "{answer}"
    );
    kept.get("/hello").await;
    let answer = String::from_utf8(kept.read_to_close().await).unwrap();
    assert!(
        answer.contains("connection: close") && answer.ends_with("hello"),
        "{answer}"
    );
    server.drain().await.before_its_deadline().nothing_cut();
    no_task_is_left().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drain_reports_how_many_connections_and_requests_it_ended() {
    let held = Held::new();
    let server = Fixture::http(held.router()).await;
    let mut idle = Raw::connect(server.address).await;
    idle.get("/hello").await;
    idle.read_to("hello").await;
    let mut waiting = Raw::connect(server.address).await;
    waiting.get("/held").await;
    held.begun().await;
    let answered = async {
        // The idle connection ends first.
        idle.read_to_close().await;
        held.go.add_permits(1);
        waiting.read_to("done").await;
    };
    let (ended, ()) = tokio::join!(server.stop_within(PATIENCE), answered);
    let drained = ended
        .nothing_cut()
        .ctx
        .drained()
        .expect("a report of the drain");
    assert_eq!(
        (drained.connections, drained.requests, drained.streams),
        (2, 1, 0)
    );
    assert!(drained.took <= ended.took);
}
