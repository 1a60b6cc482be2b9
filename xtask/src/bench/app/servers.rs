//! The same two servers as one process of Kit and of each peer: start to ready, SIGTERM to exit, memory.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread;
use std::time::Duration;

use super::child::Running;
use super::millis;
use crate::Result;
use crate::bench::Options;
use crate::bench::rounds::{Round, Turn, boil_down, round};
use crate::bench::table::{Bar, Row};
use crate::bench::transport::programs::{self, Allocator};
use crate::bench::transport::{Connection, Grpc, Http1};
use crate::cargo::command;
use crate::server::Program;

/// A server without requests has come to rest after this time.
const REST: Duration = Duration::from_millis(100);
/// Connections that have had an answer and are kept, in the rows that say so.
const IDLE: usize = 16;
/// The longest that Kit's start may take on top of a bare main, in milliseconds.
const START: f64 = 5.0;
/// The longest that Kit's stop may take without connections, in milliseconds.
const STOP: f64 = 5.0;
/// What Kit may have of Kratos' resident memory.
const MEMORY: f64 = 0.46;

struct Peer {
    name: &'static str,
    program: fn() -> Result<Program>,
    start: Option<Bar>,
    memory: Option<Bar>,
    /// What a SIGTERM is to it, in the names of rows.
    stop: &'static str,
}

const PEERS: [Peer; 4] = [
    Peer {
        name: "floor",
        program: || programs::floor(Allocator::System),
        start: Some(Bar::MoreByAtMost(START)),
        memory: None,
        stop: "SIGTERM to exit, of which the floor dies",
    },
    Peer {
        name: "equal",
        program: || programs::equal(Allocator::System),
        start: None,
        memory: None,
        stop: "SIGTERM to exit",
    },
    Peer {
        name: "tokio-graceful-shutdown",
        program: programs::subsystems,
        start: None,
        memory: None,
        stop: "SIGTERM to exit",
    },
    Peer {
        name: "Kratos",
        program: programs::kratos,
        start: None,
        memory: Some(Bar::AtMost(MEMORY)),
        stop: "SIGTERM to exit",
    },
];

/// The figures of two processes of one program.
struct Seen {
    start: f64,
    stop: f64,
    stop_with_idle: f64,
    resident: f64,
    proportional: f64,
}

/// A row before it has figures.
struct Planned {
    name: String,
    figure: fn(&Seen) -> f64,
    bar: Option<Bar>,
}

pub(super) fn measure(options: &Options) -> Result<Vec<Row>> {
    let kit = programs::kit(Allocator::System)?;
    let mut rows = Vec::new();
    for peer in &PEERS {
        rows.extend(against(peer, &kit, options)?);
    }
    Ok(rows)
}

fn against(peer: &Peer, kit: &Program, options: &Options) -> Result<Vec<Row>> {
    let measured = match (peer.program)() {
        Ok(program) => {
            let ours = if options.control { &program } else { kit };
            Ok(rounds(peer.name, &program, ours, options.pairs)?)
        }
        Err(why) => {
            eprintln!("xtask: NOT MEASURED: Kit / {}: {why}", peer.name);
            Err(why.to_string())
        }
    };
    let row = |planned: Planned| {
        let rounds = measured.as_ref().map_err(String::clone);
        Row {
            name: planned.name,
            figures: rounds.map(|rounds| boil_down(rounds, planned.figure)),
            bar: planned.bar,
        }
    };
    Ok(planned(peer).map(row).into())
}

fn planned(peer: &Peer) -> [Planned; 5] {
    let row = |what: &str, unit: &str, figure, bar| Planned {
        name: format!("{what}: Kit / {}, {unit}", peer.name),
        figure,
        bar,
    };
    let stop = Some(Bar::OursAtMost(STOP));
    let idle = format!("{}, {IDLE} idle connections", peer.stop);
    [
        row("start to ready", "ms", |seen| seen.start, peer.start),
        row(peer.stop, "ms", |seen| seen.stop, stop),
        // By its design Kit looks once more at each of them, for a request that is on its way: no bar.
        row(&idle, "ms", |seen| seen.stop_with_idle, None),
        row(
            "resident at ready",
            "MiB",
            |seen| seen.resident,
            peer.memory,
        ),
        row("PSS at ready", "MiB", |seen| seen.proportional, None),
    ]
}

fn rounds(name: &str, peer: &Program, ours: &Program, pairs: usize) -> Result<Vec<Round<Seen>>> {
    let mut rounds = Vec::new();
    for number in 0..pairs {
        let seen = round(number, |turn| match turn {
            Turn::Ours => once(ours),
            Turn::Peer | Turn::Beside => once(peer),
        })?;
        println!(
            "==> Kit / {name}: pair {} of {pairs}: start {:.2} / {:.2} ms, stop {:.2} / {:.2} ms",
            number + 1,
            seen.ours.start,
            seen.peer.start,
            seen.ours.stop,
            seen.peer.stop,
        );
        rounds.push(seen);
    }
    Ok(rounds)
}

/// One process is measured and stopped without connections; a second one is stopped while it has idle ones.
fn once(program: &Program) -> Result<Seen> {
    let (mut server, _) = start(program)?;
    let start_took = millis(server.age());
    thread::sleep(REST);
    let memory = server.memory()?;
    let stop = millis(server.stop(program.stops_cleanly)?);

    let (mut server, address) = start(program)?;
    let mut connections = Vec::new();
    for _ in 0..IDLE {
        let mut connection = Http1::open(address)?;
        connection.ask(1, || {})?;
        connections.push(connection);
    }
    thread::sleep(REST);
    let stop_with_idle = millis(server.stop(program.stops_cleanly)?);
    Ok(Seen {
        start: start_took,
        stop,
        stop_with_idle,
        resident: memory.resident,
        proportional: memory.proportional,
    })
}

/// Starts it and waits until both servers have answered. Returns the address for HTTP as well.
fn start(program: &Program) -> Result<(Running, SocketAddr)> {
    let (http, grpc) = (free_address()?, free_address()?);
    let mut command = command(&program.binary);
    command.args(["--http", &http.to_string(), "--grpc", &grpc.to_string()]);
    let mut server = Running::start(program.name, &mut command)?;
    answered::<Http1>(&mut server, http)?;
    answered::<Grpc>(&mut server, grpc)?;
    Ok((server, http))
}

/// Connects as soon as there is a listener, and waits for an answer.
fn answered<C: Connection>(server: &mut Running, address: SocketAddr) -> Result {
    let mut connection = server.look("listener", || match C::open(address) {
        Ok(connection) => Ok(Some(connection)),
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => Ok(None),
        Err(error) => Err(error.into()),
    })?;
    Ok(connection.ask(1, || {})?)
}

/// A free port below those that the kernel gives to clients: from one of those, a client that connects before there
/// is a listener may meet itself.
fn free_address() -> Result<SocketAddr> {
    static NEXT: AtomicU16 = AtomicU16::new(FIRST);
    const FIRST: u16 = 21_000;
    const LAST: u16 = 31_000;
    loop {
        let port = NEXT.fetch_add(1, Ordering::Relaxed);
        if port > LAST {
            return Err(format!("no port is free from {FIRST} to {LAST}").into());
        }
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        if TcpListener::bind(address).is_ok() {
            return Ok(address);
        }
    }
}
