//! Handshakes that are half done when a stop begins.

use std::net::SocketAddr;
use std::time::Duration;

use kit_transport::{HandOver, Listen, http};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

use super::{Authority, Client, routes, serve};
use crate::client::{PREFACE, SETTINGS};
use crate::fixture::{ANY_PORT, Ended, Fixture, PATIENCE, in_one_of_five, no_task_is_left};

/// Stops the server in the middle of the handshake of this client, which gets the answer `late` after
/// the stop has begun.
async fn stops_in_the_middle<T, F: Future<Output = T>>(
    server: Fixture,
    late: Duration,
    client: impl FnOnce(SocketAddr) -> F,
) -> (Ended, T) {
    let between = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = between.local_addr().unwrap();
    let (server_address, token) = (server.address, server.ctx.scope().token().clone());
    let (said_hello, hello) = tokio::sync::oneshot::channel();
    let held_up = async {
        let (mut near, _) = between.accept().await.unwrap();
        let mut far = TcpStream::connect(server_address).await.unwrap();
        let mut buffer = [0; 4096];
        let length = near.read(&mut buffer).await.unwrap();
        far.write_all(&buffer[..length]).await.unwrap();
        // The server has answered, so it is in the middle of the handshake.
        far.readable().await.unwrap();
        said_hello.send(()).unwrap();
        token.cancelled().await;
        sleep(late).await;
        let _closed_or_reset = tokio::io::copy_bidirectional(&mut near, &mut far).await;
    };
    let stop = async {
        hello.await.unwrap();
        server.stop_within(PATIENCE).await
    };
    let (ended, seen, ()) = tokio::join!(stop, client(address), held_up);
    (ended, seen)
}

#[tokio::test]
async fn a_handshake_that_is_half_done_when_a_stop_begins_goes_on_and_its_request_is_served() {
    // A stall makes the handshake a late one.
    in_one_of_five(handshake_goes_on).await;
}

async fn handshake_goes_on() -> std::io::Result<()> {
    let authority = Authority::new();
    let server = serve(authority.server().tls()).await;
    let client = Client::of(&authority, None, &[]);
    let get = |address| client.get(address);
    let (ended, answer) = stops_in_the_middle(server, Duration::ZERO, get).await;
    assert!(answer?.contains("200 OK"));
    ended.nothing_cut();
    no_task_is_left().await;
    Ok(())
}

/// The waits for one client have a common end.
#[tokio::test]
async fn a_late_handshake_and_half_a_head_after_it_keep_within_the_bound_of_a_hand_over() {
    late_handshake(b"GET / HTTP/1.1\r\nhost", b"").await;
}

#[tokio::test]
async fn a_late_handshake_and_a_late_greeting_after_it_keep_within_the_bound_of_a_hand_over() {
    late_handshake(&PREFACE[..12], &[&PREFACE[12..], SETTINGS].concat()).await;
}

/// The bound is a time, and a stall passes it.
async fn late_handshake(one: &[u8], other: &[u8]) {
    in_one_of_five(async || {
        let ended = stops_in_a_late_handshake(one, other).await;
        if ended.took <= Duration::from_millis(1500) {
            Ok(())
        } else {
            Err(ended.took)
        }
    })
    .await;
}

/// The client sends one part at once after its handshake, and the other 700 ms later.
async fn stops_in_a_late_handshake(one: &[u8], other: &[u8]) -> Ended {
    let authority = Authority::new();
    let listen = Listen::from(ANY_PORT).hand_over(HandOver::ReusePort);
    let tls = authority.server().tls();
    let server = Fixture::start(http::Server::new(listen, routes()).tls(tls)).await;
    let client = Client::of(&authority, None, &[]);
    let client = async |address| {
        let mut stream = client.connect(address).await.unwrap();
        stream.write_all(one).await.unwrap();
        sleep(Duration::from_millis(700)).await;
        let _closed = stream.write_all(other).await;
        let _closed = stream.read_to_end(&mut Vec::new()).await;
    };
    // The bound is 200 ms for connections on their way, 300 ms of a last look, and 900 ms more.
    let late = Duration::from_millis(950);
    let (ended, ()) = stops_in_the_middle(server, late, client).await;
    ended
}
