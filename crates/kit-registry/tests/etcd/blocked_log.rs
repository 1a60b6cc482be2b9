//! A log that blocks: a subscriber that writes to a full pipe without a reader.
//!
//! The program reads its registration's remarks, as an application does. Nothing on the way of a
//! registration, from the first write to the deregistration, waits for the log then.
#![cfg(unix)]

use std::env;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;

use kit_registry::{Registration, RegistrationState};
use kit_test_support::{Etcd, full_pipe};
use tokio::time::{Instant, timeout};

use crate::bench::{Bench, KEY, LIMIT};
use crate::raw::{May, Raw};

const URL: &str = "KIT_TEST_URL";

/// The program that the tests start: it registers, waits for the remark, changes the value,
/// deregisters, and writes each step to its standard output.
#[test]
#[ignore = "a program for the other tests"]
fn program() {
    let Ok(url) = env::var(URL) else {
        return;
    };
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .log_internal_errors(false)
        .init();
    // With a thread to spare: one that blocks in the log does not block the steps.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let bench = Bench::open(&url);
        let (registration, mut remarks) = bench.register_with_remarks();
        registration.first(LIMIT).await.unwrap();
        println!("registered");
        let remark = timeout(LIMIT, remarks.recv()).await.unwrap().unwrap();
        println!("remark: {remark}");
        change(&registration).await;
        println!("changed");
        registration.deregister_within(LIMIT).await.unwrap();
        println!("deregistered");
        bench.close().await;
        println!("closed");
    });
}

async fn change(registration: &Registration) {
    let mut states = registration.states();
    states.mark_unchanged();
    registration.set_metadata("k", "v").unwrap();
    timeout(LIMIT, states.changed()).await.unwrap().unwrap();
    let state = states.borrow();
    assert!(matches!(*state, RegistrationState::Registered), "{state:?}");
}

/// Starts the program with a log that blocks, and returns the lines that it writes in time.
fn steps(url: &str) -> Vec<String> {
    let (_reader, writer) = full_pipe();
    let mut child = Command::new(env::current_exe().unwrap())
        .args([
            "blocked_log::program",
            "--exact",
            "--ignored",
            "--nocapture",
        ])
        .env(URL, url)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::from(writer))
        .spawn()
        .unwrap();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    let (sender, lines) = channel();
    let reading = thread::Builder::new().spawn(move || {
        for line in stdout.lines() {
            let _ = sender.send(line.unwrap());
        }
    });
    let mut steps = Vec::new();
    let deadline = Instant::now() + LIMIT;
    while steps.last().is_none_or(|last| last != "closed") {
        let left = deadline.saturating_duration_since(Instant::now());
        let Ok(line) = lines.recv_timeout(left) else {
            break;
        };
        steps.push(line);
    }
    child.kill().unwrap();
    child.wait().unwrap();
    reading.unwrap().join().unwrap();
    steps.retain(|line| !line.is_empty() && !line.starts_with("running "));
    steps
}

#[tokio::test]
async fn a_login_that_is_not_used_is_remarked_without_the_log() {
    let server = Etcd::start().await;
    let url = format!("etcd://kit:secret@{}", server.address());
    let remark = format!(
        "remark: etcd at {}: user and password are not used, because authentication is not \
         enabled there",
        server.address()
    );
    let expected = ["registered", &remark, "changed", "deregistered", "closed"];
    assert_eq!(steps(&url), expected);
    assert_eq!(Raw::of(&server).get(KEY).await, None);
}

#[tokio::test]
async fn a_key_that_may_not_be_read_is_remarked_without_the_log() {
    let server = Etcd::start().await;
    let mut raw = Raw::of(&server);
    raw.add_user("kit", "secret").await;
    raw.permit("kit", May::Write).await;
    raw.enable_auth("other", "other").await;
    let url = format!("etcd://kit:secret@{}", server.address());
    let remark = format!(
        "remark: etcd at {}: {KEY} may be written but not read: it stays registered, but a \
         deletion, a change or a takeover cannot be seen",
        server.address()
    );
    let expected = ["registered", &remark, "changed", "deregistered", "closed"];
    assert_eq!(steps(&url), expected);
    assert_eq!(raw.get(KEY).await, None);
}
