//! `cargo xtask bench`: Kit against its peers, measured so that a noisy machine cannot lie.
//!
//! What must be tight is counted (instructions, system calls), because counts hardly vary from run
//! to run; times are compared in alternating rounds, beside a control of the peer against itself.

mod count;
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
    /// sync: only this scenario, or those whose names begin like this; may be given several times.
    #[arg(long)]
    only: Vec<String>,
    /// transport: how many requests are counted over; 0 leaves counting out.
    #[arg(long, default_value_t = 5000)]
    requests: u64,
    /// transport: how long one throughput measurement lasts, in milliseconds.
    #[arg(long, default_value_t = 700)]
    millis: u64,
    /// transport: connections of the throughput measurement, each with one request at a time.
    #[arg(long, default_value_t = 16)]
    connections: usize,
}

#[derive(Clone, Copy, ValueEnum)]
enum What {
    /// `http`, `grpc` and `kratos`
    Transport,
    /// helloworld's HTTP route against the same route on bare `axum::serve`
    Http,
    /// helloworld's gRPC method against the same method on bare tonic
    Grpc,
    /// Both against the same routes on Kratos, a framework in Go
    Kratos,
    /// Groups, scopes and published values of kit-sync against their peers
    Sync,
}

pub(crate) fn run(options: &Options) -> Result {
    let rows = match options.what {
        What::Transport => {
            let mut rows = transport::http(options)?;
            rows.extend(transport::grpc(options)?);
            rows.extend(transport::kratos(options)?);
            rows
        }
        What::Http => transport::http(options)?,
        What::Grpc => transport::grpc(options)?,
        What::Kratos => transport::kratos(options)?,
        What::Sync => sync::measure(options)?,
    };
    println!();
    table::print(&rows);
    if options.markdown {
        println!();
        table::print_markdown(&rows);
    }
    Ok(())
}

/// Where logs, the tools' output files and binaries that cargo does not build go.
fn folder() -> io::Result<PathBuf> {
    let folder = target().join("bench");
    fs::create_dir_all(&folder)?;
    Ok(folder)
}
