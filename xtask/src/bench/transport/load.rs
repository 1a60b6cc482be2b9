//! Load in alternating rounds.

use std::thread;
use std::time::Duration;

use super::client::{self, Protocol, Shape};
use crate::Result;
use crate::bench::folder;
use crate::bench::rounds::{Round, Turn, boil_down, round};
use crate::bench::stats::{percentile, ratio};
use crate::bench::table::{Bar, Row};
use crate::server::{Memory, Program, Server};

/// A server without requests has come to rest after this time.
const REST: Duration = Duration::from_millis(100);

/// How the load is put on.
#[derive(Clone, Copy)]
pub(super) struct Load {
    pub(super) protocol: Protocol,
    pub(super) shape: Shape,
    pub(super) pairs: usize,
    pub(super) duration: Duration,
}

/// What one side did under load, or kept in memory.
pub(super) struct Seen {
    pub(super) throughput: f64,
    /// Requests for each second of the server's CPU time.
    pub(super) per_cpu: f64,
    pub(super) p50: f64,
    pub(super) p99: f64,
    /// Resident memory in MiB: before the load, the most until its end, and what of that was the
    /// process's own and no page of a file.
    pub(super) idle: f64,
    pub(super) loaded: f64,
    pub(super) own: f64,
}

/// All rounds of one load.
pub(super) struct Rounds {
    name: String,
    rounds: Vec<Round<Seen>>,
}

impl Rounds {
    pub(super) fn run(name: &str, load: Load, peer: &Program, ours: &Program) -> Result<Self> {
        let mut rounds = Vec::new();
        for number in 0..load.pairs {
            let seen = round(number, |turn| match turn {
                Turn::Peer => once(load, peer),
                Turn::Ours => once(load, ours),
            })?;
            println!(
                "==> {name}: pair {} of {}: {:.3} (control {:.3})",
                number + 1,
                load.pairs,
                ratio(seen.ours.throughput, seen.peer.throughput),
                ratio(seen.control.throughput, seen.peer.throughput),
            );
            rounds.push(seen);
        }
        let name = name.to_owned();
        Ok(Self { name, rounds })
    }

    pub(super) fn row(&self, what: &str, figure: fn(&Seen) -> f64, bar: Option<Bar>) -> Row {
        Row {
            name: format!("{}: {what}", self.name),
            figures: Ok(boil_down(&self.rounds, figure)),
            bar,
        }
    }
}

/// Measures in a fresh process: a lucky layout of memory lasts for one measurement only.
fn once(load: Load, program: &Program) -> Result<Seen> {
    let server = program.start(&[], &folder()?, load.protocol.name())?;
    thread::sleep(REST);
    let idle = server.memory().map_or(f64::NAN, |memory| memory.resident);
    let put_on = |duration| client::concurrent(load.protocol, server.address, load.shape, duration);
    put_on(load.duration / 7)?;
    let before = server.cpu();
    let mut seen = put_on(load.duration)?;
    let cpu = cpu_since(&server, before);
    let memory = server.memory();
    let kept = |figure: fn(&Memory) -> f64| memory.as_ref().map_or(f64::NAN, figure);
    let (loaded, own) = (
        kept(|memory| memory.most_resident),
        kept(|memory| memory.own),
    );
    server.stop()?;
    // What the kernel still has to clean up is not the next one's to pay.
    thread::sleep(Duration::from_millis(20));
    let requests = seen.requests as f64;
    Ok(Seen {
        throughput: requests / load.duration.as_secs_f64(),
        per_cpu: requests / cpu,
        p50: percentile(&mut seen.latencies, 50),
        p99: percentile(&mut seen.latencies, 99),
        idle,
        loaded,
        own,
    })
}

fn cpu_since(server: &Server, before: Option<Duration>) -> f64 {
    let spent = server.cpu().zip(before);
    spent.map_or(f64::NAN, |(after, before)| (after - before).as_secs_f64())
}
