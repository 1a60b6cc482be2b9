//! What telemetry costs a request behind the standard layers.

mod receiver;
mod sides;

use std::net::TcpListener;
use std::time::Duration;

use self::receiver::Receiver;
use self::sides::{Collector, SIDES, Side};
use super::client::{self, Protocol, Shape};
use super::load::{Load, Rounds};
use super::{Sides, programs};
use crate::Result;
use crate::bench::count::{Cost, cost};
use crate::bench::stats::ratio;
use crate::bench::table::{Bar, Figures, Row};
use crate::bench::{Options, folder};
use crate::server::Program;

/// Counts a request with each part of telemetry against one without any, and times the whole against none.
///
/// The collector is in this process, as the client is. The one without telemetry is counted before all others and
/// behind them: what differs between the two is the control of all rows.
pub(crate) fn measure(options: &Options) -> Result<Vec<Row>> {
    let program = programs::telemetry(options.allocator)?;
    let receiver = Receiver::start()?;
    // Accepts, by its backlog, and never answers.
    let silent = TcpListener::bind("127.0.0.1:0")?;
    let collector = |collector| match collector {
        Collector::Answers => receiver.address().to_string(),
        Collector::Hangs => silent
            .local_addr()
            .map_or_else(|error| error.to_string(), |address| address.to_string()),
    };
    let mut rows = Vec::new();
    if options.requests > 0 {
        rows.extend(counted(options, &program, collector)?);
    }
    if options.pairs > 0 {
        rows.extend(timed(options, &program, collector)?);
    }
    if options.control {
        println!("The control of these rows is the program without telemetry against itself.");
    }
    Ok(rows)
}

/// A row for the instructions of each side and one for its allocations, all against the program without telemetry
/// as it was counted first.
fn counted(
    options: &Options,
    program: &Program,
    collector: impl Fn(Collector) -> String,
) -> Result<Vec<Row>> {
    let count = |program: &Program, what: &str| {
        println!("==> HTTP: {what}");
        one(program, options.requests)
    };
    let none = count(program, "no telemetry")?;
    let mut costs = Vec::new();
    for side in &SIDES {
        costs.push((side, count(&side.program(program, &collector), side.name)?));
    }
    let again = count(program, "no telemetry")?;
    let mut rows = Vec::new();
    for (side, cost) in costs {
        let row = |what: &str, figure: fn(&Cost) -> f64, bar| {
            let control = ratio(figure(&again), figure(&none));
            Row {
                name: format!("HTTP: {} / no telemetry: {what} per request", side.name),
                figures: Ok(Figures::of(figure(&none), figure(&cost), control)),
                bar,
            }
        };
        rows.push(row("instructions", |cost| cost.instructions, None));
        let most = side.allocations.map(Bar::MoreByAtMost);
        rows.push(row("allocations", |cost| cost.allocations, most));
    }
    Ok(rows)
}

/// All of telemetry against none, in alternating rounds. The side whose collector hangs has its turn in the same
/// rounds: a full queue must not slow requests.
fn timed(
    options: &Options,
    program: &Program,
    collector: impl Fn(Collector) -> String,
) -> Result<Vec<Row>> {
    let side = |side: &Side| side.program(program, &collector);
    let [.., hangs] = &SIDES;
    let sides = Sides {
        peer: ("no telemetry", program.clone()),
        ours: side(sides::all()),
        beside: ("a collector that hangs", side(hangs)),
    };
    let load = Load {
        protocol: Protocol::Http,
        shape: Shape {
            connections: options.connections,
            streams: 1,
        },
        pairs: options.pairs,
        duration: Duration::from_millis(options.millis),
    };
    let rounds = Rounds::run(load, &sides)?;
    Ok(vec![
        rounds.row("throughput, requests/s", |seen| seen.throughput, None),
        rounds.row(
            "server CPU per request, us",
            |seen| 1e6 / seen.per_cpu,
            None,
        ),
        rounds.row("resident memory under load, MiB", |seen| seen.loaded, None),
        rounds.row_beside("throughput, requests/s", |seen| seen.throughput),
    ])
}

/// What one request costs, counted on one connection that is kept; what the threads of telemetry do for it is in
/// that.
fn one(program: &Program, requests: u64) -> Result<Cost> {
    let folder = folder()?;
    let out = folder.join(format!("{}.count", program.name));
    cost(requests, &out, |tool, requests| {
        let server = program.start(tool, &folder, Protocol::Http.name())?;
        client::serial(Protocol::Http, server.address, requests, 1)?;
        server.stop()
    })
}
