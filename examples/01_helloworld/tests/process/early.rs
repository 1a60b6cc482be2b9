//! A signal at any moment of the start, from the line that the signal handlers stand; `instants` has those with an
//! etcd that answers.

use std::time::Duration;

use tokio::time::sleep;

use crate::support::{Etcd, FREE_PORTS, Process, Signal, dead_address};

const ROUNDS: u32 = 40;

#[tokio::test]
async fn without_a_registry() {
    let mut fastest = Duration::MAX;
    for round in 0..ROUNDS {
        fastest = fastest.min(interrupt(round, "memory:").await);
    }
    // Of forty starts a busy machine leaves one alone. The shortest wait of a start is for seconds.
    let limit = Duration::from_secs(1);
    assert!(fastest < limit, "the handlers stood after {fastest:?}");
}

#[tokio::test]
async fn while_etcd_cannot_be_reached() {
    let url = format!("etcd://{}", dead_address());
    for round in 0..ROUNDS {
        interrupt(round, &url).await;
    }
}

#[tokio::test]
async fn while_etcd_does_not_answer() {
    let etcd = Etcd::start().await;
    etcd.freeze();
    // Every other one: each waits a second for the lease to be given back.
    for round in (0..ROUNDS).step_by(2) {
        interrupt(round, &etcd.url("")).await;
    }
}

/// Returns the time from the start of the process to the line that the handlers stand.
async fn interrupt(round: u32, registry: &str) -> Duration {
    let id = id(round);
    let rest = ["--registry", registry, "--id", &id, "--drain-delay", "0s"];
    let mut process = Process::spawn(&[&FREE_PORTS[..], &rest].concat());
    let first = process.line("").await;
    let stood = process.spawned.elapsed();
    assert!(first.contains("signal handlers stand"), "{first}");
    // A wait for no event: in each round the signal comes at another place of the start.
    sleep(Duration::from_micros(500) * round).await;
    let stopped = process.signal(Signal::TERM);
    let exit = process.exit().await.expect(0);
    exit.before_its_deadline(stopped).only("goodbye");
    stood
}

fn id(round: u32) -> String {
    format!("round-{round}")
}
