//! Hostile clients, each beside a good client, whose requests are answered all the while.

use std::cell::Cell;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::{get, post};
use bytes::Bytes;
use kit_transport::{ConnectionOptions, http};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};

use crate::client::{GOAWAY, PREFACE, Raw, SETTINGS, ask, get_frame, http2};
use crate::fixture::{ANY_PORT, Fixture, HOUR, PATIENCE, no_task_is_left};
use crate::timeouts::Gone;

mod many;

const LIMIT: Duration = Duration::from_millis(300);

/// `gone` has a permit for each body of `/endless` that was dropped.
fn router(gone: &Arc<Semaphore>) -> Router {
    let gone = Arc::clone(gone);
    let endless = move || async {
        let kept = Gone(gone);
        Body::from_stream(tokio_stream::iter(std::iter::repeat_with(move || {
            let _kept = &kept;
            Ok::<_, Infallible>(Bytes::from_static(&[0; 16_384]))
        })))
    };
    let panics = || async {
        assert!(std::hint::black_box(false), "on purpose");
    };
    Router::new()
        .route("/hello", get(|| async { "hello" }))
        .route("/echo", post(|body: String| async { body }))
        .route("/endless", get(endless))
        .route("/panic", get(panics))
        .route("/never", get(std::future::pending::<()>))
}

async fn serve(options: ConnectionOptions) -> Fixture {
    serve_and_count(options, &Arc::new(Semaphore::new(0))).await
}

async fn serve_and_count(options: ConnectionOptions, gone: &Arc<Semaphore>) -> Fixture {
    Fixture::start(http::Server::new(ANY_PORT, router(gone)).connections(options)).await
}

/// Options with short values for the limits that these tests reach. The others are out of reach.
fn short() -> ConnectionOptions {
    ConnectionOptions {
        head: LIMIT,
        request_timeout: Some(LIMIT),
        unread: LIMIT,
        first_byte: HOUR,
        idle: HOUR,
        ..ConnectionOptions::default()
    }
}

/// Sends requests over one connection of each protocol while `hostile` goes on, and once more
/// afterwards: each is answered, on the connections that were open before.
async fn beside_a_good_client<T>(address: SocketAddr, hostile: impl Future<Output = T>) -> T {
    let over = Cell::new(false);
    let (mut old, mut new) = (Raw::connect(address).await, http2(address).await);
    let good = async {
        loop {
            let last = over.get();
            old.get("/hello").await;
            let answer = old.read_to("hello").await;
            assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
            let answer = timeout(PATIENCE, ask(&mut new, "/hello")).await;
            assert_eq!(answer.expect("it answers").unwrap().status(), 200);
            if last {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let hostile = async {
        let result = hostile.await;
        over.set(true);
        result
    };
    tokio::join!(hostile, good).0
}

/// Asserts that the hostile client holds up no stop and that no task of its connection is left.
async fn ends_well(server: Fixture) {
    server
        .stop_within(PATIENCE)
        .await
        .before_its_deadline()
        .nothing_cut();
    no_task_is_left().await;
}

/// The limit began to run after `start`.
#[track_caller]
fn not_too_soon(start: Instant) {
    let took = start.elapsed();
    assert!(took >= LIMIT / 2, "{took:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage_is_refused_at_once() {
    let server = serve(ConnectionOptions::default()).await;
    beside_a_good_client(server.address, async {
        let noise: Vec<u8> = (0..4096_u32)
            .map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[0])
            .collect();
        let frames = [PREFACE, SETTINGS, &noise].concat();
        for garbage in [
            &noise[..],
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
            b"\0\0\0\0",
            b"GET / HTTP/9.9\r\n\r\n",
            b"GET / HTTP/1.1\r\n: nameless\r\n\r\n",
            &frames,
        ] {
            let mut client = Raw::connect(server.address).await;
            client.send(garbage).await;
            let answer = client.read_to_close().await;
            let refused = answer.starts_with(b"HTTP/1.1 400")
                || answer.starts_with(b"HTTP/1.0 505")
                || answer.starts_with(b"HTTP/1.1 505")
                || answer.get(3) == Some(&4);
            assert!(
                refused || answer.is_empty(),
                "{}",
                String::from_utf8_lossy(&answer)
            );
        }
    })
    .await;
    ends_well(server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_with_half_a_head_is_closed_at_its_limit() {
    let server = serve(short()).await;
    beside_a_good_client(server.address, async {
        let mut client = Raw::connect(server.address).await;
        let start = Instant::now();
        client.send("GET /hello HTTP/1.1\r\nhost:").await;
        assert_eq!(client.read_to_close().await, b"");
        not_too_soon(start);
    })
    .await;
    ends_well(server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_head_and_a_body_that_drip_have_no_more_time_than_others() {
    let server = serve(short()).await;
    beside_a_good_client(server.address, async {
        let body = "POST /echo HTTP/1.1\r\nhost: test\r\ncontent-length: 1000\r\n\r\n";
        for (begin, end) in [("", ""), (body, "HTTP/1.1 504")] {
            let mut client = Raw::connect(server.address).await;
            let start = Instant::now();
            client.send(begin).await;
            let mut answer = [0; 12];
            let (mut from, mut to) = client.0.split();
            let dripping = async {
                while to.write_all(b"x").await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                std::future::pending::<()>().await;
            };
            tokio::select! {
                read = from.read_exact(&mut answer) => assert_eq!(read.is_ok(), !end.is_empty()),
                () = dripping => {}
                () = tokio::time::sleep(PATIENCE) => panic!("it answers"),
            }
            not_too_soon(start);
            assert!(answer.starts_with(end.as_bytes()));
        }
    })
    .await;
    ends_well(server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_headers_are_refused() {
    let server = serve(ConnectionOptions::default()).await;
    beside_a_good_client(server.address, async {
        let mut client = Raw::connect(server.address).await;
        let headers = "x: y\r\n".repeat(10_000);
        let head = format!("GET /hello HTTP/1.1\r\nhost: test\r\n{headers}\r\n");
        // The server may refuse the head before the client has sent all of it.
        let _ = client.0.write_all(head.as_bytes()).await;
        let answer = client.read_to_close().await;
        assert!(answer.starts_with(b"HTTP/1.1 431"));

        let mut client = http2(server.address).await;
        let mut request = ::http::Request::get("http://test/hello");
        for _ in 0..10_000 {
            request = request.header("x", "y");
        }
        let request = request.body(http_body_util::Empty::new()).unwrap();
        client.ready().await.unwrap();
        match client.send_request(request).await {
            Ok(answer) => assert_eq!(answer.status(), 431),
            Err(error) => assert!(!error.is_timeout(), "{error:?}"),
        }
    })
    .await;
    ends_well(server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_of_a_gibibyte_is_refused_before_it_arrives() {
    let server = serve(ConnectionOptions::default()).await;
    beside_a_good_client(server.address, async {
        let mut client = Raw::connect(server.address).await;
        let length = 1 << 30;
        client
            .send(format!(
                "POST /echo HTTP/1.1\r\nhost: test\r\ncontent-length: {length}\r\n\r\n"
            ))
            .await;
        let part = vec![0; 1 << 16];
        let (mut from, mut to) = client.0.split();
        let (mut answer, mut sent) = (Vec::new(), 0);
        let sending = async {
            while to.write_all(&part).await.is_ok() {
                sent += part.len();
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            read = from.read_to_end(&mut answer) => read.expect("closed, not reset"),
            () = sending => 0,
            () = tokio::time::sleep(PATIENCE) => panic!("it answers"),
        };
        assert!(answer.starts_with(b"HTTP/1.1 413"));
        assert!(sent < length / 10, "{sent}");
    })
    .await;
    ends_well(server).await;
}

async fn rapid_resets(count: u32) {
    let server = serve(ConnectionOptions::default()).await;
    beside_a_good_client(server.address, async {
        let mut client = Raw::connect(server.address).await;
        client.send([PREFACE, SETTINGS].concat()).await;
        let (mut from, mut to) = client.0.split();
        let resetting = async {
            for stream in (1..).step_by(2).take(count.try_into().unwrap()) {
                let open = get_frame(stream, "/never");
                let cancel = [&[0, 0, 4, 3, 0][..], &stream.to_be_bytes(), &[0, 0, 0, 8]];
                if to
                    .write_all(&[&open[..], &cancel.concat()].concat())
                    .await
                    .is_err()
                {
                    break;
                }
            }
            std::future::pending::<()>().await;
        };
        let mut answer = Vec::new();
        tokio::select! {
            _closed_or_reset = from.read_to_end(&mut answer) => {}
            () = resetting => {}
            () = tokio::time::sleep(PATIENCE) => panic!("it closes"),
        }
        // A reset of the connection may have discarded the GOAWAY.
        const ENHANCE_YOUR_CALM: u32 = 11;
        assert!(goaway(&answer).is_none_or(|code| code == ENHANCE_YOUR_CALM));
    })
    .await;
    ends_well(server).await;
}

/// The error code of the last GOAWAY among these frames.
fn goaway(mut bytes: &[u8]) -> Option<u32> {
    let mut code = None;
    while let Some((head, rest)) = bytes.split_at_checked(9) {
        let length = usize::from(head[1]) << 8 | usize::from(head[2]);
        let (payload, rest) = rest.split_at_checked(length)?;
        if head[3] == GOAWAY {
            code = Some(u32::from_be_bytes(payload[4..8].try_into().unwrap()));
        }
        bytes = rest;
    }
    code
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rapid_resets_close_their_connection() {
    rapid_resets(10_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes some seconds"]
async fn a_hundred_thousand_rapid_resets_close_their_connection() {
    rapid_resets(100_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_whose_client_reads_nothing_is_closed() {
    let gone = Arc::new(Semaphore::new(0));
    let server = serve_and_count(short(), &gone).await;
    beside_a_good_client(server.address, async {
        for request in [
            b"GET /endless HTTP/1.1\r\nhost: test\r\n\r\n".to_vec(),
            // The windows are as large as they can be, so that it is the socket's buffer that fills up.
            [
                PREFACE,
                &[0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 4, 0x7f, 0xff, 0xff, 0xff],
                &[0, 0, 4, 8, 0, 0, 0, 0, 0, 0x7f, 0, 0, 0],
                &get_frame(1, "/endless"),
            ]
            .concat(),
        ] {
            let mut client = Raw::connect(server.address).await;
            let start = Instant::now();
            client.send(request).await;
            // The client cannot see the end, which waits behind the bytes that it does not read.
            let closed = timeout(PATIENCE, gone.acquire()).await;
            closed.expect("the body is dropped").unwrap().forget();
            not_too_soon(start);
        }
    })
    .await;
    ends_well(server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_that_panics_and_one_that_never_returns_are_answered() {
    let server = serve(short()).await;
    beside_a_good_client(server.address, async {
        for _ in 0..10 {
            let mut client = Raw::connect(server.address).await;
            client.get("/panic").await;
            assert!(client.read_head().await.starts_with("HTTP/1.1 500"));
        }
        let start = Instant::now();
        let mut waiting = Vec::new();
        for _ in 0..10 {
            let mut client = Raw::connect(server.address).await;
            client.get("/never").await;
            waiting.push(client);
        }
        for mut client in waiting {
            assert!(client.read_head().await.starts_with("HTTP/1.1 504"));
        }
        not_too_soon(start);
    })
    .await;
    ends_well(server).await;
}

/// The stream has no window, and its connection is otherwise alive: no bytes wait in a socket's buffer.
#[tokio::test]
async fn a_connection_whose_client_opens_no_window_for_a_response_is_closed() {
    const NO_WINDOW: [u8; 15] = [0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0];
    let options = ConnectionOptions {
        unread: LIMIT,
        ..ConnectionOptions::default()
    };
    let server = serve(options).await;
    let mut hostile = Raw::connect(server.address).await;
    let opening = [PREFACE, &NO_WINDOW, &get_frame(1, "/endless")].concat();
    beside_a_good_client(server.address, async {
        hostile.send(opening).await;
        hostile.read_to_close().await;
    })
    .await;
    ends_well(server).await;
}
