//! Stops servers under load while a successor takes over, and counts the requests that fail.
//!
//! `bench-handover stops` runs real processes: the old server, its successor, a SIGTERM in the
//! middle of the load. Kit's servers and their peers answer the same requests.
#![expect(
    clippy::disallowed_methods,
    reason = "a load client and peers spawn as their users do, and real time is measured"
)]

mod answers;
mod certificates;
mod load;
mod process;
mod serve;
mod stops;

use std::path::PathBuf;
use std::process::ExitCode;

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
    /// Stops servers under load, and prints a table of failures.
    Stops {
        /// The number of stops of each case.
        #[arg(long, default_value_t = 3)]
        stops: usize,
        /// Only cases whose names hold this text.
        #[arg(long, default_value = "")]
        only: String,
        /// A Python that has grpcio; without one its cases are left out.
        #[arg(long)]
        python: Option<PathBuf>,
        /// Fails when a request to Kit failed that must not.
        #[arg(long)]
        judge: bool,
    },
}

#[derive(clap::Args)]
struct ServeArguments {
    /// The stack that serves.
    #[arg(value_enum)]
    stack: Stack,
    /// Binds this address with `SO_REUSEPORT`; without it the listener is inherited.
    #[arg(long)]
    address: Option<std::net::SocketAddr>,
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
    /// Tonic's own server with its graceful shutdown.
    Tonic,
}

fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Stops {
            stops,
            only,
            python,
            judge,
        } => stops::run(stops, &only, python.as_deref(), judge),
    }
}
