use std::future::pending;
use std::io;
use std::path::Path;
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::connect::{Connection, answer};
use super::{Client, Exchange, Load, Target};
use crate::certificates::Trust;

const CLIENTS: usize = 2;
const PATIENCE: Duration = Duration::from_millis(10);
const FAR_TOO_LONG: Duration = Duration::from_secs(30);

/// What a server has received of each client when the load is stopped. The server answers nothing.
#[derive(Clone, Copy)]
enum Received {
    Bytes,
    Head,
    Streams(usize),
}

impl Received {
    /// Reads this much from a connection, and keeps the connection open.
    async fn read(self, mut stream: TcpStream) -> Box<dyn Send> {
        let mut bytes = Vec::new();
        match self {
            Received::Bytes => assert!(stream.read_buf(&mut bytes).await.unwrap() > 0),
            Received::Head => {
                while !bytes.ends_with(b"\r\n\r\n") {
                    assert!(stream.read_buf(&mut bytes).await.unwrap() > 0);
                }
            }
            Received::Streams(number) => {
                let mut connection = h2::server::handshake(stream).await.unwrap();
                let mut streams = Vec::new();
                while streams.len() < number {
                    streams.push(connection.accept().await.unwrap().unwrap());
                }
                return Box::new((connection, streams));
            }
        }
        Box::new(stream)
    }
}

/// Stops a load once the server has received this of each client.
async fn stop(client: Client, trust: Option<Trust>, received: Received) -> io::Error {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = Target {
        address: listener.local_addr().unwrap(),
        trust,
        exchange: Exchange::Small,
    };
    let load = Load::start(client, &target, CLIENTS, Path::new(""));
    let mut connections = JoinSet::new();
    for _ in 0..CLIENTS {
        let (stream, _) = listener.accept().await.unwrap();
        connections.spawn(received.read(stream));
    }
    let _open = timeout(FAR_TOO_LONG, connections.join_all()).await.unwrap();
    load.stop(PATIENCE).await.unwrap_err()
}

#[tokio::test]
async fn a_stop_names_the_clients_without_answers_and_their_step() {
    let streams = Received::Streams(4);
    for (client, received, step) in [
        (Client::Fresh, Received::Head, "response 2"),
        (Client::Busy, Received::Head, "response 2"),
        (Client::Http2, streams, "response 8"),
        (Client::Tonic, streams, "response 8"),
    ] {
        let error = stop(client, None, received).await;
        let right = format!(
            "{client:?} clients did not stop within 10ms: 2 of 2 run, their requests by step: {step}"
        );
        assert_eq!(error.to_string(), right);
    }
}

#[tokio::test]
async fn a_channel_whose_calls_have_no_answers_gets_one_more() {
    let error = stop(Client::Tonic, None, Received::Streams(5)).await;
    assert!(error.to_string().contains("response"), "{error}");
}

#[tokio::test]
async fn a_stop_names_a_handshake_that_does_not_end() {
    let folder = tempfile::tempdir().unwrap();
    let trust = Trust::new(folder.path()).unwrap();
    let error = stop(Client::Busy, Some(trust), Received::Bytes).await;
    assert!(error.to_string().ends_with("TLS handshake 2"), "{error}");
}

#[tokio::test]
async fn answers_that_do_not_come_name_the_step() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = Target {
        address: listener.local_addr().unwrap(),
        trust: None,
        exchange: Exchange::Small,
    };
    let load = Load::start(Client::Busy, &target, 1, Path::new(""));
    let (stream, _) = listener.accept().await.unwrap();
    let _open = Received::Head.read(stream).await;
    let error = load.answered(7, PATIENCE).await.unwrap_err();
    let right = "Busy clients gave fewer than 7 answers within 10ms: 1 of 1 run, their requests by \
                 step: response 1";
    assert_eq!(error.to_string(), right);
}

/// A request in hyper's channel holds the means to answer it, as the value here does. A permit puts
/// the value into the channel after its receiver was dropped, which hyper's senders do by a race.
#[tokio::test]
async fn a_request_that_its_connection_has_lost_fails_when_the_connection_ends() {
    let (sender, receiver) = mpsc::channel(1);
    let permit = sender.clone().reserve_owned().await.unwrap();
    drop(receiver);
    let (respond, response) = oneshot::channel::<()>();
    drop(permit.send(respond));
    let mut kept = Some(Connection::spawn(sender, async { Ok(()) }));
    let lost = timeout(FAR_TOO_LONG, answer(&mut kept, response)).await;
    assert!(lost.expect("the request fails").is_err());
    assert!(kept.is_none());
}

#[tokio::test]
async fn a_connection_is_kept_while_it_answers() {
    let mut kept = Some(Connection::spawn((), pending()));
    assert_eq!(answer(&mut kept, async { 7 }).await, 7);
    assert!(kept.is_some());
}
