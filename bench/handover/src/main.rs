//! Stops servers under load, and counts the requests that fail.
//!
//! Both commands run real processes and send a SIGTERM in the middle of the load. Kit's servers and
//! their peers answer the same requests. In `bench-handover stops` a successor takes over the port of
//! the old server; in `bench-handover rolling` two servers stand behind nginx, and each is stopped and
//! started again in turn.
#![expect(
    clippy::disallowed_methods,
    reason = "a load client and peers spawn as their users do, and real time is measured"
)]

mod answers;
mod certificates;
mod load;
mod nginx;
mod process;
mod rolling;
mod serve;
mod stops;
mod sum;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};

#[derive(Parser)]
#[command(about = "Stops servers under load and counts the requests that fail")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serves until SIGTERM; prints `ready` when it accepts.
    Serve(ServeArguments),
    /// Stops servers under load while a successor takes over, and prints a table of failures.
    Stops {
        /// The number of stops of each case.
        #[arg(long, default_value_t = 3)]
        stops: usize,
        #[command(flatten)]
        table: TableArguments,
        /// A Python that has grpcio; without one its cases are left out.
        #[arg(long)]
        python: Option<PathBuf>,
        /// Leaves out TLS and large answers, which only Kit is asked for.
        #[arg(long)]
        plain: bool,
    },
    /// Restarts two servers behind nginx in turn, under a load of POSTs, and prints a table of failures.
    Rolling {
        /// The number of restarts of each case.
        #[arg(long, default_value_t = 2)]
        restarts: usize,
        #[command(flatten)]
        table: TableArguments,
        /// The nginx; its upstream module with `keepalive` is in all of Debian's packages.
        #[arg(long, env = "KIT_NGINX", default_value = "nginx")]
        nginx: PathBuf,
    },
}

/// What the tables of all commands have in common.
#[derive(clap::Args)]
struct TableArguments {
    /// Only cases whose names hold this text; may be given several times.
    #[arg(long)]
    only: Vec<String>,
    /// Fails when a request to Kit failed that must not.
    #[arg(long)]
    judge: bool,
}

impl TableArguments {
    /// Whether the case with this name is asked for.
    fn has(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|text| name.contains(text))
    }
}

#[derive(clap::Args)]
struct ServeArguments {
    /// The stack that serves.
    #[arg(value_enum)]
    stack: Stack,
    /// Binds this address; without it the listener is inherited.
    #[arg(long)]
    address: Option<std::net::SocketAddr>,
    /// Binds the address with `SO_REUSEPORT`, beside a server that has it already.
    #[arg(long, requires = "address")]
    reuse_port: bool,
    /// Goes on serving for these milliseconds after SIGTERM before the stop begins.
    #[arg(long, value_parser = milliseconds)]
    delay: Option<Duration>,
    /// A folder with `tls.crt` and `tls.key`.
    #[arg(long)]
    tls: Option<PathBuf>,
}

/// The stack of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Stack {
    Kit,
    /// `axum::serve` with its graceful shutdown.
    Axum,
    /// The crate axum-server with its graceful shutdown.
    AxumServer,
    /// Tonic's own server with its graceful shutdown.
    Tonic,
}

/// As the command line has it.
impl std::fmt::Display for Stack {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let value = self.to_possible_value().expect("no stack is hidden");
        formatter.write_str(value.get_name())
    }
}

fn milliseconds(text: &str) -> Result<Duration, std::num::ParseIntError> {
    text.parse().map(Duration::from_millis)
}

fn main() -> ExitCode {
    let (ran, judge) = match Arguments::parse().command {
        Command::Serve(arguments) => return serve::run(&arguments),
        Command::Stops {
            stops,
            table,
            python,
            plain,
        } => {
            let run = stops::run(stops, &table, python.as_deref(), plain);
            (block_on(run), table.judge)
        }
        Command::Rolling {
            restarts,
            table,
            nginx,
        } => {
            let run = rolling::run(restarts, &table, &nginx);
            (block_on(run), table.judge)
        }
    };
    match ran {
        Ok(failed) if judge && failed => ExitCode::FAILURE,
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench-handover: {error}");
            ExitCode::FAILURE
        }
    }
}

fn block_on<T>(run: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(run)
}
