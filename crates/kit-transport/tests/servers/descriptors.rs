//! Servers of one process share its file descriptors.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use axum::{Router, routing::get};
use kit_transport::{ConnectionOptions, http};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use crate::client::Raw;
use crate::fixture::{ANY_PORT, Fixture, PATIENCE};

/// A variable of the environment, which is set when a test has started the program below.
const ROLE: &str = "KIT_TRANSPORT_DESCRIPTORS";

const FILES: usize = 256;
/// Nine tenths of the files, rounded down.
const BUDGET: usize = 225;
const RESERVE: usize = 16;

/// A process with three servers that may open few files.
struct Process {
    child: Child,
    /// Open until the process ends, so that it can write.
    _output: Lines<BufReader<ChildStdout>>,
    servers: [SocketAddr; 3],
}

impl Process {
    async fn start() -> Process {
        let program = format!(
            r#"ulimit -n {FILES}; exec "$0" --ignored --exact descriptors::program --nocapture"#
        );
        let mut child = Command::new("sh")
            .args(["-c", &program])
            .arg(std::env::current_exe().unwrap())
            .env(ROLE, "serve")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut servers = Vec::new();
        while servers.len() < 3 {
            let line = timeout(PATIENCE, lines.next_line()).await.unwrap();
            let line = line.unwrap().expect("it says where it listens");
            // The test harness writes its own text in front of the first one.
            if let Some((_, address)) = line.split_once("listening at ") {
                servers.push(address.parse().unwrap());
            }
        }
        let servers = servers.try_into().unwrap();
        Process {
            child,
            _output: lines,
            servers,
        }
    }

    /// The number of files that the process has open.
    fn open_files(&self) -> usize {
        let pid = self.child.id().unwrap();
        std::fs::read_dir(format!("/proc/{pid}/fd"))
            .unwrap()
            .count()
    }

    async fn end(mut self) {
        drop(self.child.stdin.take());
        let ended = timeout(PATIENCE, self.child.wait()).await;
        assert!(ended.expect("it ends").unwrap().success());
    }
}

/// A connection that has had an answer; `None` when the server closed it without one.
async fn served(server: SocketAddr) -> Option<Raw> {
    let mut client = Raw::connect(server).await;
    client.get("/").await;
    // A reset is an end as well: the request was not read.
    let first = timeout(PATIENCE, client.0.read_u8()).await;
    let first = first.unwrap_or_else(|_| panic!("{server} neither answers nor closes"));
    first.ok()?;
    client.read_to("hello").await;
    Some(client)
}

/// Opens connections until the server closes one, and keeps them.
async fn flood(server: SocketAddr) -> Vec<Raw> {
    let mut open = Vec::new();
    while open.len() < 2 * FILES {
        match served(server).await {
            Some(client) => open.push(client),
            None => return open,
        }
    }
    panic!("more connections than the process may open files");
}

#[tokio::test]
async fn a_flooded_server_leaves_the_others_room_and_they_share_what_it_gives_back() {
    let process = Process::start().await;
    let [first, second, third] = process.servers;
    let flooded = flood(first).await;
    assert_eq!(flooded.len(), BUDGET - 2 * RESERVE);
    let mut others = flood(second).await;
    assert_eq!(others.len(), RESERVE);
    let third = flood(third).await;
    assert_eq!(third.len(), RESERVE);
    let open = process.open_files();
    assert!((BUDGET..FILES).contains(&open), "{open} files are open");

    // A connection that ends at the first server makes room at the second, whose reserve is used up.
    drop(flooded);
    while others.len() < 100 {
        let again = async {
            loop {
                if let Some(client) = served(second).await {
                    return client;
                }
            }
        };
        others.push(timeout(PATIENCE, again).await.expect("room at the second"));
    }
    drop((others, third));
    process.end().await;
}

/// The program that the test above starts; by itself it does nothing.
#[tokio::test]
#[ignore = "a program for the other tests"]
async fn program() {
    if std::env::var(ROLE).is_err() {
        return;
    }
    let mut servers = Vec::new();
    for _ in 0..3 {
        let router = Router::new().route("/", get(async || "hello"));
        let options = ConnectionOptions {
            idle: Duration::from_secs(600),
            ..ConnectionOptions::default()
        };
        let server = http::Server::new(ANY_PORT, router).connections(options);
        servers.push(Fixture::start(server).await);
    }
    // All servers listen before the first one is flooded.
    for server in &servers {
        println!("listening at {}", server.address);
    }
    let mut input = Vec::new();
    tokio::io::stdin().read_to_end(&mut input).await.unwrap();
    for server in servers {
        server.stop_within(PATIENCE).await.nothing_cut();
    }
}
