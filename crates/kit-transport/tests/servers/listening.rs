//! Where a server listens, and how a successor takes over.

use std::future::pending;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use kit_sync::TaskTree;
use kit_transport::{
    Address, ConnectionOptions, Context, HandOver, Inherited, InheritedListeners, Lifecycle,
    Listen, Listening, Peer, Phase, Server, StartError, grpc, http,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::client::Raw;
use crate::fixture::{ANY_PORT, Fixture, PATIENCE, no_task_is_left};

fn routes(answer: &'static str) -> Router {
    Router::new().route("/", get(async move || answer))
}

fn any_port() -> std::net::TcpListener {
    std::net::TcpListener::bind("127.0.0.1:0").expect("a port")
}

async fn ask(client: &mut Raw, expected: &str) -> String {
    client.get("/").await;
    client.read_to(expected).await
}

async fn ask_unix(path: &Path) -> String {
    let mut client = UnixStream::connect(path).await.expect("it accepts");
    let request = b"GET / HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n";
    client.write_all(request).await.expect("it reads");
    let mut answer = String::new();
    client
        .read_to_string(&mut answer)
        .await
        .expect("it answers");
    answer
}

async fn start(listen: Listen) -> Result<(), kit_sync::BoxError> {
    let tree = TaskTree::new("test");
    let (_life, seen) = watch::channel(Lifecycle::new());
    let ctx = Context::new(tree.scope().child("http"), seen);
    http::Server::new(listen, Router::new())
        .start(&ctx)
        .await
        .map(drop)
}

#[tokio::test]
async fn a_unix_socket_is_served_with_its_mode_and_its_file_goes_with_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kit.sock");
    let router = Router::new().route("/", get(async |peer: Peer| peer.local.to_string()));
    let server = Fixture::start(http::Server::new(Listen::unix(&path).mode(0o600), router)).await;
    assert_eq!(server.listening, Address::Unix(path.clone()));
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let answer = ask_unix(&path).await;
    assert!(
        answer.ends_with(&format!("unix:{}", path.display())),
        "{answer}"
    );
    server
        .stop_within(PATIENCE)
        .await
        .nothing_cut()
        .before_its_deadline();
    assert!(!path.exists());
    no_task_is_left().await;
}

#[tokio::test]
async fn a_client_of_ipv4_has_its_address_at_a_listener_for_both_families() {
    let router = Router::new().route(
        "/",
        get(async |peer: Peer| format!("{} to {}", peer.remote, peer.local)),
    );
    let server = Fixture::start(http::Server::new(":0", router)).await;
    let port = server.address.port();
    let mut client = Raw::connect(([127, 0, 0, 1], port).into()).await;
    let answer = ask(&mut client, &format!(" to 127.0.0.1:{port}")).await;
    assert!(answer.contains("\r\n127.0.0.1:"), "{answer}");
    drop(client);
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn a_socket_file_without_a_listener_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kit.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let server = http::Server::new(Listen::unix(&path), routes("new"));
    let server = Fixture::start(server).await;
    assert!(ask_unix(&path).await.ends_with("new"));
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn a_path_that_is_taken_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (socket, file) = (folder.path().join("kit.sock"), folder.path().join("file"));
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    std::fs::write(&file, "precious").unwrap();
    for (path, why) in [
        (&socket, "address in use"),
        (&file, "there is a file at this path that is no socket"),
    ] {
        let error = start(Listen::unix(path)).await.unwrap_err();
        let expected = format!("could not listen on unix:{}: {why}", path.display());
        let shown = kit_sync::error_chain(&*error);
        assert!(shown.starts_with(&expected), "{shown}");
    }
    assert!(socket.exists());
    assert_eq!(std::fs::read_to_string(file).unwrap(), "precious");
}

#[tokio::test]
async fn the_file_of_a_successor_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kit.sock");
    let old = Fixture::start(http::Server::new(Listen::unix(&path), routes("old"))).await;
    std::fs::remove_file(&path).unwrap();
    let new = Fixture::start(http::Server::new(Listen::unix(&path), routes("new"))).await;
    old.stop_within(PATIENCE).await.nothing_cut();
    assert!(ask_unix(&path).await.ends_with("new"));
    new.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn an_existing_listener_is_served_and_closed_with_the_server() {
    let listener = any_port();
    let address = listener.local_addr().unwrap();
    let server = http::Server::new(Listen::existing(listener), routes("hello"));
    let server = Fixture::start(server).await;
    assert_eq!(server.address, address);
    ask(&mut Raw::connect(address).await, "hello").await;
    server.stop_within(PATIENCE).await.nothing_cut();
    let refused = tokio::net::TcpStream::connect(address).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn a_listener_is_for_one_start() {
    let listen = Listen::existing(any_port());
    start(listen.clone()).await.unwrap();
    let error = start(listen).await.unwrap_err();
    assert!(matches!(
        error.downcast_ref(),
        Some(StartError::ListenerTaken)
    ));
}

#[tokio::test]
async fn inherited_listeners_are_found_by_their_number_once() {
    let (first, third) = (any_port(), any_port());
    let address = third.local_addr().unwrap();
    let given = [Some(Inherited::from(first)), None, Some(third.into())];
    let given: InheritedListeners = given.into_iter().collect();
    let tree = TaskTree::new("test");
    let (_life, seen) = watch::channel(Lifecycle::new());
    let ctx = Context::new(tree.scope().child("http"), seen).with_inherited(given);
    let server = http::Server::new(Listen::inherited(2), routes("hello"));
    server.start(&ctx).await.unwrap();
    ask(&mut Raw::connect(address).await, "hello").await;
    for (missing, because) in [
        (1, "the descriptor at its place is no listener"),
        (2, "another server has taken it"),
        (3, "the process was given 0, 1, 2"),
    ] {
        let server = http::Server::new(Listen::inherited(missing), Router::new());
        let error = server.start(&ctx).await.unwrap_err();
        let Some(StartError::NotInherited { listener, why }) = error.downcast_ref() else {
            panic!("{error}")
        };
        assert_eq!(
            (listener.as_str(), why.as_str()),
            (&*missing.to_string(), because)
        );
    }
    tree.close(tokio::time::Instant::now() + PATIENCE).await;
}

#[tokio::test]
async fn inherited_listeners_are_found_by_their_name_once() {
    let (http, admin) = (any_port(), any_port());
    let address = admin.local_addr().unwrap();
    let given = [("http", http), ("admin", admin)];
    let given = given.map(|(name, listener)| (name.to_owned(), Some(Inherited::from(listener))));
    let given: InheritedListeners = given.into_iter().collect();
    let tree = TaskTree::new("test");
    let (_life, seen) = watch::channel(Lifecycle::new());
    let ctx = Context::new(tree.scope().child("http"), seen).with_inherited(given);
    let server = http::Server::new("inherited:admin", routes("hello"));
    server.start(&ctx).await.unwrap();
    ask(&mut Raw::connect(address).await, "hello").await;
    for (missing, because) in [
        ("admin", "another server has taken it"),
        ("1", "another server has taken it"),
        ("grpc", "the process was given 0 (`http`), 1 (`admin`)"),
    ] {
        let listen: Listen = format!("inherited:{missing}").parse().unwrap();
        let server = http::Server::new(listen, Router::new());
        let error = server.start(&ctx).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("could not listen on inherited listener `{missing}`: {because}")
        );
    }
    tree.close(tokio::time::Instant::now() + PATIENCE).await;
}

/// Starts both servers of a hand-over, and stops the old one while clients come and go.
async fn hand_over(old: Listen, new: impl FnOnce(std::net::SocketAddr) -> Listen) {
    let old = Fixture::start(http::Server::new(old, routes("hello"))).await;
    let address = old.address;
    let new = Fixture::start(http::Server::new(new(address), routes("hello"))).await;
    let mut kept = Vec::new();
    for _ in 0..20 {
        let mut client = Raw::connect(address).await;
        ask(&mut client, "hello").await;
        kept.push(client);
    }
    let (stop, mut stopped) = watch::channel(());
    let clients = (0..8).map(|_| {
        let mut stopped = stop.subscribe();
        async move {
            let mut served = 0;
            while !stopped.has_changed().unwrap_or(true) {
                ask(&mut Raw::connect(address).await, "hello").await;
                served += 1;
            }
            drop(stopped.borrow_and_update());
            served
        }
    });
    let mut load = tokio::task::JoinSet::new();
    for client in clients {
        load.spawn(client);
    }
    // The requests are sent, and the old server may not have read them yet.
    for client in &mut kept {
        client.get("/").await;
    }
    old.stop_within(PATIENCE).await.nothing_cut();
    for client in &mut kept {
        client.read_to("hello").await;
    }
    stop.send(()).unwrap();
    drop(stopped.borrow_and_update());
    for served in load.join_all().await {
        assert!(served > 0);
    }
    ask(&mut Raw::connect(address).await, "hello").await;
    new.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_successor_with_the_same_listener_gets_the_connections_in_the_queue() {
    let (mine, theirs) = {
        let listener = any_port();
        (listener.try_clone().unwrap(), listener)
    };
    let shared = |listener| Listen::existing(listener).hand_over(HandOver::SharedListener);
    hand_over(shared(mine), |_| shared(theirs)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_successor_on_the_same_port_gets_new_connections_before_the_old_server_closes() {
    let reuse = |listen: Listen| listen.hand_over(HandOver::ReusePort);
    hand_over(reuse(ANY_PORT.into()), |address| reuse(address.into())).await;
}

#[tokio::test]
async fn a_connection_over_the_limit_waits_for_a_place() {
    let options = ConnectionOptions {
        max_connections: 1,
        ..ConnectionOptions::default()
    };
    let server = http::Server::new(ANY_PORT, routes("hello")).connections(options);
    let server = Fixture::start(server).await;
    let mut first = Raw::connect(server.address).await;
    ask(&mut first, "hello").await;
    let mut second = Raw::connect(server.address).await;
    second.get("/").await;
    drop(first);
    second.read_to("hello").await;
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn a_connection_that_waits_too_long_for_a_place_is_closed() {
    let options = ConnectionOptions {
        max_connections: 1,
        ..ConnectionOptions::default()
    };
    let router = Router::new().route("/", get(async || pending::<()>().await));
    let server = http::Server::new(ANY_PORT, router).connections(options);
    let server = Fixture::start(server).await;
    let mut first = Raw::connect(server.address).await;
    first.get("/").await;
    let mut second = Raw::connect(server.address).await;
    assert!(second.read_to_close().await.is_empty());
    drop(first);
    // The server serves again once there is a place.
    let mut third = Raw::connect(server.address).await;
    third.send("GET /none HTTP/1.1\r\nhost: test\r\n\r\n").await;
    third.read_head().await;
    let limit = Duration::from_millis(100);
    timeout(PATIENCE, server.stop_within(limit)).await.unwrap();
}

#[tokio::test]
async fn a_keep_alive_that_the_system_does_not_take_is_refused() {
    for every in [Duration::ZERO, Duration::from_millis(500), Duration::MAX] {
        let listen = Listen::from(ANY_PORT).keep_alive(every);
        let error = start(listen).await.unwrap_err().to_string();
        assert!(
            error.starts_with("option `listen.keep_alive` is "),
            "{error}"
        );
        let right = "it has to be from 1s to 9h 6m 7s, or \"off\"";
        assert!(error.ends_with(right), "{error}");
    }
    for every in [1, 32_767].map(Duration::from_secs) {
        let listen = Listen::from(ANY_PORT).keep_alive(every);
        let server = Fixture::start(http::Server::new(listen, routes("hello"))).await;
        ask(&mut Raw::connect(server.address).await, "hello").await;
        server.stop_within(PATIENCE).await.nothing_cut();
    }
}

#[tokio::test]
async fn reuse_port_is_refused_for_a_path() {
    let folder = tempfile::tempdir().unwrap();
    let listen = Listen::unix(folder.path().join("kit.sock")).hand_over(HandOver::ReusePort);
    let error = start(listen).await.unwrap_err();
    let shown = kit_sync::error_chain(&*error);
    assert!(shown.contains("as a path cannot be bound twice"), "{shown}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_servers_that_start_at_a_left_over_socket_file_one_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for n in 0..50 {
        let path = folder.path().join(n.to_string());
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        let tree = TaskTree::new("test");
        let (_life, seen) = watch::channel(Lifecycle::new());
        let mut starts = tokio::task::JoinSet::new();
        for name in ["a", "b"] {
            let ctx = Context::new(tree.scope().child(name), seen.clone());
            let server = http::Server::new(Listen::unix(&path), Router::new());
            starts.spawn(async move { server.start(&ctx).await.is_ok() });
        }
        let started = starts.join_all().await;
        assert_eq!(started.iter().filter(|started| **started).count(), 1);
        tree.close(tokio::time::Instant::now() + PATIENCE).await;
    }
}

/// On one thread a server that waits with the folder locked would never go on, once another one wants the lock.
#[tokio::test]
async fn a_server_whose_socket_is_taken_does_not_hold_up_another_in_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let (taken, free) = (folder.path().join("taken"), folder.path().join("free"));
    let _listener = std::os::unix::net::UnixListener::bind(&taken).unwrap();
    let (refused, started) = tokio::join!(start(Listen::unix(&taken)), start(Listen::unix(&free)));
    let shown = kit_sync::error_chain(&*refused.unwrap_err());
    assert!(shown.ends_with("address in use"), "{shown}");
    started.unwrap();
}

#[tokio::test]
async fn a_folder_that_another_program_has_locked_holds_up_no_start_for_long() {
    let folder = tempfile::tempdir().unwrap();
    let other = std::fs::File::open(folder.path()).unwrap();
    other.lock().unwrap();
    let started = timeout(
        PATIENCE,
        start(Listen::unix(folder.path().join("kit.sock"))),
    );
    started
        .await
        .expect("it does not wait for the lock")
        .unwrap();
}

#[tokio::test]
async fn a_socket_that_does_not_listen_is_no_listener() {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    let address: std::net::SocketAddr = ([127, 0, 0, 1], 0).into();
    socket.bind(&address.into()).unwrap();
    let bound = std::net::TcpListener::from(socket);
    let error = start(Listen::existing(bound)).await.unwrap_err();
    let shown = kit_sync::error_chain(&*error);
    assert!(shown.contains("`listen` was not called on it"), "{shown}");
}

/// Asserts that a server for this text listens at `ip`, and is reached at each of these hosts.
async fn expect_reached(text: &'static str, ip: &str, hosts: &[&str]) {
    let server = Fixture::start(http::Server::new(text, routes("hello"))).await;
    assert_eq!(server.address.ip().to_string(), ip);
    for host in hosts {
        let address = std::net::SocketAddr::new(host.parse().unwrap(), server.address.port());
        ask(&mut Raw::connect(address).await, "hello").await;
    }
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn a_text_decides_which_address_families_are_listened_at() {
    expect_reached(":0", "::", &["127.0.0.1", "::1"]).await;
    expect_reached("[::]:0", "::", &["127.0.0.1", "::1"]).await;
    expect_reached("0.0.0.0:0", "0.0.0.0", &["127.0.0.1"]).await;
    expect_reached("localhost:0", "127.0.0.1", &["127.0.0.1"]).await;
    expect_reached("[::1]:0", "::1", &["::1"]).await;
}

#[tokio::test]
async fn a_text_can_be_a_unix_socket() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kit.sock");
    let listen: Listen = format!("unix://{}", path.display()).parse().unwrap();
    let server = Fixture::start(http::Server::new(listen, routes("hello"))).await;
    assert!(ask_unix(&path).await.ends_with("hello"));
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn a_text_that_is_no_address_fails_the_start_of_either_server() {
    let tree = TaskTree::new("test");
    let (_life, seen) = watch::channel(Lifecycle::new());
    let ctx = Context::new(tree.scope().clone(), seen);
    let http = http::Server::new("greeter:80", Router::new());
    let grpc = grpc::Server::new("greeter:80");
    let servers: [&dyn Server; 2] = [&http, &grpc];
    for server in servers {
        let error = server.start(&ctx).await.unwrap_err();
        assert!(matches!(error.downcast_ref(), Some(StartError::Address(_))));
        let shown = kit_sync::error_chain(&*error);
        for part in ["could not listen", "`greeter:80`", "write the address of"] {
            assert!(shown.contains(part), "no {part}: {shown}");
        }
    }
}

#[tokio::test]
async fn a_listening_is_only_ipv6_where_its_socket_takes_no_ipv4() {
    for only_v6 in [false, true] {
        let kind = socket2::Type::STREAM;
        let socket = socket2::Socket::new(socket2::Domain::IPV6, kind, None).unwrap();
        socket.set_only_v6(only_v6).unwrap();
        let address: std::net::SocketAddr = ([0; 8], 0).into();
        socket.bind(&address.into()).unwrap();
        socket.listen(1).unwrap();
        let listen = Listen::existing(std::net::TcpListener::from(socket));
        let server = Fixture::start(http::Server::new(listen, routes("hello"))).await;
        assert_eq!(server.all[0].is_only_ipv6(), only_v6);
        server.stop_within(PATIENCE).await.nothing_cut();
    }
}

#[tokio::test]
async fn every_listening_of_a_private_server_is_private() {
    let folder = tempfile::tempdir().unwrap();
    let unix = Listen::unix(folder.path().join("kit.sock"));
    for listen in [ANY_PORT.into(), Listen::existing(any_port()), unix] {
        let server = http::Server::new(listen, routes("hello")).grpc(grpc::Services::new());
        let server = Fixture::start(server.private()).await;
        let private: Vec<_> = server.all.iter().map(Listening::is_private).collect();
        assert_eq!(private, [true, true]);
        server.stop_within(PATIENCE).await.nothing_cut();
    }
    let server = Fixture::start(grpc::Server::new(ANY_PORT).private()).await;
    assert!(server.all[0].is_private());
    server.stop_within(PATIENCE).await.nothing_cut();
    let server = Fixture::http(routes("hello")).await;
    assert!(!server.all[0].is_private());
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn a_server_has_the_name_and_the_phase_that_it_was_given() {
    let http = http::Server::new(ANY_PORT, Router::new());
    let grpc = grpc::Server::new(ANY_PORT);
    let name_and_phase = |server: &dyn Server| (server.name().to_owned(), server.phase());
    assert_eq!(name_and_phase(&http), ("http".to_owned(), Phase::SERVERS));
    assert_eq!(name_and_phase(&grpc), ("grpc".to_owned(), Phase::SERVERS));
    let early = Phase::new(50);
    let expected = ("admin".to_owned(), early);
    assert_eq!(name_and_phase(&http.name("admin").phase(early)), expected);
    assert_eq!(name_and_phase(&grpc.name("admin").phase(early)), expected);
}
