//! `cargo xtask bench`: Kit against its peers, measured so that a noisy machine cannot lie.
//!
//! Instructions and system calls per request are counted, because they hardly vary from run to
//! run; throughput is compared in alternating pairs, beside a control of the peer against itself.

mod client;
mod count;
mod pairs;
mod server;
mod stats;
mod table;

use std::time::Duration;

use clap::{Args, ValueEnum};

use self::count::Counter;
use self::server::Program;
use self::stats::ratio;
use self::table::{Bar, Row};
use crate::Result;
use crate::cargo::{cargo, run as run_command};

#[derive(Args)]
pub(crate) struct Options {
    /// What to compare.
    #[arg(value_enum, default_value = "http")]
    what: What,
    /// How many alternating pairs the throughput is measured in; 0 leaves it out.
    #[arg(long, default_value_t = 20)]
    pairs: usize,
    /// How many requests the instructions and system calls are counted over; 0 leaves them out.
    #[arg(long, default_value_t = 5000)]
    requests: u64,
    /// How long one throughput measurement lasts, in milliseconds.
    #[arg(long, default_value_t = 700)]
    millis: u64,
    /// Connections of the throughput measurement, each with one request at a time.
    #[arg(long, default_value_t = 16)]
    connections: usize,
    /// Puts the peer in Kit's place: what this machine tells apart where nothing differs.
    #[arg(long)]
    control: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum What {
    /// helloworld's HTTP route against the same route on bare `axum::serve`
    Http,
}

pub(crate) fn run(options: &Options) -> Result {
    match options.what {
        What::Http => http(options),
    }
}

fn http(options: &Options) -> Result {
    let twin = Program::twin();
    let kit = if options.control {
        Program::twin()
    } else {
        Program::helloworld()
    };
    // One by one: built together, each would get the features of the other as well.
    run_command(cargo().args(["build", "--release", "-p", twin.name]))?;
    run_command(cargo().args(["build", "--release", "-p", kit.name]))?;

    let mut rows = Vec::new();
    if options.requests > 0 {
        rows.push(counted(Counter::Instructions, &twin, &kit, options, 1.05)?);
        rows.push(counted(Counter::SystemCalls, &twin, &kit, options, 1.00)?);
    }
    if options.pairs > 0 {
        let load = pairs::Load {
            pairs: options.pairs,
            duration: Duration::from_millis(options.millis),
            connections: options.connections,
        };
        rows.extend(pairs::measure(&load, &twin, &kit)?);
    }
    println!("\n{} against {}, GET {}", kit.name, twin.name, client::PATH);
    table::print(&rows);
    Ok(())
}

fn counted(
    counter: Counter,
    twin: &Program,
    kit: &Program,
    options: &Options,
    bar: f64,
) -> Result<Row> {
    let name = counter.describe();
    println!("==> {name}: {} requests each", options.requests);
    let peer = counter.per_request(twin, options.requests)?;
    let again = counter.per_request(twin, options.requests)?;
    let ours = counter.per_request(kit, options.requests)?;
    Ok(Row {
        name,
        peer,
        ours,
        ratio: ratio(ours, peer),
        spread: None,
        control: ratio(again, peer),
        bar: Some(Bar::AtMost(bar)),
    })
}
