//! A start that fails: exit code 1, one clear line, and nothing left behind.

use std::net::TcpListener;
use std::time::Duration;

use crate::support::{Etcd, EtcdClient, Exit, FREE_PORTS, Process, dead_address};

#[tokio::test]
async fn a_taken_port_for_http() {
    a_taken_port("http", "--http", "--grpc").await;
}

#[tokio::test]
async fn a_taken_port_for_grpc() {
    a_taken_port("grpc", "--grpc", "--http").await;
}

async fn a_taken_port(server: &str, flag: &str, other: &str) {
    let etcd = Etcd::start().await;
    let client = EtcdClient::of(&etcd);
    let held = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let taken = held.local_addr().expect("bound").to_string();
    let elsewhere = dead_address();
    let url = etcd.url("");
    let args = [flag, &taken, other, &elsewhere, "--registry", &url];
    let exit = Process::spawn(&args).exit().await.expect(1);
    let line = one_clear_line(&exit);
    for said in [&format!(" {server} "), &taken, "address", "in use"] {
        assert!(line.to_lowercase().contains(said), "no {said}: {line}");
    }
    TcpListener::bind(&elsewhere).expect("the other port is free again");
    assert_eq!(client.revision().await, 1, "something was written");
}

#[tokio::test]
async fn both_ports_the_same() {
    let address = dead_address();
    let args = ["--http", &address, "--grpc", &address];
    let exit = Process::spawn(&args).exit().await.expect(2);
    for said in ["flag --http", "flag --grpc", &address] {
        assert!(exit.text().contains(said), "no {said}; {}", exit.text());
    }
}

#[tokio::test]
async fn an_etcd_that_refuses_connections() {
    unreachable(&dead_address()).await;
}

#[tokio::test]
async fn an_etcd_that_never_answers() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = silent.local_addr().expect("bound");
    unreachable(&address.to_string()).await;
}

#[tokio::test]
async fn several_etcds_that_refuse_or_never_answer() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let silent_address = silent.local_addr().expect("bound");
    unreachable(&format!("{},{silent_address}", dead_address())).await;
}

async fn unreachable(endpoints: &str) {
    let http = dead_address();
    let url = format!("etcd://{endpoints}");
    let args = ["--http", &http, "--grpc", "127.0.0.1:0", "--registry", &url];
    let exit = Process::spawn(&args).exit().await.expect(1);
    let line = one_clear_line(&exit);
    for endpoint in endpoints.split(',') {
        assert!(line.contains(endpoint), "no {endpoint}: {line}");
    }
    let tried = line.split_once("after ").map(|(_, rest)| rest);
    let tried = tried.and_then(|rest| rest.split([':', ' ', ',']).next());
    let tried = tried.and_then(|time| kit::units::parse_duration(time).ok());
    assert!(
        tried.is_some_and(|time| time >= Duration::from_secs(1)),
        "{line}"
    );
    TcpListener::bind(&http).expect("the port is free again");
}

#[tokio::test]
async fn an_unknown_scheme() {
    for url in ["zookeeper://127.0.0.1:2181", "nowhere:"] {
        let line = unusable_registry(url).await;
        for said in [url, "etcd", "memory"] {
            assert!(line.contains(said), "no {said}: {line}");
        }
    }
}

#[tokio::test]
async fn a_registry_that_is_no_url() {
    for url in ["etcd", "", "etcd://", "etcd://127.0.0.1:2379?ttl=soon"] {
        let line = unusable_registry(url).await;
        assert!(line.contains("registry"), "{line}");
    }
}

async fn unusable_registry(url: &str) -> String {
    let args = [&FREE_PORTS[..], &["--registry", url]].concat();
    let exit = Process::spawn(&args).exit().await.expect(2);
    exit.text()
}

/// The one line with the reason: the root cause, and not its consequences.
fn one_clear_line(exit: &Exit) -> &str {
    for consequence in ["cancelled", "canceled"] {
        let text = exit.text().to_lowercase();
        assert!(!text.contains(consequence), "{consequence}; {text}");
    }
    assert!(!exit.text().contains("panicked"), "{}", exit.text());
    exit.only("ERROR")
}
