//! `cargo xtask bench`: Kit against its peers, measured so that a noisy machine cannot lie.
//!
//! What must be tight is counted (instructions, system calls), because counts hardly vary from run
//! to run; times are compared in alternating rounds, beside a control of the peer against itself.

mod count;
mod http;
mod rounds;
mod stats;
mod sync;
mod table;

use std::fs;
use std::io;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::Result;
use crate::cargo::target;

#[derive(Args)]
pub(crate) struct Options {
    /// What to compare.
    #[arg(value_enum, default_value = "http")]
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
    /// http: how many requests are counted over; 0 leaves counting out.
    #[arg(long, default_value_t = 5000)]
    requests: u64,
    /// http: how long one throughput measurement lasts, in milliseconds.
    #[arg(long, default_value_t = 700)]
    millis: u64,
    /// http: connections of the throughput measurement, each with one request at a time.
    #[arg(long, default_value_t = 16)]
    connections: usize,
}

#[derive(Clone, Copy, ValueEnum)]
enum What {
    /// helloworld's HTTP route against the same route on bare `axum::serve`
    Http,
    /// Groups, scopes and published values of kit-sync against their peers
    Sync,
}

pub(crate) fn run(options: &Options) -> Result {
    let rows = match options.what {
        What::Http => http::measure(options)?,
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

/// Where logs, the tools' output files and what is built besides cargo's things go.
fn folder() -> io::Result<PathBuf> {
    let folder = target().join("bench");
    fs::create_dir_all(&folder)?;
    Ok(folder)
}
