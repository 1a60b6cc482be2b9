//! Kit's servers without layers against bare axum and tonic, the usual crates, and Kratos.

mod client;
mod connections;
mod counted;
mod http1;
mod http2;
mod layers;
mod load;
pub(super) mod programs;
mod telemetry;

use std::time::Duration;

use self::client::{Protocol, Shape};
use self::load::{Figure, Load, Rounds};
use super::Options;
use super::table::{Bar, Row};
use crate::Result;
use crate::server::Program;

pub(super) use self::client::Connection;
pub(super) use self::connections::allow_files;
pub(super) use self::http1::Http1;
pub(super) use self::http2::Grpc;
pub(super) use self::layers::measure as layers;
pub(super) use self::programs::Allocator;
pub(super) use self::telemetry::measure as telemetry;

/// Requests in flight on each connection, where a row says that there are several.
const STREAMS: u32 = 8;

/// The programs that take turns, and the names of the peers in the table.
struct Sides {
    peer: (&'static str, Program),
    ours: Program,
    beside: (&'static str, Program),
}

/// Both protocols against all peers, and the memory of connections.
pub(super) fn all(options: &Options) -> Result<Vec<Row>> {
    let mut rows = http(options)?;
    rows.extend(grpc(options)?);
    rows.extend(kratos(options)?);
    rows.extend(memory(options)?);
    Ok(rows)
}

/// The HTTP route against bare axum and against the usual crates.
pub(super) fn http(options: &Options) -> Result<Vec<Row>> {
    against_rust(options, Protocol::Http, &[1])
}

/// The gRPC method against bare tonic and against the usual crates.
pub(super) fn grpc(options: &Options) -> Result<Vec<Row>> {
    against_rust(options, Protocol::Grpc, &[1, STREAMS])
}

/// Memory of connections, against bare axum and tonic and against the usual crates.
pub(super) fn memory(options: &Options) -> Result<Vec<Row>> {
    connections::rows(&rust_sides(options)?)
}

fn against_rust(options: &Options, protocol: Protocol, streams: &[u32]) -> Result<Vec<Row>> {
    let sides = rust_sides(options)?;
    let mut rows = Vec::new();
    if options.requests > 0 {
        for &streams in streams {
            rows.extend(counted::rows(&sides, protocol, streams, options.requests)?);
        }
    }
    if options.pairs > 0 {
        for &streams in streams {
            let load = load(options, protocol, streams);
            let rounds = Rounds::run(load, &sides)?;
            rows.extend(rust_rows(&rounds));
        }
    }
    Ok(rows)
}

fn rust_sides(options: &Options) -> Result<Sides> {
    let allocator = options.allocator;
    Ok(Sides {
        peer: ("floor", programs::floor(allocator)?),
        ours: ours(options, || programs::floor(allocator))?,
        beside: ("equal", programs::equal(allocator)?),
    })
}

/// The HTTP route and the gRPC method against the same on Kratos, with the floor in the same rounds:
/// how far ahead of Go Rust is depends on the machine, and what the floor reaches says how far.
pub(super) fn kratos(options: &Options) -> Result<Vec<Row>> {
    let loads = [
        (Protocol::Http, 1),
        (Protocol::Grpc, 1),
        (Protocol::Grpc, STREAMS),
    ];
    let peer = match programs::kratos() {
        Ok(peer) => peer,
        Err(why) => {
            eprintln!("xtask: NOT MEASURED: Kit / Kratos: {why}");
            let rows = loads.map(|(protocol, streams)| Row {
                name: name(protocol, streams, "Kratos", "requests per CPU second"),
                figures: Err(why.to_string()),
                bar: Some(Bar::Aim(1.0)),
            });
            return Ok(rows.into());
        }
    };
    let sides = Sides {
        peer: ("Kratos", peer),
        ours: ours(options, programs::kratos)?,
        beside: ("floor", programs::floor(options.allocator)?),
    };
    let mut rows = Vec::new();
    if options.pairs > 0 {
        for (protocol, streams) in loads {
            let rounds = Rounds::run(load(options, protocol, streams), &sides)?;
            rows.extend(kratos_rows(&rounds));
        }
    }
    Ok(rows)
}

/// Kit's side, or the peer once more where that is asked for.
fn ours(options: &Options, peer: impl FnOnce() -> Result<Program>) -> Result<Program> {
    if options.control {
        peer()
    } else {
        programs::kit(options.allocator)
    }
}

/// `gRPC: Kit / floor, 8 at once: throughput`.
fn name(protocol: Protocol, streams: u32, peer: &str, what: &str) -> String {
    let protocol = match protocol {
        Protocol::Http => "HTTP",
        Protocol::Grpc => "gRPC",
    };
    match streams {
        1 => format!("{protocol}: Kit / {peer}: {what}"),
        _ => format!("{protocol}: Kit / {peer}, {streams} at once: {what}"),
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

fn rust_rows(rounds: &Rounds) -> Vec<Row> {
    let figures: [(&str, Figure, Option<Bar>); 5] = [
        (
            "throughput, requests/s",
            |seen| seen.throughput,
            Some(Bar::AtLeast(0.97)),
        ),
        (
            "server CPU per request, us",
            |seen| 1e6 / seen.per_cpu,
            None,
        ),
        ("latency p99, us", |seen| seen.p99, None),
        ("resident memory idle, MiB", |seen| seen.idle, None),
        ("resident memory under load, MiB", |seen| seen.loaded, None),
    ];
    let floor = figures.map(|(what, figure, bar)| rounds.row(what, figure, bar));
    let equal = figures.map(|(what, figure, _)| rounds.row_beside(what, figure));
    floor.into_iter().chain(equal).collect()
}

fn kratos_rows(rounds: &Rounds) -> Vec<Row> {
    let speeds: [(&str, Figure); 2] = [
        ("requests per CPU second", |seen| seen.per_cpu),
        ("throughput, requests/s", |seen| seen.throughput),
    ];
    let others: [(&str, Figure, Option<Bar>); 5] = [
        ("latency p50, us", |seen| seen.p50, None),
        ("latency p99, us", |seen| seen.p99, None),
        (
            "resident memory idle, MiB",
            |seen| seen.idle,
            Some(Bar::AtMost(0.46)),
        ),
        (
            "resident memory under load, MiB",
            |seen| seen.loaded,
            Some(Bar::AtMost(0.38)),
        ),
        ("of which no pages of files, MiB", |seen| seen.own, None),
    ];
    let mut rows = Vec::new();
    for (what, figure) in speeds {
        rows.push(rounds.row(what, figure, Some(Bar::Aim(1.0))));
        rows.push(rounds.row_reached(what, figure, Bar::AtLeast(0.97)));
    }
    rows.extend(others.map(|(what, figure, bar)| rounds.row(what, figure, bar)));
    rows
}

#[cfg(test)]
mod tests {
    use super::client::Protocol;
    use super::name;

    #[test]
    fn a_row_names_protocol_peer_and_load() {
        let one = name(Protocol::Http, 1, "floor", "throughput");
        assert_eq!(one, "HTTP: Kit / floor: throughput");
        let eight = name(Protocol::Grpc, 8, "Kratos", "throughput");
        assert_eq!(eight, "gRPC: Kit / Kratos, 8 at once: throughput");
    }
}
