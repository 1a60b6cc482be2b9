//! Throughput in alternating rounds.

use std::thread;
use std::time::Duration;

use super::client;
use super::server::Program;
use crate::Result;
use crate::bench::rounds::{Who, boil_down, round};
use crate::bench::stats::{p99, ratio};
use crate::bench::table::{Bar, Row};

/// How the load is put on.
pub(super) struct Load {
    pub(super) pairs: usize,
    pub(super) duration: Duration,
    pub(super) connections: usize,
}

struct Seen {
    throughput: f64,
    cpu: f64,
    p99: f64,
}

/// Runs the rounds and boils them down to the rows of the table.
pub(super) fn measure(load: &Load, twin: &Program, kit: &Program) -> Result<Vec<Row>> {
    let mut rounds = Vec::new();
    for number in 0..load.pairs {
        let seen = round(number, |who| match who {
            Who::Peer => once(load, twin),
            Who::Ours => once(load, kit),
        })?;
        println!(
            "==> pair {} of {}: {:.3} (control {:.3})",
            number + 1,
            load.pairs,
            ratio(seen.ours.throughput, seen.peer.throughput),
            ratio(seen.control.throughput, seen.peer.throughput),
        );
        rounds.push(seen);
    }
    let row = |name: &str, figure: fn(&Seen) -> f64, bar| Row {
        name: name.to_owned(),
        figures: Ok(boil_down(&rounds, figure)),
        bar,
    };
    Ok(vec![
        row(
            "throughput, requests/s",
            |seen| seen.throughput,
            Some(Bar::AtLeast(0.95)),
        ),
        row("server CPU per request, us", |seen| seen.cpu, None),
        row("latency p99, us", |seen| seen.p99, None),
    ])
}

/// A process of its own for each measurement: memory laid out luckily favours nobody for long.
fn once(load: &Load, program: &Program) -> Result<Seen> {
    let server = program.start(&[])?;
    client::concurrent(server.address, load.connections, load.duration / 7)?;
    let before = server.cpu();
    let mut seen = client::concurrent(server.address, load.connections, load.duration)?;
    let cpu = server
        .cpu()
        .zip(before)
        .map(|(after, before)| after - before);
    server.stop()?;
    // What the kernel still has to clean up is not the next one's to pay.
    thread::sleep(Duration::from_millis(20));
    let requests = seen.requests as f64;
    Ok(Seen {
        throughput: requests / load.duration.as_secs_f64(),
        cpu: cpu.map_or(f64::NAN, |cpu| cpu.as_secs_f64() * 1e6 / requests),
        p99: p99(&mut seen.latencies),
    })
}
