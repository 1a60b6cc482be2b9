//! Many workers or servers in one process, in Kit, in tokio-graceful-shutdown and on a `TaskTracker`.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use super::child::Running;
use super::millis;
use crate::Result;
use crate::bench::Options;
use crate::bench::rounds::{Round, Turn, boil_down, boil_down_beside, round_with_two_peers};
use crate::bench::table::{Bar, Figures, Row};
use crate::bench::transport::{Connection, Http1, allow_files};
use crate::cargo::{cargo, command, run, target};
use crate::server::logged_address;

const PROGRAM: &str = "bench-components";
/// Tasks that have just begun have come to rest after this time.
const REST: Duration = Duration::from_millis(50);
/// Connections that have had an answer and are kept while tasks are counted.
const IDLE: usize = 16;
/// What a process has to be allowed to open: a file for each server, of which Kit keeps some for other uses.
const FILES: u64 = 2_000;

/// The sides, as the program and the table name them.
type Side = (&'static str, &'static str);

const KIT: Side = ("kit", "Kit");
const SUBSYSTEMS: Side = ("subsystems", "tokio-graceful-shutdown");
const TRACKER: Side = ("tracker", "TaskTracker");

/// How many of each there are.
#[derive(Clone, Copy)]
struct Components {
    workers: usize,
    servers: usize,
}

const COMPONENTS: [Components; 6] = [
    Components::workers(1),
    Components::workers(10),
    Components::workers(1_000),
    Components::servers(1),
    Components::servers(10),
    Components::servers(1_000),
];

impl Components {
    const fn workers(workers: usize) -> Self {
        Self {
            workers,
            servers: 0,
        }
    }

    const fn servers(servers: usize) -> Self {
        Self {
            workers: 0,
            servers,
        }
    }

    fn describe(self) -> String {
        match self {
            Self { workers: 1, .. } => "1 worker".to_owned(),
            Self { servers: 1, .. } => "1 server".to_owned(),
            Self {
                workers: 0,
                servers,
            } => format!("{servers} servers"),
            Self { workers, .. } => format!("{workers} workers"),
        }
    }
}

/// The figures of one process.
struct Seen {
    start: f64,
    stop: f64,
    resident: f64,
}

type Figure = fn(&Seen) -> f64;

pub(super) fn measure(options: &Options) -> Result<Vec<Row>> {
    let program = build()?;
    allow_files(FILES)?;
    let mut rows = Vec::new();
    for components in COMPONENTS {
        rows.extend(compare(&program, components, options)?);
    }
    Ok(rows)
}

fn build() -> Result<PathBuf> {
    run(cargo().args(["build", "--release", "-p", PROGRAM]))?;
    Ok(target().join("release").join(PROGRAM))
}

/// The rows of one number of components.
///
/// Both peers have their turns in the same rounds. Each figure has a row against either; the control of both rows is
/// the first peer's.
fn compare(program: &Path, components: Components, options: &Options) -> Result<Vec<Row>> {
    let ours = if options.control { SUBSYSTEMS } else { KIT };
    let what = components.describe();
    println!("==> {what}");
    let rounds = (0..options.pairs)
        .map(|number| {
            round_with_two_peers(number, |turn| match turn {
                Turn::Peer => once(program, SUBSYSTEMS, components),
                Turn::Ours => once(program, ours, components),
                Turn::Beside => once(program, TRACKER, components),
            })
        })
        .collect::<Result<Vec<_>>>()?;
    type Peer = (Side, fn(&[Round<Seen>], Figure) -> Figures);
    let peers: [Peer; 2] = [
        (SUBSYSTEMS, |rounds, figure| boil_down(rounds, figure)),
        (TRACKER, |rounds, figure| boil_down_beside(rounds, figure)),
    ];
    let figures: [(&str, Figure); 3] = [
        ("start to ready, ms", |seen| seen.start),
        ("SIGTERM to exit, ms", |seen| seen.stop),
        ("resident at ready, MiB", |seen| seen.resident),
    ];
    let mut rows = Vec::new();
    for (figure, of) in figures {
        for ((_, peer), boil_down) in peers {
            rows.push(Row {
                name: format!("{what}: Kit / {peer}: {figure}"),
                figures: Ok(boil_down(&rounds, of)),
                bar: None,
            });
        }
    }
    Ok(rows)
}

fn once(program: &Path, side: Side, components: Components) -> Result<Seen> {
    let mut process = start(program, side, components, &[])?;
    let start_took = millis(process.age());
    thread::sleep(REST);
    let resident = process.memory()?.resident;
    let stop = millis(process.stop(true)?);
    Ok(Seen {
        start: start_took,
        stop,
        resident,
    })
}

/// Starts it and waits until all components run.
fn start(program: &Path, side: Side, components: Components, more: &[&str]) -> Result<Running> {
    let mut command = command(program);
    command.arg(side.0);
    command.args(["--workers", &components.workers.to_string()]);
    command.args(["--servers", &components.servers.to_string()]);
    command.args(more);
    let mut process = Running::start(PROGRAM, &mut command)?;
    process.until_printed("ready")?;
    Ok(process)
}

/// The tasks of the runtime that are alive a tenth of a second after the side's own `run` has returned.
pub(super) fn tasks(_: &Options) -> Result<Vec<Row>> {
    let program = build()?;
    let count = |side| alive(&program, side);
    let ours = count(KIT)?;
    let row = |peer: Side| -> Result<Row> {
        let (first, again) = (count(peer)?, count(peer)?);
        Ok(Row {
            name: format!("tasks alive 100 ms after the stop: Kit / {}", peer.1),
            // Mostly none against none, of which there is no ratio.
            figures: Ok(Figures::of(first, ours, 1.0 + (again - first).abs())),
            bar: Some(Bar::OursAtMost(0.0)),
        })
    };
    Ok(vec![row(SUBSYSTEMS)?, row(TRACKER)?])
}

/// The number that the program prints at its end, after a stop with idle connections.
fn alive(program: &Path, side: Side) -> Result<f64> {
    let components = Components {
        workers: 10,
        servers: 2,
    };
    let mut process = start(program, side, components, &["--count-tasks"])?;
    let printed = process.printed()?;
    let address = logged_address(&printed, "http").ok_or("no `http=ADDRESS` was printed")?;
    let mut connections = Vec::new();
    for _ in 0..IDLE {
        let mut connection = Http1::open(address)?;
        connection.ask(1, || {})?;
        connections.push(connection);
    }
    process.stop(true)?;
    let printed = process.printed()?;
    let count = printed.lines().find_map(|line| line.strip_prefix("alive="));
    let count = count.ok_or("no `alive=NUMBER` was printed")?;
    Ok(count.parse()?)
}
