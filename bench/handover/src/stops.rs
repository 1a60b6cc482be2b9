//! The cases, and the table of failures.

use std::io;
use std::net::TcpListener;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use crate::Stack;
use crate::certificates::Trust;
use crate::load::{Client, Load, Outcome, Target};
use crate::process::{Listener, Server};

/// The number of clients at a time.
const CLIENTS: usize = 32;
/// Fewer for big answers: both ends share the machine.
const FEW_CLIENTS: usize = 8;
/// The longest wait for a number of answers, and for the end of a load.
const PATIENCE: Duration = Duration::from_secs(60);

/// One row of the table.
struct Case {
    stack: Stack,
    client: Client,
    tls: bool,
    big: bool,
    reuse_port: bool,
}

/// The sum of many stops of one case.
#[derive(Default)]
struct Sum {
    outcome: Outcome,
    longest: Duration,
    bad_exits: usize,
}

/// Every client, with both ways to hand over: Kit plain and with TLS, with small and large answers, and
/// then the usual server of that protocol.
fn cases() -> Vec<Case> {
    use Client::{Busy, Fresh, Grpcio, Http2, Paused, Tonic};
    let mut cases = Vec::new();
    for reuse_port in [false, true] {
        for client in [Fresh, Busy, Paused, Http2, Tonic, Grpcio] {
            for (tls, big) in [(false, false), (true, false), (false, true), (true, true)] {
                let stack = Stack::Kit;
                cases.push(Case {
                    stack,
                    client,
                    tls,
                    big,
                    reuse_port,
                });
            }
            let stack = if matches!(client, Tonic | Grpcio) {
                Stack::Tonic
            } else {
                Stack::Axum
            };
            let (tls, big) = (false, false);
            cases.push(Case {
                stack,
                client,
                tls,
                big,
                reuse_port,
            });
        }
    }
    cases
}

impl Case {
    fn name(&self) -> String {
        let over = if self.reuse_port {
            "reuse-port"
        } else {
            "inherited"
        };
        let client = format!("{:?}", self.client).to_lowercase();
        let stack = format!("{:?}", self.stack).to_lowercase();
        let tls = if self.tls { " tls" } else { "" };
        let big = if self.big { " 1MiB" } else { "" };
        format!("{stack} {over} {client}{tls}{big}")
    }

    /// No client must notice a stop of Kit's.
    fn must_not_fail(&self) -> bool {
        self.stack == Stack::Kit
    }
}

pub(crate) fn run(stops: usize, only: &str, python: Option<&Path>, judge: bool) -> ExitCode {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    match runtime.block_on(run_all(stops, only, python)) {
        Ok(failed) if judge && failed => ExitCode::FAILURE,
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench-handover: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the cases; returns whether a request failed that must not. Prints a row of the table for each case, whose name
/// contains `only`, and below it the failures.
async fn run_all(stops: usize, only: &str, python: Option<&Path>) -> io::Result<bool> {
    let folder = tempfile::tempdir()?;
    let trust = Trust::new(folder.path())?;
    println!(
        "| case | stops | answered | asked again | failed | longest stop | exit codes but 0 |"
    );
    println!("|---|---|---|---|---|---|---|");
    let mut failed = false;
    for case in cases() {
        if !case.name().contains(only) {
            continue;
        }
        if case.client == Client::Grpcio && python.is_none() {
            eprintln!("bench-handover: NOT RUN: {}: no --python", case.name());
            continue;
        }
        let python = python.unwrap_or(Path::new(""));
        let mut sum = Sum::default();
        for _ in 0..stops {
            let stopped = one_stop(&case, &trust, folder.path(), python, &mut sum).await;
            stopped.map_err(|error| about(&case.name(), &error))?;
        }
        let Sum {
            outcome,
            longest,
            bad_exits,
        } = &sum;
        println!(
            "| {} | {stops} | {} | {} | {} | {longest:.1?} | {bad_exits} |",
            case.name(),
            outcome.answered,
            outcome.asked_again,
            outcome.failures(),
        );
        for (why, count) in &outcome.failed {
            eprintln!("    {count} × {why}");
        }
        failed |= case.must_not_fail() && (outcome.failures() > 0 || *bad_exits > 0);
    }
    Ok(failed)
}

/// Starts a server and a load, starts its successor, stops the first server, and then the load and the
/// successor. Each wait has a limit.
async fn one_stop(
    case: &Case,
    trust: &Trust,
    folder: &Path,
    python: &Path,
    sum: &mut Sum,
) -> io::Result<()> {
    let bound = TcpListener::bind("127.0.0.1:0")?;
    let listener = if case.reuse_port {
        let address = bound.local_addr()?;
        drop(bound);
        Listener::ReusePort(address)
    } else {
        Listener::Inherited(bound)
    };
    let tls = case.tls.then_some(folder);
    let target = Target {
        address: listener.address()?,
        trust: case.tls.then(|| trust.clone()),
        big: case.big,
    };
    let old = Server::start(case.stack, &listener, tls).await;
    let old = old.map_err(|error| about("the old server", &error))?;
    let clients = if case.big { FEW_CLIENTS } else { CLIENTS };
    // Python runs one thread at a time, so more clients only delay each other.
    let clients = match case.client {
        Client::Grpcio => clients / 4,
        _ => clients,
    };
    let load = Load::start(case.client, &target, clients, python);
    let some = if case.big { 32 } else { 320 };
    load.answered(some, PATIENCE).await?;
    let new = Server::start(case.stack, &listener, tls).await;
    let new = new.map_err(|error| about("the new server", &error))?;
    load.answered(some, PATIENCE).await?;
    let stopped = old.stop().await;
    let (status, took) = stopped.map_err(|error| about("the old server", &error))?;
    load.answered(some, PATIENCE).await?;
    sum.outcome.add(&load.stop(PATIENCE).await?);
    sum.longest = sum.longest.max(took);
    sum.bad_exits += usize::from(!status.success());
    let stopped = new.stop().await;
    stopped.map_err(|error| about("the new server", &error))?;
    Ok(())
}

fn about(what: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{what}: {error}"))
}
