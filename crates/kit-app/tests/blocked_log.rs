//! A log that blocks: a subscriber that writes to a full pipe without a reader.
//!
//! A plain subscriber blocks the thread that calls it. What the lifecycle itself guarantees does
//! not depend on it: readiness, the drain and the exit code are those of a log that is read.
#![cfg(unix)]

use std::io::{BufRead, BufReader, PipeReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, ExitCode, Stdio};

use axum::Router;
use axum::routing::get;
use kit_app::App;
use kit_test_support::{Etcd, full_pipe};
use kit_transport::http;

const ROLE: &str = "KIT_TEST_ROLE";
/// The registry of the program, when it is not the one in memory.
const REGISTRY: &str = "KIT_TEST_REGISTRY";

/// The program that the tests start: it tells on its standard output where it is listening.
#[test]
#[ignore = "a program for the other tests"]
fn program() {
    let Ok(role) = std::env::var(ROLE) else {
        return;
    };
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .log_internal_errors(false)
        .init();
    if role == "inside" {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let code = runtime.block_on(async { App::builder("app").build().main() });
        println!("ended with {}", u8::from(code != ExitCode::SUCCESS));
        return;
    }
    let routes = Router::new().route("/", get(|| async { "hello" }));
    let registry = std::env::var(REGISTRY).unwrap_or_else(|_| "memory:".to_owned());
    let mut app = App::builder("app")
        .server(http::Server::new(([127, 0, 0, 1], 0), routes))
        .registry(registry)
        .after_start("address", |app| async move {
            println!("listening {}", app.handle().info().endpoints()[0]);
            Ok(())
        });
    if role == "fails" {
        app = app.after_stop("fails", |_| async { Err("no room".into()) });
    }
    let code = app.build().main();
    println!("ended with {}", u8::from(code != ExitCode::SUCCESS));
}

fn start_in(registry: &str, role: &str) -> (Child, BufReader<ChildStdout>, PipeReader) {
    let (reader, writer) = full_pipe();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["program", "--exact", "--ignored", "--nocapture"])
        .env(ROLE, role)
        .env(REGISTRY, registry)
        .envs(
            (role == "inherits")
                .then_some([("LISTEN_FDS", "1"), ("LISTEN_FDS_FIRST_FD", "0")])
                .into_iter()
                .flatten(),
        )
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::from(writer))
        .spawn()
        .unwrap();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    (child, stdout, reader)
}

fn line_after(stdout: &mut BufReader<ChildStdout>, start: &str) -> String {
    let mut lines = stdout.by_ref().lines();
    loop {
        let line = lines.next().expect("it goes on").unwrap();
        if let Some(rest) = line.split(start).nth(1) {
            return rest.to_owned();
        }
    }
}

fn stops_with(role: &str, code: &str) {
    stops_with_in("memory:", role, code);
}

fn stops_with_in(registry: &str, role: &str, code: &str) {
    let (mut child, mut stdout, _reader) = start_in(registry, role);
    let endpoint = line_after(&mut stdout, "listening http://");
    // A connection that is open when the stop begins.
    let mut client = TcpStream::connect(endpoint).unwrap();
    client
        .write_all(b"GET / HTTP/1.1\r\nhost: kit\r\n\r\n")
        .unwrap();
    let mut answer = [0; 12];
    client.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
    let pid = child.id().to_string();
    let sent = Command::new("kill").args(["-TERM", &pid]).status();
    assert!(sent.unwrap().success());
    assert_eq!(line_after(&mut stdout, "ended with "), code);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_plain_subscriber_that_blocks_changes_neither_readiness_nor_drain_nor_exit_code() {
    stops_with("succeeds", "0");
}

#[test]
fn a_failure_has_its_exit_code_also_when_its_reason_is_not_read() {
    stops_with("fails", "1");
}

/// etcd has authentication switched off, which the registrar remarks at its first call.
#[test]
fn a_remark_of_a_registrar_waits_for_no_log() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let etcd = runtime.block_on(Etcd::start());
    let registry = format!("etcd://kit:secret@{}", etcd.address());
    assert!(within_ten_seconds_in(&registry, "succeeds", "listening "));
    stops_with_in(&registry, "succeeds", "0");
}

/// For a program that may hang.
fn within_ten_seconds(role: &'static str, awaits: &'static str) -> bool {
    within_ten_seconds_in("memory:", role, awaits)
}

fn within_ten_seconds_in(registry: &str, role: &'static str, awaits: &'static str) -> bool {
    let (mut child, mut stdout, _reader) = start_in(registry, role);
    let (said, heard) = std::sync::mpsc::channel();
    let reading = std::thread::Builder::new();
    let reading = reading.spawn(move || said.send(line_after(&mut stdout, awaits)));
    let heard = heard
        .recv_timeout(std::time::Duration::from_secs(10))
        .is_ok();
    child.kill().unwrap();
    child.wait().unwrap();
    // It ends with the program, perhaps by a panic: there was no such line.
    let _ = reading.unwrap().join();
    heard
}

#[test]
fn what_was_inherited_and_is_no_listener_does_not_hold_up_the_start() {
    assert!(within_ten_seconds("inherits", "listening "));
}

#[test]
fn a_main_that_is_refused_inside_a_runtime_returns() {
    assert!(within_ten_seconds("inside", "ended with 1"));
}
