//! What one request costs, counted on one connection that is kept.

use super::client::{self, Protocol};
use super::{Sides, name};
use crate::Result;
use crate::bench::count::{cost, system_calls};
use crate::bench::folder;
use crate::bench::stats::ratio;
use crate::bench::table::{Bar, Figures, Row};
use crate::server::Program;

/// The costs of one request, each the average over all.
struct Costs {
    instructions: f64,
    allocations: f64,
    system_calls: f64,
}

type Count = fn(&Costs) -> f64;

/// Rows against the peer and against the one beside it. The peer is counted twice: what differs
/// between the two is the control of all rows.
pub(super) fn rows(
    sides: &Sides,
    protocol: Protocol,
    streams: u32,
    requests: u64,
) -> Result<Vec<Row>> {
    let counted = |program: &Program| {
        let what = format!("{requests} requests to {}", program.name);
        println!("==> {}", name(protocol, streams, sides.peer.0, &what));
        costs(program, protocol, streams, requests)
    };
    let (peer, ours) = (counted(&sides.peer.1)?, counted(&sides.ours)?);
    let (beside, again) = (counted(&sides.beside.1)?, counted(&sides.peer.1)?);

    let figures: [(&str, Count); 3] = [
        ("instructions", |costs| costs.instructions),
        ("allocations", |costs| costs.allocations),
        ("system calls", |costs| costs.system_calls),
    ];
    let mut rows = Vec::new();
    for ((against, costs), bars) in [
        ((sides.peer.0, &peer), bars(protocol)),
        (
            (sides.beside.0, &beside),
            [Some(Bar::AtMost(1.0)), None, None],
        ),
    ] {
        for ((what, figure), bar) in figures.into_iter().zip(bars) {
            let what = format!("{what} per request");
            let control = ratio(figure(&again), figure(&peer));
            rows.push(Row {
                name: name(protocol, streams, against, &what),
                figures: Ok(Figures::of(figure(costs), figure(&ours), control)),
                bar,
            });
        }
    }
    Ok(rows)
}

/// Of instructions, allocations and system calls, against the floor.
fn bars(protocol: Protocol) -> [Option<Bar>; 3] {
    let instructions = Some(Bar::AtMost(1.06));
    match protocol {
        Protocol::Http => [
            instructions,
            Some(Bar::MoreByAtMost(2.0)),
            Some(Bar::AtMost(1.0)),
        ],
        Protocol::Grpc => [instructions, None, None],
    }
}

fn costs(program: &Program, protocol: Protocol, streams: u32, requests: u64) -> Result<Costs> {
    let folder = folder()?;
    let out = folder.join(format!("{}.count", program.name));
    let run = |tool: &[String], requests| {
        let server = program.start(tool, &folder, protocol.name())?;
        client::serial(protocol, server.address, requests, streams)?;
        server.stop()
    };
    let cost = cost(requests, &out, run)?;
    Ok(Costs {
        instructions: cost.instructions,
        allocations: cost.allocations,
        system_calls: system_calls(requests, &out, run)?,
    })
}
