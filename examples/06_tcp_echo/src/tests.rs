//! The server inside a test: what a registry shows, and when it is ready.

use std::net::SocketAddr;

use kit::registry::{Discovery as _, Endpoint};
use kit::testing::TestApp;
use kit_test_support::soon;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::service;

/// An address that a `TestApp` replaces by a free one.
const ADDRESS: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 7000);

async fn start(is_hidden: bool, room: usize) -> TestApp {
    TestApp::start(service(ADDRESS, is_hidden, room).admin(ADDRESS)).await
}

async fn connect(app: &TestApp) -> TcpStream {
    let mut client = TcpStream::connect(app.address("echo"))
        .await
        .expect("it listens");
    client.write_all(b"hello\n").await.expect("it reads");
    let mut answer = [0; 6];
    client.read_exact(&mut answer).await.expect("it answers");
    assert_eq!(&answer, b"hello\n");
    client
}

/// What a client of the registry finds.
async fn endpoints(app: &TestApp) -> Vec<String> {
    let service = "tcp_echo".parse().expect("a name");
    let found = app
        .registry()
        .instances(&service)
        .await
        .expect("it answers");
    let endpoints = found.instances[0].endpoints().iter();
    endpoints.map(Endpoint::to_string).collect()
}

#[tokio::test]
async fn a_public_server_is_found_and_a_hidden_one_is_not() {
    let public = start(false, 1).await;
    let expected = format!("echo://{}", public.address("echo"));
    assert_eq!(endpoints(&public).await, [expected]);
    drop(connect(&public).await);
    public.stop().await;

    let hidden = start(true, 1).await;
    assert!(endpoints(&hidden).await.is_empty());
    drop(connect(&hidden).await);
    hidden.stop().await;
}

#[tokio::test]
async fn a_server_without_room_is_not_ready_until_a_client_goes() {
    let app = start(false, 1).await;
    let admin = app.admin();
    let is_ready = async || admin.get("/readyz").await.status() == 200;
    assert!(is_ready().await);
    let client = connect(&app).await;
    soon("it has no room", async || !is_ready().await).await;
    let why = admin.get("/readyz?verbose").await;
    let why = String::from_utf8_lossy(why.body());
    assert!(why.contains("no room for another connection"), "{why}");
    drop(client);
    soon("it has room again", is_ready).await;
    app.stop().await;
}
