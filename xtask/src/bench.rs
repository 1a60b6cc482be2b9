//! `cargo xtask bench`: Kit against its peers, measured so that a noisy machine cannot lie.
//!
//! What must be tight is counted (instructions, allocations, system calls), because counts hardly vary from run
//! to run; times are compared in alternating rounds, beside a control of the peer against itself.

mod app;
mod count;
mod handover;
mod rounds;
mod stats;
mod sync;
mod table;
mod transport;

use std::fs;
use std::io;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::Result;
use crate::cargo::target;

#[derive(Args)]
pub(crate) struct Options {
    /// What to compare.
    #[arg(value_enum, default_value = "transport")]
    what: What,
    /// How many alternating pairs times are measured in; 0 leaves times out.
    #[arg(long, default_value_t = 20)]
    pairs: usize,
    /// Puts the peer in Kit's place: what this machine tells apart where nothing differs.
    #[arg(long)]
    control: bool,
    /// Prints the table once more as Markdown, for docs/src/benchmarks.md.
    #[arg(long)]
    markdown: bool,
    /// sync, layers, app: only this scenario, stack or part, or those whose names begin like this; stops,
    /// rolling: only cases whose names hold this; may be given several times.
    #[arg(long)]
    only: Vec<String>,
    /// transport, layers, telemetry: how many requests are counted over; 0 leaves counting out.
    #[arg(long, default_value_t = 5000)]
    requests: u64,
    /// transport, telemetry: how long one throughput measurement lasts, in milliseconds.
    #[arg(long, default_value_t = 700)]
    millis: u64,
    /// transport, layers, telemetry: the allocator of Kit and of its peers in Rust.
    #[arg(long, value_enum, default_value = "system")]
    allocator: transport::Allocator,
    /// transport, telemetry: connections of the throughput measurement, each with one request at a time.
    #[arg(long, default_value_t = 16)]
    connections: usize,
    /// stops, rolling: how many stops or restarts each case has.
    #[arg(long, default_value_t = 20)]
    stops: usize,
    /// app: builds Kit's servers and the floor's from nothing as well, which takes minutes.
    #[arg(long)]
    build: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum What {
    /// `http`, `grpc`, `kratos` and `memory`
    Transport,
    /// An HTTP route on Kit against bare `axum::serve`, and against the usual crates
    Http,
    /// A gRPC method on Kit against bare tonic, and against the usual crates
    Grpc,
    /// Both against the same on Kratos, a framework in Go
    Kratos,
    /// The memory of connections, against bare axum and tonic, and against the usual crates
    Memory,
    /// What each layer costs, against bare axum and tonic, and against the usual layers
    Layers,
    /// What telemetry costs behind the standard layers, against none
    Telemetry,
    /// Groups, scopes and published values of kit-sync against their peers
    Sync,
    /// The requests that fail while a server under load is stopped and a successor takes over: Kit,
    /// `axum::serve`, axum-server and tonic
    Stops,
    /// The POSTs that fail while two servers behind nginx are restarted in turn: Kit, `axum::serve` and
    /// axum-server
    Rolling,
    /// A process as its orchestrator sees it: start, stop, memory and size of Kit, bare axum and tonic, the usual
    /// crates, tokio-graceful-shutdown and Kratos; fails when a bar is not met
    App,
}

pub(crate) fn run(options: &Options) -> Result {
    let rows = match options.what {
        What::Transport => transport::all(options)?,
        What::Http => transport::http(options)?,
        What::Grpc => transport::grpc(options)?,
        What::Kratos => transport::kratos(options)?,
        What::Memory => transport::memory(options)?,
        What::Layers => transport::layers(options)?,
        What::Telemetry => transport::telemetry(options)?,
        What::Sync => sync::measure(options)?,
        What::App => app::measure(options)?,
        // These count failures, and print separate tables.
        What::Stops => return handover::stops(options),
        What::Rolling => return handover::rolling(options),
    };
    println!();
    table::print(&rows);
    if options.markdown {
        println!();
        table::print_markdown(&rows);
    }
    match options.what {
        What::App if !options.control => Ok(table::judge(&rows)?),
        _ => Ok(()),
    }
}

/// Where logs, the tools' output files and binaries that cargo does not build go.
fn folder() -> io::Result<PathBuf> {
    let folder = target().join("bench");
    fs::create_dir_all(&folder)?;
    Ok(folder)
}
