//! Throughput in alternating rounds: the peer, Kit, and the peer once more as the control.

use std::thread;
use std::time::Duration;

use super::client;
use super::server::Program;
use super::stats::{median, p99, ratio, spread};
use super::table::{Bar, Row};
use crate::Result;

/// How the load is put on.
pub(super) struct Load {
    pub(super) pairs: usize,
    pub(super) duration: Duration,
    pub(super) connections: usize,
}

/// One figure of each round, by who was measured.
#[derive(Default)]
struct Samples {
    peer: Vec<f64>,
    ours: Vec<f64>,
    control: Vec<f64>,
}

struct Figures {
    throughput: f64,
    cpu: f64,
    p99: f64,
}

/// Runs the rounds and boils them down to the rows of the table.
pub(super) fn measure(load: &Load, twin: &Program, kit: &Program) -> Result<Vec<Row>> {
    let mut throughput = Samples::default();
    let mut cpu = Samples::default();
    let mut latency = Samples::default();
    for round in 0..load.pairs {
        let mut figures = [None, None, None];
        for turn in 0..3 {
            // Whoever comes first may have it warmer or cooler, so everybody does in turn.
            let who = (round + turn) % 3;
            let program = if who == 1 { kit } else { twin };
            figures[who] = Some(once(load, program)?);
        }
        let [Some(peer), Some(ours), Some(control)] = figures else {
            unreachable!("three turns fill three places")
        };
        println!(
            "==> pair {} of {}: {:.3} (control {:.3})",
            round + 1,
            load.pairs,
            ratio(ours.throughput, peer.throughput),
            ratio(control.throughput, peer.throughput),
        );
        throughput.push([&peer, &ours, &control].map(|figures| figures.throughput));
        cpu.push([&peer, &ours, &control].map(|figures| figures.cpu));
        latency.push([&peer, &ours, &control].map(|figures| figures.p99));
    }
    Ok(vec![
        throughput.row("throughput, requests/s", Some(Bar::AtLeast(0.95))),
        cpu.row("server CPU per request, us", None),
        latency.row("latency p99, us", None),
    ])
}

/// A process of its own for each measurement: memory laid out luckily favours nobody for long.
fn once(load: &Load, program: &Program) -> Result<Figures> {
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
    Ok(Figures {
        throughput: requests / load.duration.as_secs_f64(),
        cpu: cpu.map_or(f64::NAN, |cpu| cpu.as_secs_f64() * 1e6 / requests),
        p99: p99(&mut seen.latencies),
    })
}

impl Samples {
    fn push(&mut self, [peer, ours, control]: [f64; 3]) {
        self.peer.push(peer);
        self.ours.push(ours);
        self.control.push(control);
    }

    /// Ratios are taken inside a pair, where the machine was in the same mood, and then averaged.
    fn row(&self, name: &'static str, bar: Option<Bar>) -> Row {
        let against_peer = |side: &[f64]| -> Vec<f64> {
            side.iter()
                .zip(&self.peer)
                .map(|(value, peer)| ratio(*value, *peer))
                .collect()
        };
        let ratios = against_peer(&self.ours);
        Row {
            name,
            peer: median(&self.peer),
            ours: median(&self.ours),
            ratio: median(&ratios),
            spread: Some(spread(&ratios)),
            control: median(&against_peer(&self.control)),
            bar,
        }
    }
}
