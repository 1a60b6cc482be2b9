//! Thousands of idle connections, and a process without free file descriptors.

use std::net::{SocketAddr, TcpStream as StdTcpStream};
use std::process::Command;
use std::time::Duration;

use kit_transport::ConnectionOptions;
use tokio::io::AsyncReadExt as _;
use tokio::time::timeout;

use super::{LIMIT, beside_a_good_client, ends_well, serve};
use crate::client::Raw;
use crate::fixture::{PATIENCE, no_task_is_left};

/// Opens connections, and keeps them; each sends one request if `asking`, and nothing otherwise.
async fn idle_connections(address: SocketAddr, count: usize, asking: bool) -> Vec<StdTcpStream> {
    let mut idle = Vec::new();
    for _ in 0..count {
        let mut client = Raw::connect(address).await;
        if asking {
            client.get("/hello").await;
            client.read_to("hello").await;
        }
        // Outside the runtime it costs nothing but a file descriptor.
        idle.push(client.0.into_std().unwrap());
    }
    idle
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_idle_connections_hold_up_no_other_client() {
    let server = serve(ConnectionOptions::default()).await;
    let idle = beside_a_good_client(server.address, async {
        let mut idle = idle_connections(server.address, 500, false).await;
        idle.extend(idle_connections(server.address, 500, true).await);
        idle
    })
    .await;
    let ended = server.stop_within(PATIENCE).await;
    ended.before_its_deadline().nothing_cut();
    drop(idle);
    no_task_is_left().await;
}

/// Ten thousand connections, or as many as there are file descriptors for: both ends of each are in
/// this process.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures the memory of its process, in which no other test may run"]
async fn ten_thousand_idle_connections_take_less_than_32_kib_each() {
    fn open_files() -> usize {
        let limits = std::fs::read_to_string("/proc/self/limits").unwrap();
        let line = limits
            .lines()
            .find(|line| line.starts_with("Max open files"));
        let soft = line.unwrap().split_whitespace().nth(3).unwrap();
        soft.parse().unwrap_or(usize::MAX)
    }
    fn resident() -> usize {
        let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
        pages.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
    }
    let count = 10_000.min((open_files() - 200) / 2);
    for asking in [false, true] {
        let server = serve(ConnectionOptions {
            first_byte: Duration::from_secs(600),
            idle: Duration::from_secs(600),
            ..ConnectionOptions::default()
        })
        .await;
        let before = resident();
        let idle = beside_a_good_client(server.address, async {
            idle_connections(server.address, count, asking).await
        })
        .await;
        let each = (resident() - before) / count;
        println!("{count} idle connections, after a request: {asking}: {each} bytes each");
        assert!(each < 32 * 1024, "{each}");
        let ended = server.stop_within(PATIENCE).await;
        ended.before_its_deadline().nothing_cut();
        drop(idle);
        no_task_is_left().await;
    }
}

/// A variable of the environment, which is set when a test has started the program below.
const ROLE: &str = "KIT_TRANSPORT_TEST";

#[cfg(unix)]
#[test]
fn a_server_without_file_descriptors_serves_on_and_accepts_again() {
    let program = r#"ulimit -n 64; exec "$0" --ignored --exact hostile::many::program --nocapture"#;
    let output = Command::new("sh")
        .args(["-c", program])
        .arg(std::env::current_exe().unwrap())
        .env(ROLE, "exhausted")
        .output()
        .unwrap();
    let lines = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && lines.contains("recovered"),
        "{output:?}"
    );
}

/// The program that the test above starts; by itself it does nothing.
#[tokio::test]
#[ignore = "a program for the other tests"]
async fn program() {
    if std::env::var(ROLE).is_err() {
        return;
    }
    let server = serve(ConnectionOptions::default()).await;
    beside_a_good_client(server.address, async {
        let mut files = Vec::new();
        while let Ok(file) = std::fs::File::open("/dev/null") {
            files.push(file);
        }
        // The last descriptor is for this client; none is left for the server.
        files.pop();
        let mut client = Raw::connect(server.address).await;
        client.get("/hello").await;
        let none = timeout(LIMIT, client.0.read_u8()).await;
        assert!(none.is_err(), "it was not accepted: {none:?}");
        drop(files);
        client.read_to("hello").await;
        println!("recovered");
    })
    .await;
    ends_well(server).await;
}
