//! A process that may open only a few files.

use std::net::SocketAddr;

use tokio::net::TcpStream;
use tokio::process::Command;

use crate::support::{FREE_PORTS, HELLOWORLD, Process, Service};

/// A helloworld that may open a given number of files.
async fn with_files(files: usize) -> Service {
    let mut command = Command::new("sh");
    let limited = format!("ulimit -n {files}; exec \"$0\" \"$@\"");
    command.args(["-c", &limited, HELLOWORLD]);
    Service::ready(Process::spawn_by(command, &FREE_PORTS, &[])).await
}

/// Clients that connect and send nothing.
async fn connect(address: SocketAddr, clients: usize) -> Vec<TcpStream> {
    let mut connected = Vec::new();
    for _ in 0..clients {
        connected.push(TcpStream::connect(address).await.expect("queued"));
    }
    connected
}

#[tokio::test]
async fn a_lack_of_them_is_logged_once_with_the_servers_name_and_when_it_is_over() {
    // The connections' nine tenths of the files are more than the process has left.
    let mut service = with_files(30).await;
    let clients = connect(service.http, 60).await;
    let line = service.process.line("cannot accept connections").await;
    let listening = format!("listening={}", service.http);
    for said in ["ERROR", "/http", &listening, "Too many open files"] {
        assert!(line.contains(said), "no {said}: {line}");
    }
    drop(clients);
    assert_eq!(
        service.connect().await.get("/helloworld/kit").await.status,
        200
    );
    let over = service.process.line("has not failed for 5 s").await;
    for said in ["INFO", "/http", &listening, "times="] {
        assert!(over.contains(said), "no {said}: {over}");
    }
    let exit = service.terminate().await.expect(0);
    exit.only("cannot accept connections");
}

#[tokio::test]
async fn a_limit_because_of_them_is_logged_when_it_is_met() {
    let mut service = with_files(400).await;
    let _clients = connect(service.http, 365).await;
    let line = service.process.line("too many connections").await;
    let listening = format!("listening={}", service.http);
    let limit = "360 for all servers, because the process may open 400 files";
    let used = ["http has 344", "grpc has 0"];
    for said in ["WARN", "/http", &listening, limit, used[0], used[1]] {
        assert!(line.contains(said), "no {said}: {line}");
    }
    let exit = service.terminate().await.expect(0);
    exit.only("too many connections");
}

/// Both servers are flooded at once, and neither takes the last files of the process.
#[tokio::test]
async fn servers_that_are_flooded_share_them() {
    let mut service = with_files(256).await;
    let http = connect(service.http, 300).await;
    service.process.line("http has 209").await;
    let grpc = connect(service.grpc, 300).await;
    let line = service.process.line("grpc has 16").await;
    assert!(line.contains("/grpc"), "the other server: {line}");
    drop((http, grpc));
    let exit = service.terminate().await.expect(0);
    let text = exit.text();
    for failure in ["cannot accept", "Too many open files"] {
        assert!(!text.contains(failure), "{text}");
    }
}
