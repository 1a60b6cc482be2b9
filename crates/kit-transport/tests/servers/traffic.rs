//! What a server has accepted, served and refused, as the application reads it.

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use kit_sync::TaskTree;
use kit_transport::{Context, Lifecycle, Traffic};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::timeout;

use crate::fixture::{Fixture, PATIENCE};

/// The counts in the order of the fields.
pub(crate) fn counts(traffic: Option<Traffic>) -> (usize, u64, usize, u64, u64) {
    let traffic = traffic.expect("it listens");
    (
        traffic.open_connections,
        traffic.connections,
        traffic.requests_in_flight,
        traffic.requests,
        traffic.refused_handshakes,
    )
}

#[tokio::test]
async fn the_traffic_of_a_server_is_read_while_it_runs_and_after_its_end() {
    let (entered, mut inside) = mpsc::channel(1);
    let held = Arc::new(Notify::new());
    let hold = Arc::clone(&held);
    let handler = move || {
        let (entered, hold) = (entered.clone(), Arc::clone(&hold));
        async move {
            entered.send(()).await.unwrap();
            hold.notified().await;
            "!"
        }
    };
    let server = Fixture::http(Router::new().route("/", get(handler))).await;
    let meter = server.ctx.meter().clone();
    assert_eq!(counts(meter.traffic()), (0, 0, 0, 0, 0));
    let mut clients = Vec::new();
    for open in 1..=2 {
        let mut client = TcpStream::connect(server.address).await.unwrap();
        let request = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";
        client.write_all(request).await.unwrap();
        inside.recv().await.unwrap();
        let all = u64::try_from(open).unwrap();
        assert_eq!(counts(meter.traffic()), (open, all, open, 0, 0));
        clients.push(client);
    }
    // A permit for one, and then for the other.
    for client in &mut clients {
        held.notify_one();
        held.notify_one();
        let mut answer = Vec::new();
        while !answer.ends_with(b"!") {
            let byte = timeout(PATIENCE, client.read_u8()).await;
            answer.push(byte.expect("it answers").unwrap());
        }
    }
    assert_eq!(counts(meter.traffic()).2, 0);
    server.stop_within(PATIENCE).await.nothing_cut();
    assert_eq!(counts(meter.traffic()), (0, 2, 0, 2, 0));
}

#[tokio::test]
async fn a_component_that_is_no_server_has_no_traffic() {
    let tree = TaskTree::new("test");
    let (_life, seen) = watch::channel(Lifecycle::new());
    let ctx = Context::new(tree.scope().child("worker"), seen);
    assert_eq!(ctx.meter().traffic(), None);
}
