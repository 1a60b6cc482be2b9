//! What each layer costs a request: Kit's stacks, and the usual layers on bare axum and tonic.

mod stacks;
mod table;

use self::stacks::{STACKS, Stack};
use self::table::Line;
use super::client::{self, Protocol};
use super::programs;
use crate::Result;
use crate::bench::count::{Cost, cost};
use crate::bench::stats::ratio;
use crate::bench::table::{Bar, Figures, Row};
use crate::bench::{Options, folder};
use crate::server::Program;

/// Counts and prints what all stacks cost, and gives the rows that have bars.
///
/// The floor is the bare side of the same program. It is counted before the stacks and behind them: what
/// differs between the two is the control of all rows.
pub(crate) fn measure(options: &Options) -> Result<Vec<Row>> {
    let ours = programs::layers(options.allocator)?;
    let is_wanted = |stack: &&Stack| {
        let only = &options.only;
        only.is_empty() || stack.is_base() || only.iter().any(|only| stack.name.starts_with(only))
    };
    let floor = STACKS[0].usual(&ours).ok_or("there is no bare side")?;
    let stacks: Vec<_> = STACKS.iter().filter(is_wanted).collect();
    let mut tables = Vec::new();
    let mut rows = Vec::new();
    for protocol in [Protocol::Http, Protocol::Grpc] {
        let count = |program: &Program, what: &str| {
            println!("==> {}: {what}", label(protocol));
            one(program, protocol, options.requests)
        };
        let before = count(&floor, "the floor")?;
        let mut lines = Vec::new();
        for stack in &stacks {
            let kit = count(&stack.kit(&ours), stack.name)?;
            let usual = stack.usual(&ours).map(|program| {
                let what = format!("{}, the usual layers", stack.name);
                count(&program, &what)
            });
            lines.push(Line {
                stack,
                kit,
                usual: usual.transpose()?,
            });
        }
        let control = ratio(
            count(&floor, "the floor")?.instructions,
            before.instructions,
        );
        rows.extend(bars(protocol, &before, &lines, control));
        tables.push((protocol, before, lines));
    }
    for (protocol, floor, lines) in &tables {
        table::print(label(*protocol), floor, lines, options.markdown);
    }
    Ok(rows)
}

/// In rows and heads.
fn label(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Http => "HTTP",
        Protocol::Grpc => "gRPC",
    }
}

/// What one request costs, counted on one connection that is kept.
fn one(program: &Program, protocol: Protocol, requests: u64) -> Result<Cost> {
    let folder = folder()?;
    let out = folder.join(format!("{}.count", program.name));
    cost(requests, &out, |tool, requests| {
        let server = program.start(tool, &folder, protocol.name())?;
        client::serial(protocol, server.address, requests, 1)?;
        server.stop()
    })
}

/// The rows of the stacks that must not cost more than something.
fn bars(protocol: Protocol, floor: &Cost, lines: &[Line<'_>], control: f64) -> Vec<Row> {
    let kit = |name: &str| {
        let line = lines.iter().find(|line| line.stack.name == name);
        line.map(|line| &line.kit)
    };
    let row = |what: &str, peer: f64, ours: f64, bar| Row {
        name: format!("{}: {what}", label(protocol)),
        figures: Ok(Figures::of(peer, ours, control)),
        bar: Some(bar),
    };
    let mut rows = Vec::new();
    for line in lines {
        let cost = &line.kit;
        let name = line.stack.name;
        if let Some((against, more)) = line.stack.allocations
            && let Some(peer) = kit(against)
            && (against != "none" || matches!(protocol, Protocol::Http))
        {
            let what = format!("{name} / {against}: allocations per request");
            let bar = Bar::MoreByAtMost(more);
            rows.push(row(&what, peer.allocations, cost.allocations, bar));
        }
        if line.stack.is_standard && matches!(protocol, Protocol::Http) {
            let what = format!("{name} / floor: instructions per request");
            let bar = Bar::AtMost(1.30);
            rows.push(row(&what, floor.instructions, cost.instructions, bar));
            if let Some(usual) = &line.usual {
                let what = format!("{name} / the usual layers: instructions per request");
                let bar = Bar::AtMost(1.0);
                rows.push(row(&what, usual.instructions, cost.instructions, bar));
            }
        }
    }
    rows
}
