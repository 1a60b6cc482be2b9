//! Two servers behind nginx, of which one after the other is restarted at its port, under a load of POSTs.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::time::Duration;

use crate::load::{Client, Exchange, Load, Target};
use crate::nginx::Nginx;
use crate::process::{Listener, Server};
use crate::sum::{Sum, Table, about};
use crate::{Stack, TableArguments};

/// The number of clients at a time.
const CLIENTS: usize = 32;
/// How many answers a step of a restart takes: enough for each client to meet both servers.
const SOME: u64 = 320;
/// The longest wait for a number of answers, and for the end of a load.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a server goes on serving after SIGTERM, in the cases with a delay: Kit's drain delay, and a
/// pause before the graceful stop of the peers.
const DELAY: Duration = Duration::from_secs(1);

/// One row of the table.
struct Case {
    stack: Stack,
    client: Client,
    delay: Option<Duration>,
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for stack in [Stack::Kit, Stack::Axum, Stack::AxumServer] {
        for delay in [None, Some(DELAY)] {
            for client in [Client::Busy, Client::Paused] {
                cases.push(Case {
                    stack,
                    client,
                    delay,
                });
            }
        }
    }
    cases
}

impl Case {
    fn name(&self) -> String {
        let client = format!("{:?}", self.client).to_lowercase();
        format!("{} {client}", self.total())
    }

    /// A balancer that keeps connections may send a request while the server closes an idle one. Kit without a
    /// drain delay closes those at once, as the peers do; with one it says goodbye on each first.
    fn must_not_fail(&self) -> bool {
        self.stack == Stack::Kit && self.delay.is_some()
    }

    /// The row that sums this case up.
    fn total(&self) -> String {
        match self.delay {
            Some(delay) => format!("{} delay {delay:?}", self.stack),
            None => format!("{} at once", self.stack),
        }
    }
}

/// Runs the cases; returns whether a request failed that must not.
pub(crate) async fn run(
    restarts: usize,
    arguments: &TableArguments,
    nginx: &Path,
) -> io::Result<bool> {
    let mut table = Table::begin();
    for case in cases() {
        let name = case.name();
        if arguments.has(&name) {
            let sum = restarted(&case, restarts, nginx).await;
            let sum = sum.map_err(|error| about(&name, &error))?;
            table.add(&name, case.total(), case.must_not_fail(), &sum);
        }
    }
    Ok(table.finish())
}

/// Starts two servers, nginx and a load; restarts the servers in turn, each only when clients had answers
/// since the restart of the other; and stops everything. Each wait has a limit.
async fn restarted(case: &Case, restarts: usize, nginx: &Path) -> io::Result<Sum> {
    let mut sum = Sum::default();
    let addresses = free_addresses()?;
    let start = async |index: usize| {
        let listener = Listener::Alone(addresses[index]);
        let started = Server::start(case.stack, &listener, None, case.delay).await;
        started.map_err(|error| about("a server", &error))
    };
    let mut servers = [start(0).await?, start(1).await?];
    let nginx = Nginx::start(nginx, addresses).await?;
    let target = Target {
        address: nginx.address,
        trust: None,
        exchange: Exchange::Post,
    };
    let load = Load::start(case.client, &target, CLIENTS, Path::new(""));
    load.answered(SOME, PATIENCE).await?;
    for restart in 0..restarts {
        let [next, other] = servers;
        sum.add_stop(
            next.stop()
                .await
                .map_err(|error| about("a server", &error))?,
        );
        // Those of the other server alone.
        load.answered(SOME, PATIENCE).await?;
        servers = [other, start(restart % 2).await?];
        load.answered(SOME, PATIENCE).await?;
    }
    sum.outcome.add(&load.stop(PATIENCE).await?);
    nginx.stop().await?;
    for server in servers {
        let stopped = server.stop().await;
        stopped.map_err(|error| about("a server", &error))?;
    }
    Ok(sum)
}

/// Two free addresses.
fn free_addresses() -> io::Result<[SocketAddr; 2]> {
    // Both are held until both are known, or they might be one.
    let bound = [
        TcpListener::bind("127.0.0.1:0")?,
        TcpListener::bind("127.0.0.1:0")?,
    ];
    Ok([bound[0].local_addr()?, bound[1].local_addr()?])
}
