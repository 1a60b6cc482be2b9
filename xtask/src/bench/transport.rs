//! helloworld against the same routes on bare axum, bare tonic, and Kratos.

mod client;
mod http1;
mod http2;
mod load;
mod programs;

use std::time::Duration;

use self::client::{Protocol, Shape};
use self::load::{Load, Rounds};
use super::count::Counter;
use super::table::{Bar, Figures, Row};
use super::{Options, folder};
use crate::Result;
use crate::server::Program;

/// Requests in flight on each connection, where a row says that there are several.
const STREAMS: u32 = 8;

/// helloworld's HTTP route against the same route on bare `axum::serve`.
pub(super) fn http(options: &Options) -> Result<Vec<Row>> {
    let twin = programs::twin(Protocol::Http)?;
    let kit = ours(options, || programs::twin(Protocol::Http))?;
    let name = "HTTP: Kit / axum";
    let counted = |counter, bar| {
        let sides = (&twin, &kit);
        counted(name, counter, Protocol::Http, sides, options, Some(bar))
    };
    let mut rows = Vec::new();
    if options.requests > 0 {
        rows.push(counted(Counter::Instructions, Bar::AtMost(1.05))?);
        rows.push(counted(Counter::SystemCalls, Bar::AtMost(1.00))?);
    }
    if options.pairs > 0 {
        let load = load(options, Protocol::Http, 1);
        let rounds = Rounds::run(name, load, &twin, &kit)?;
        rows.extend(twin_rows(&rounds));
    }
    Ok(rows)
}

/// helloworld's gRPC method against the same method on bare tonic.
pub(super) fn grpc(options: &Options) -> Result<Vec<Row>> {
    let twin = programs::twin(Protocol::Grpc)?;
    let kit = ours(options, || programs::twin(Protocol::Grpc))?;
    let name = "gRPC: Kit / tonic";
    let counted = |counter, bar| {
        let sides = (&twin, &kit);
        counted(name, counter, Protocol::Grpc, sides, options, bar)
    };
    let mut rows = Vec::new();
    if options.requests > 0 {
        rows.push(counted(Counter::Instructions, Some(Bar::AtMost(1.05)))?);
        rows.push(counted(Counter::SystemCalls, None)?);
    }
    if options.pairs > 0 {
        for streams in [1, STREAMS] {
            let load = load(options, Protocol::Grpc, streams);
            let rounds = Rounds::run(&at_once(name, streams), load, &twin, &kit)?;
            rows.extend(twin_rows(&rounds));
        }
    }
    Ok(rows)
}

/// helloworld against the same routes on Kratos.
pub(super) fn kratos(options: &Options) -> Result<Vec<Row>> {
    let comparisons = [
        ("HTTP: Kit / Kratos", Protocol::Http, 1, 2.5),
        ("gRPC: Kit / Kratos", Protocol::Grpc, 1, 1.8),
        ("gRPC: Kit / Kratos", Protocol::Grpc, STREAMS, 1.8),
    ];
    let peer = match programs::kratos() {
        Ok(peer) => peer,
        Err(why) => {
            eprintln!("xtask: NOT MEASURED: Kit / Kratos: {why}");
            let rows = comparisons.map(|(name, _, streams, bar)| Row {
                name: format!("{}: requests per CPU second", at_once(name, streams)),
                figures: Err(why.to_string()),
                bar: Some(Bar::AtLeast(bar)),
            });
            return Ok(rows.into());
        }
    };
    let kit = ours(options, programs::kratos)?;
    let mut rows = Vec::new();
    if options.pairs > 0 {
        for (name, protocol, streams, bar) in comparisons {
            let load = load(options, protocol, streams);
            let rounds = Rounds::run(&at_once(name, streams), load, &peer, &kit)?;
            rows.extend(kratos_rows(&rounds, bar));
        }
    }
    Ok(rows)
}

/// Kit's side, or the peer once more where that is asked for.
fn ours(options: &Options, peer: impl FnOnce() -> Result<Program>) -> Result<Program> {
    if options.control {
        peer()
    } else {
        programs::helloworld()
    }
}

fn at_once(name: &str, streams: u32) -> String {
    match streams {
        1 => name.to_owned(),
        _ => format!("{name}, {streams} at once"),
    }
}

fn load(options: &Options, protocol: Protocol, streams: u32) -> Load {
    let connections = options.connections;
    Load {
        protocol,
        shape: Shape {
            connections,
            streams,
        },
        pairs: options.pairs,
        duration: Duration::from_millis(options.millis),
    }
}

fn twin_rows(rounds: &Rounds) -> Vec<Row> {
    let bar = Some(Bar::AtLeast(0.95));
    vec![
        rounds.row("throughput, requests/s", |seen| seen.throughput, bar),
        rounds.row(
            "server CPU per request, us",
            |seen| 1e6 / seen.per_cpu,
            None,
        ),
        rounds.row("latency p99, us", |seen| seen.p99, None),
    ]
}

fn kratos_rows(rounds: &Rounds, bar: f64) -> Vec<Row> {
    let (at_least, at_most) = (Bar::AtLeast, Bar::AtMost);
    vec![
        rounds.row(
            "requests per CPU second",
            |seen| seen.per_cpu,
            Some(at_least(bar)),
        ),
        rounds.row("throughput, requests/s", |seen| seen.throughput, None),
        rounds.row("latency p50, us", |seen| seen.p50, None),
        rounds.row("latency p99, us", |seen| seen.p99, None),
        rounds.row(
            "resident memory idle, MiB",
            |seen| seen.idle,
            Some(at_most(0.5)),
        ),
        rounds.row(
            "resident memory under load, MiB",
            |seen| seen.loaded,
            Some(at_most(0.35)),
        ),
        rounds.row("of which no pages of files, MiB", |seen| seen.own, None),
    ]
}

fn counted(
    name: &str,
    counter: Counter,
    protocol: Protocol,
    (peer, ours): (&Program, &Program),
    options: &Options,
    bar: Option<Bar>,
) -> Result<Row> {
    let name = format!("{name}: {} per request", counter.describe());
    println!("==> {name}: {} requests each", options.requests);
    let per_request = |program: &Program| {
        let folder = folder()?;
        let out = folder.join(format!("{}.count", program.name));
        counter.per_operation(options.requests, &out, |tool, requests| {
            let server = program.start(tool, &folder, protocol.name())?;
            client::serial(protocol, server.address, requests)?;
            server.stop()
        })
    };
    let figures = Figures::counted(per_request(peer)?, per_request(ours)?, per_request(peer)?);
    Ok(Row {
        name,
        figures: Ok(figures),
        bar,
    })
}
