//! Servers whose port a successor takes over while they stop.

use std::io;
use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use crate::certificates::Trust;
use crate::load::{Client, Exchange, Load, Target};
use crate::process::{Listener, Server};
use crate::sum::{Sum, Table, about};
use crate::{Stack, TableArguments};

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

/// Every client, with both ways to hand over: Kit plain and with TLS, with small and large answers, and
/// then the usual servers of that protocol.
fn cases() -> Vec<Case> {
    use Client::{Busy, Fresh, Grpcio, Http2, Paused, Tonic};
    let mut cases = Vec::new();
    for reuse_port in [false, true] {
        for client in [Fresh, Busy, Paused, Http2, Tonic, Grpcio] {
            let case = |stack, tls, big| Case {
                stack,
                client,
                tls,
                big,
                reuse_port,
            };
            for (tls, big) in [(false, false), (true, false), (false, true), (true, true)] {
                cases.push(case(Stack::Kit, tls, big));
            }
            let peers = if matches!(client, Tonic | Grpcio) {
                &[Stack::Tonic][..]
            } else {
                &[Stack::Axum, Stack::AxumServer]
            };
            cases.extend(peers.iter().map(|peer| case(*peer, false, false)));
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
        let stack = self.stack;
        let tls = if self.tls { " tls" } else { "" };
        let big = if self.big { " 1MiB" } else { "" };
        format!("{stack} {over} {client}{tls}{big}")
    }

    /// The row that sums this case up: a server for gRPC is compared with Kit's calls alone.
    fn total(&self) -> String {
        match self.client {
            Client::Tonic | Client::Grpcio => format!("{} gRPC", self.stack),
            _ => format!("{} HTTP", self.stack),
        }
    }
}

/// Runs the cases; returns whether a request failed that must not. Prints a row of the table for each
/// case that is asked for, and below it the failures.
pub(crate) async fn run(
    stops: usize,
    arguments: &TableArguments,
    python: Option<&Path>,
    plain: bool,
) -> io::Result<bool> {
    let folder = tempfile::tempdir()?;
    let trust = Trust::new(folder.path())?;
    let mut table = Table::begin();
    for case in cases() {
        let name = case.name();
        if !arguments.has(&name) || plain && (case.tls || case.big) {
            continue;
        }
        if case.client == Client::Grpcio && python.is_none() {
            eprintln!("bench-handover: NOT RUN: {name}: no --python");
            continue;
        }
        let python = python.unwrap_or(Path::new(""));
        let mut sum = Sum::default();
        for _ in 0..stops {
            let stopped = one_stop(&case, &trust, folder.path(), python, &mut sum).await;
            stopped.map_err(|error| about(&name, &error))?;
        }
        // No client must notice a stop of Kit's.
        let must_not_fail = case.stack == Stack::Kit;
        table.add(&name, case.total(), must_not_fail, &sum);
    }
    Ok(table.finish())
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
        exchange: if case.big {
            Exchange::Big
        } else {
            Exchange::Small
        },
    };
    let start = || Server::start(case.stack, &listener, tls, None);
    let old = start().await;
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
    let new = start().await;
    let new = new.map_err(|error| about("the new server", &error))?;
    load.answered(some, PATIENCE).await?;
    let stopped = old.stop().await;
    sum.add_stop(stopped.map_err(|error| about("the old server", &error))?);
    load.answered(some, PATIENCE).await?;
    sum.outcome.add(&load.stop(PATIENCE).await?);
    let stopped = new.stop().await;
    stopped.map_err(|error| about("the new server", &error))?;
    Ok(())
}
