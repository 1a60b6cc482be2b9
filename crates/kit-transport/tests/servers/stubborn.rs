//! Clients that are late, slow, or go on sending: a stop neither cuts what they asked for nor waits
//! for them in vain.

use std::time::Duration;

use axum::Router;
use axum::routing::get;
use kit_transport::{ConnectionOptions, Cut, http};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::{sleep, timeout};

use crate::client::{DATA, GOAWAY, HEADERS, PING, PREFACE, Raw, SETTINGS, get_frame};
use crate::drain_http1::Held;
use crate::fixture::{ANY_PORT, Fixture, PATIENCE, in_one_of_five};

const WINDOW_UPDATE: [u8; 13] = [0, 0, 4, 8, 0, 0, 0, 0, 0, 0, 0, 0, 1];

async fn http2(server: &Fixture) -> Raw {
    let mut client = Raw::connect(server.address).await;
    client.send([PREFACE, SETTINGS].concat()).await;
    // The server's SETTINGS, and its acknowledgement of the client's.
    for _ in 0..2 {
        client.read_frame(4).await.unwrap();
    }
    client
}

/// Sends these bytes again and again, until the server has closed the connection.
async fn repeat(client: &mut Raw, bytes: &[u8]) {
    while client.0.write_all(bytes).await.is_ok() {
        sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_without_a_request_that_widens_its_window_holds_up_no_stop() {
    let server = Fixture::http(Held::new().router()).await;
    let mut client = http2(&server).await;
    let (ended, ()) = tokio::join!(
        server.stop_within(PATIENCE),
        repeat(&mut client, &WINDOW_UPDATE)
    );
    ended.before_its_deadline();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_acknowledges_the_goodbye_and_widens_its_window_holds_up_no_stop() {
    let server = Fixture::http(Held::new().router()).await;
    let mut client = http2(&server).await;
    let widens = async {
        let ping = client.read_frame(PING).await.unwrap();
        client
            .send([&[0, 0, 8, PING, 1, 0, 0, 0, 0][..], &ping].concat())
            .await;
        repeat(&mut client, &WINDOW_UPDATE).await;
    };
    let (ended, ()) = tokio::join!(server.stop_within(PATIENCE), widens);
    ended.before_its_deadline();
}

/// The same without a stop: the client's frames do not put off the limit of an idle connection.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_connection_is_closed_though_its_client_widens_its_window() {
    let connections = ConnectionOptions {
        idle: Duration::from_millis(300),
        ..ConnectionOptions::default()
    };
    let server = http::Server::new(ANY_PORT, Held::new().router()).connections(connections);
    let server = Fixture::start(server).await;
    let mut client = http2(&server).await;
    timeout(PATIENCE, repeat(&mut client, &WINDOW_UPDATE))
        .await
        .expect("it is closed");
    server.stop_within(PATIENCE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_was_answered_and_sends_pings_holds_up_no_stop() {
    const PING_FRAME: [u8; 17] = [0, 0, 8, PING, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8];
    let server = Fixture::http(Held::new().router()).await;
    let mut client = http2(&server).await;
    client.send(get_frame(1, "/hello")).await;
    client.read_frame(DATA).await.unwrap();
    let (ended, ()) = tokio::join!(
        server.stop_within(PATIENCE),
        repeat(&mut client, &PING_FRAME)
    );
    ended.cut(Cut::Request, 0).before_its_deadline();
}

/// The buffer of h2, 8 KiB, ends inside the header of the frame that is to be hidden.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_window_is_hidden_also_where_the_readers_buffer_ends() {
    let mut failed = Vec::new();
    for short_of in 0..14 {
        let held = Held::new();
        let server = Fixture::http(held.router()).await;
        let mut client = Raw::connect(server.address).await;
        let ask = get_frame(1, "/held");
        client.send([PREFACE, SETTINGS, &ask].concat()).await;
        let stop = async {
            held.begun().await;
            server.stop_within(PATIENCE).await
        };
        let late_stream = async {
            let ping = client.read_frame(PING).await.unwrap();
            let answer = [&[0, 0, 8, PING, 1, 0, 0, 0, 0][..], &ping].concat();
            let late = get_frame(3, "/hello");
            let widened = [0, 0, 4, 8, 0, 0, 0, 0, 3, 0, 0, 0, 5];
            client.send(&answer).await;
            client.read_frame(GOAWAY).await.unwrap();
            // Small frames of an unknown type use up the buffer bit by bit.
            let sent = SETTINGS.len() + ask.len() + answer.len() + late.len();
            let mut left = 8192 - short_of - sent;
            while left > 0 {
                let next = if left > 200 { 100 } else { left };
                let payload = vec![0; next - 9];
                let length = u8::try_from(payload.len()).unwrap();
                client
                    .send([&[0, 0, length, 0xee, 0, 0, 0, 0, 0][..], &payload].concat())
                    .await;
                left -= next;
                if left % 1000 < 100 {
                    sleep(Duration::from_millis(1)).await;
                }
            }
            sleep(Duration::from_millis(20)).await;
            client.send([&late[..], &widened].concat()).await;
            sleep(Duration::from_millis(20)).await;
            held.go.add_permits(1);
            let answered = client.read_frame(DATA).await;
            if answered.as_deref() != Some(&b"done"[..]) {
                failed.push(short_of);
            }
            client.read_to_close().await;
        };
        tokio::join!(stop, late_stream);
    }
    assert_eq!(
        failed,
        Vec::<usize>::new(),
        "this many bytes before the end"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_greeting_that_is_completed_late_without_a_request_holds_up_no_stop() {
    let server = Fixture::http(Held::new().router()).await;
    let mut client = Raw::connect(server.address).await;
    client.send(&PREFACE[..12]).await;
    sleep(Duration::from_millis(50)).await;
    let token = server.ctx.scope().token().clone();
    let ends = async {
        token.cancelled().await;
        sleep(Duration::from_millis(480)).await;
        client.send([&PREFACE[12..], SETTINGS].concat()).await;
        client.read_to_close().await;
    };
    let (ended, ()) = tokio::join!(server.stop_within(PATIENCE), ends);
    ended.before_its_deadline();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_greeting_that_is_completed_after_the_stop_has_begun_is_served() {
    let server = Fixture::http(Held::new().router()).await;
    for cut in [1, 12, 23, 24, 28, 32] {
        let mut client = Raw::connect(server.address).await;
        let all = [PREFACE, SETTINGS, &get_frame(1, "/hello")].concat();
        client.send(&all[..cut]).await;
        sleep(Duration::from_millis(20)).await;
        client.send(&all[cut..]).await;
        assert_eq!(
            client.read_frame(DATA).await.as_deref(),
            Some(&b"hello"[..])
        );
    }
    server.stop_within(PATIENCE).await;
    // A stall keeps the clients from completing their greetings in half a second.
    in_one_of_five(greetings_are_completed_late).await;
}

async fn greetings_are_completed_late() -> Result<(), String> {
    let server = Fixture::http(Held::new().router()).await;
    let mut clients = Vec::new();
    for cut in [1, 12, 23, 24, 28, 32] {
        let mut client = Raw::connect(server.address).await;
        let all = [PREFACE, SETTINGS, &get_frame(1, "/hello")].concat();
        client.send(&all[..cut]).await;
        clients.push((client, all[cut..].to_vec(), cut));
    }
    let mut post = Raw::connect(server.address).await;
    post.send("P").await;
    sleep(Duration::from_millis(50)).await;
    let token = server.ctx.scope().token().clone();
    let ends = async {
        token.cancelled().await;
        sleep(Duration::from_millis(200)).await;
        let rest = b"OST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\nhi";
        let _closed = post.0.write_all(rest).await;
        if !post.read_to_close().await.ends_with(b"hi") {
            return Err("POST".to_owned());
        }
        for (client, rest, cut) in &mut clients {
            let _closed = client.0.write_all(rest).await;
            let data = client.read_frame(DATA).await;
            if data.as_deref() != Some(&b"hello"[..]) {
                return Err(format!("{cut}: {data:?}"));
            }
        }
        drop(clients);
        Ok(())
    };
    let (ended, served) = tokio::join!(server.stop_within(PATIENCE), ends);
    served?;
    ended.nothing_cut();
    Ok(())
}

/// The bytes of the client end before they show its protocol.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_reaches_a_connection_of_no_known_protocol() {
    let server = Fixture::http(Held::new().router()).await;
    let mut client = Raw::connect(server.address).await;
    client.send(&PREFACE[..12]).await;
    sleep(Duration::from_millis(50)).await;
    let ended = server.stop_within(Duration::from_millis(100)).await;
    ended.not_before(100).cut(Cut::Connection, 1);
    client.read_to_close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_whose_client_closes_its_half_is_closed() {
    let server = Fixture::http(Held::new().router()).await;
    for part in [&b"P"[..], &PREFACE[..23], PREFACE, b"GET /he"] {
        let mut client = Raw::connect(server.address).await;
        client.send(part).await;
        client.0.shutdown().await.unwrap();
        client.read_to_close().await;
    }
    server
        .stop_within(PATIENCE)
        .await
        .before_its_deadline()
        .nothing_cut();
}

/// Reads 2 MiB, for all of which there is room, at 1 MB/s, and sends `frame` twice meanwhile.
async fn reads_slowly(frame: &[u8]) {
    const SIZE: usize = 2 << 20;
    // SETTINGS: streams have 16 MiB. WINDOW_UPDATE: so has the connection.
    const WIDE: [u8; 28] = [
        0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, // header, INITIAL_WINDOW_SIZE
        0, 0, 4, 8, 0, 0, 0, 0, 0, 1, 0, 0, 0, // WINDOW_UPDATE
    ];
    let router = Router::new().route("/big", get(|| async { vec![7; SIZE] }));
    let server = Fixture::http(router).await;
    let mut client = Raw::connect(server.address).await;
    client
        .send([PREFACE, &WIDE, &get_frame(1, "/big")].concat())
        .await;
    client.read_frame(HEADERS).await.unwrap();
    let reading = async {
        let (mut seen, mut piece, mut sent) = (0, vec![0; 64 << 10], 0);
        while seen < SIZE {
            let count = client.0.read(&mut piece).await.unwrap_or(0);
            assert!(
                count > 0,
                "the connection ends after {seen} of {SIZE} bytes"
            );
            seen += count;
            if [40, 85]
                .get(sent)
                .is_some_and(|percent| seen > SIZE / 100 * percent)
            {
                sent += 1;
                client.0.write_all(frame).await.unwrap();
            }
            sleep(Duration::from_millis(60)).await;
        }
        drop(client);
    };
    let (ended, ()) = tokio::join!(server.stop_within(PATIENCE), reading);
    ended.nothing_cut();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_reader_over_http2_is_waited_for() {
    reads_slowly(b"").await;
}

/// A PING says nothing of how much its sender has read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_reader_over_http2_that_sends_pings_is_waited_for() {
    const PING_FRAME: [u8; 17] = [0, 0, 8, PING, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8];
    reads_slowly(&PING_FRAME).await;
}

/// The answer's head has left before the stop and without `connection: close`, so its client may ask
/// again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_request_after_an_answer_that_did_not_say_close_is_served() {
    // A stall keeps the client from asking before the last look has ended.
    in_one_of_five(asks_after_an_answer).await;
}

async fn asks_after_an_answer() -> Result<(), String> {
    let held = Held::new();
    let parts = held.clone();
    let slow = async move || {
        let parts = parts.clone();
        let (sender, receiver) = tokio::sync::mpsc::channel::<Result<&str, std::io::Error>>(1);
        let stream = tokio_stream::wrappers::ReceiverStream::new(receiver);
        sender.send(Ok("begin")).await.unwrap();
        #[expect(clippy::disallowed_methods, reason = "it ends with the body")]
        tokio::spawn(async move {
            parts.hold().await;
            sender.send(Ok("end")).await.unwrap();
        });
        axum::body::Body::from_stream(stream)
    };
    let server = Fixture::http(held.router().route("/slow", get(slow))).await;
    let mut client = Raw::connect(server.address).await;
    client.get("/slow").await;
    let head = client.read_head().await;
    assert!(!head.contains("connection: close"), "{head}");
    held.begun().await;
    let asks_again = async {
        sleep(Duration::from_millis(200)).await;
        held.go.add_permits(1);
        client.read_to("end\r\n0\r\n\r\n").await;
        let next = b"GET /hello HTTP/1.1\r\nhost: test\r\n\r\n";
        let _closed = client.0.write_all(next).await;
        String::from_utf8(client.read_to_close().await).unwrap()
    };
    let (_, answer) = tokio::join!(server.stop_within(PATIENCE), asks_again);
    if answer.is_empty() {
        return Err("closed".to_owned());
    }
    assert!(answer.contains("connection: close"), "{answer}");
    assert!(answer.ends_with("hello"), "{answer}");
    Ok(())
}

/// The request is in the socket's buffer, and the runtime has not looked there.
#[tokio::test]
async fn the_next_request_that_is_in_the_socket_already_is_served() {
    let server = Fixture::http(Held::new().router()).await;
    let mut client = Raw::connect(server.address).await;
    client.get("/hello").await;
    client.read_to("hello").await;
    let next = b"GET /hello HTTP/1.1\r\nhost: test\r\n\r\n";
    assert_eq!(client.0.try_write(next).unwrap(), next.len());
    let answer = client.read_to("hello");
    let (ended, answer) = tokio::join!(server.stop_within(PATIENCE), answer);
    assert!(answer.contains("connection: close"), "{answer}");
    ended.nothing_cut();
}

const BIG: usize = 300_000;

async fn big_over_http2(server: &Fixture) -> Raw {
    let mut client = http2(server).await;
    client.send(get_frame(1, "/big")).await;
    client.read_frame(HEADERS).await.unwrap();
    client
}

fn big() -> Router {
    Router::new().route("/big", get(|| async { vec![7; BIG] }))
}

/// Reads the response, and widens the windows for the rest piece by piece, with pauses longer than any
/// wait for a silent client; gives the number of bytes that it has read.
async fn reads_with_pauses(client: &mut Raw) -> usize {
    let (mut seen, mut room) = (0, 65_535);
    while seen < BIG {
        let Some(data) = client.read_frame(DATA).await else {
            return seen;
        };
        seen += data.len();
        if seen == room {
            sleep(Duration::from_millis(700)).await;
            let more = 150_000_u32;
            room += more as usize;
            for stream in [0_u32, 1] {
                let head = [0, 0, 4, 8, 0];
                let update = [&head[..], &stream.to_be_bytes(), &more.to_be_bytes()];
                client.send(update.concat()).await;
            }
        }
    }
    seen
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_widens_its_window_with_long_pauses_gets_all_of_its_response() {
    let server = Fixture::http(big()).await;
    let mut client = big_over_http2(&server).await;
    let reading = async {
        let seen = reads_with_pauses(&mut client).await;
        drop(client);
        seen
    };
    let (ended, seen) = tokio::join!(server.stop_within(PATIENCE), reading);
    assert_eq!(seen, BIG);
    ended.nothing_cut();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_whose_response_waits_for_room_is_not_idle() {
    let connections = ConnectionOptions {
        idle: Duration::from_millis(300),
        ..ConnectionOptions::default()
    };
    let server = http::Server::new(ANY_PORT, big()).connections(connections);
    let server = Fixture::start(server).await;
    let mut client = big_over_http2(&server).await;
    assert_eq!(reads_with_pauses(&mut client).await, BIG);
    client.read_to_close().await;
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_response_whose_client_widens_no_window_is_cut_at_the_deadline_and_named() {
    let server = Fixture::http(big()).await;
    let mut client = big_over_http2(&server).await;
    let ended = server.stop_within(Duration::from_millis(1500)).await;
    ended.not_before(1400).cut(Cut::Request, 1);
    assert!(ended.ctx.cuts().names_of(Cut::Request)[0].starts_with("GET /big from "));
    client.read_to_close().await;
}

/// The next request comes when the server has closed the connection already, and must not be answered
/// by a reset, which discards the bytes that the client has not read yet.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_asks_again_while_it_reads_its_last_answer_reads_it_to_its_end() {
    // A stall makes the client one that does not read.
    in_one_of_five(asks_while_it_reads).await;
}

async fn asks_while_it_reads() -> Result<(), usize> {
    let server = Fixture::http(big()).await;
    let mut client = Raw::connect(server.address).await;
    client.get("/big").await;
    client.read_head().await;
    let token = server.ctx.scope().token().clone();
    let asks = async {
        token.cancelled().await;
        sleep(Duration::from_millis(200)).await;
        let next = b"GET /big HTTP/1.1\r\nhost: test\r\n\r\n";
        let _closed = client.0.write_all(next).await;
        sleep(Duration::from_millis(100)).await;
        let body = client.read_to_close().await;
        drop(client);
        body.len()
    };
    let (ended, length) = tokio::join!(server.stop_within(PATIENCE), asks);
    if length != BIG {
        return Err(length);
    }
    ended.nothing_cut();
    Ok(())
}
