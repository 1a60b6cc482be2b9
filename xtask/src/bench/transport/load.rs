//! Load in alternating rounds.

use std::thread;
use std::time::Duration;

use super::client::{self, Protocol, Shape};
use super::{Sides, name};
use crate::Result;
use crate::bench::folder;
use crate::bench::rounds::{
    Round, Turn, boil_down, boil_down_beside, boil_down_reached, round_with_two_peers,
};
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

/// One of the figures of [`Seen`].
pub(super) type Figure = fn(&Seen) -> f64;

/// All rounds of one load.
pub(super) struct Rounds {
    load: Load,
    peer: &'static str,
    beside: &'static str,
    rounds: Vec<Round<Seen>>,
}

impl Rounds {
    pub(super) fn run(load: Load, sides: &Sides) -> Result<Self> {
        let mut this = Self {
            load,
            peer: sides.peer.0,
            beside: sides.beside.0,
            rounds: Vec::new(),
        };
        for number in 0..load.pairs {
            let seen = round_with_two_peers(number, |turn| match turn {
                Turn::Peer => once(load, &sides.peer.1),
                Turn::Ours => once(load, &sides.ours),
                Turn::Beside => once(load, &sides.beside.1),
            })?;
            println!(
                "==> {} of {}: {:.3} (control {:.3})",
                this.name(this.peer, &format!("pair {}", number + 1)),
                load.pairs,
                ratio(seen.ours.throughput, seen.peer.throughput),
                ratio(seen.control.throughput, seen.peer.throughput),
            );
            this.rounds.push(seen);
        }
        Ok(this)
    }

    /// Against the peer.
    pub(super) fn row(&self, what: &str, figure: Figure, bar: Option<Bar>) -> Row {
        Row {
            name: self.name(self.peer, what),
            figures: Ok(boil_down(&self.rounds, figure)),
            bar,
        }
    }

    /// Against the second peer.
    pub(super) fn row_beside(&self, what: &str, figure: Figure) -> Row {
        Row {
            name: self.name(self.beside, what),
            figures: Ok(boil_down_beside(&self.rounds, figure)),
            bar: None,
        }
    }

    /// What Kit reaches of the peer, against what the second peer reaches of it.
    pub(super) fn row_reached(&self, what: &str, figure: Figure, bar: Bar) -> Row {
        let against = format!("{}, each against {}", self.beside, self.peer);
        Row {
            name: self.name(&against, what),
            figures: Ok(boil_down_reached(&self.rounds, figure)),
            bar: Some(bar),
        }
    }

    fn name(&self, peer: &str, what: &str) -> String {
        name(self.load.protocol, self.load.shape.streams, peer, what)
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
