//! What a connection takes of a server's memory, at rest and with a request in flight.

use std::thread;
use std::time::{Duration, Instant};

use super::client::{self, Connection, Protocol};
use super::http1::Http1;
use super::http2::Grpc;
use super::{Sides, name};
use crate::Result;
use crate::bench::folder;
use crate::bench::rounds::{Turn, boil_down, boil_down_beside, round_with_two_peers};
use crate::bench::table::Row;
use crate::server::{Program, Server};

/// Memory hardly varies: it needs no more rounds than show that.
const ROUNDS: usize = 3;
/// Files that a server may open for each hundred connections: Kit keeps a tenth for other uses.
const FILES_PER_HUNDRED: u64 = 115;
/// Requests before the first reading, so that threads and buffers of the runtime are there.
const WARM_UP: u64 = 200;
/// A server has come to rest after this time.
const REST: Duration = Duration::from_millis(200);
/// Until a request is answered that has to be in flight: longer than it takes to send them all.
const IN_FLIGHT: Duration = Duration::from_secs(3);

/// What the connections do while memory is read.
#[derive(Clone, Copy)]
enum State {
    /// Each has had one answer, and asks for no other.
    Idle,
    /// Each has had one answer, and waits for the next.
    InFlight,
}

impl State {
    fn connections(self) -> usize {
        match self {
            Self::Idle => 10_000,
            Self::InFlight => 1_000,
        }
    }

    fn describe(self) -> String {
        let connections = self.connections();
        match self {
            Self::Idle => format!("KiB of each of {connections} idle connections"),
            Self::InFlight => format!("KiB of each of {connections} with a request in flight"),
        }
    }
}

/// Rows for both protocols in both states. None has a bar: they are compared with those in the book.
pub(super) fn rows(sides: &Sides) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for protocol in [Protocol::Http, Protocol::Grpc] {
        for state in [State::Idle, State::InFlight] {
            rows.extend(pair(sides, protocol, state)?);
        }
    }
    Ok(rows)
}

/// One row against each peer, or two that say why there are no figures.
fn pair(sides: &Sides, protocol: Protocol, state: State) -> Result<[Row; 2]> {
    let what = state.describe();
    let names = [sides.peer.0, sides.beside.0].map(|peer| name(protocol, 1, peer, &what));
    let row = |name, figures| Row {
        name,
        figures,
        bar: None,
    };
    if let Err(why) = allow_files(state.connections() as u64 * FILES_PER_HUNDRED / 100) {
        eprintln!("xtask: NOT MEASURED: {what}: {why}");
        return Ok(names.map(|name| row(name, Err(why.to_string()))));
    }
    println!("==> {}", names[0]);
    let measure = match protocol {
        Protocol::Http => of_each::<Http1>,
        Protocol::Grpc => of_each::<Grpc>,
    };
    let rounds = (0..ROUNDS)
        .map(|number| {
            round_with_two_peers(number, |turn| {
                let program = match turn {
                    Turn::Peer => &sides.peer.1,
                    Turn::Ours => &sides.ours,
                    Turn::Beside => &sides.beside.1,
                };
                measure(program, protocol, state)
            })
        })
        .collect::<Result<Vec<_>>>()?;
    let [peer, beside] = names;
    Ok([
        row(peer, Ok(boil_down(&rounds, |kibibytes| *kibibytes))),
        row(
            beside,
            Ok(boil_down_beside(&rounds, |kibibytes| *kibibytes)),
        ),
    ])
}

/// The memory of one connection in KiB: what all of them add to a fresh server, without pages of
/// files.
fn of_each<C: Connection>(program: &Program, protocol: Protocol, state: State) -> Result<f64> {
    let server = program.start(&[], &folder()?, protocol.name())?;
    client::serial(protocol, server.address, WARM_UP, 1)?;
    let before = at_rest(&server)?;
    let mut connections = Vec::new();
    for _ in 0..state.connections() {
        let mut connection = C::open(server.address)?;
        // A client that waits for an answer before the next connects is never ahead of the server.
        connection.ask(1, || {})?;
        connections.push(connection);
    }
    let after = match state {
        State::Idle => at_rest(&server)?,
        State::InFlight => in_flight(&server, &mut connections)?,
    };
    let each = (after - before) * 1024.0 / connections.len() as f64;
    drop(connections);
    server.stop()?;
    Ok(each)
}

/// Reads the memory while each connection waits for an answer, and then takes the answers.
fn in_flight<C: Connection>(server: &Server, connections: &mut [C]) -> Result<f64> {
    let begin = Instant::now();
    for connection in &mut *connections {
        connection.send_delayed(IN_FLIGHT)?;
    }
    let memory = at_rest(server)?;
    let took = begin.elapsed();
    if took >= IN_FLIGHT {
        return Err(
            format!("requests were answered before memory was read, after {took:?}").into(),
        );
    }
    for connection in connections {
        connection.receive()?;
    }
    Ok(memory)
}

/// What the server has without pages of files, in MiB, once it has come to rest.
fn at_rest(server: &Server) -> Result<f64> {
    thread::sleep(REST);
    let memory = server
        .memory()
        .ok_or("there is no /proc to read memory from")?;
    Ok(memory.own)
}

/// Raises this process's limit of open files, which the servers inherit, to at least `files`.
#[cfg(unix)]
pub(crate) fn allow_files(files: u64) -> Result {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let limit = getrlimit(Resource::Nofile);
    let is_enough = |limit: Option<u64>| limit.is_none_or(|limit| limit >= files);
    if is_enough(limit.current) {
        return Ok(());
    }
    if !is_enough(limit.maximum) {
        let most = limit.maximum.unwrap_or(u64::MAX);
        return Err(format!(
            "a process may open {most} files here, and {files} are needed: raise `ulimit -Hn`"
        )
        .into());
    }
    let raised = Rlimit {
        current: Some(files),
        maximum: limit.maximum,
    };
    setrlimit(Resource::Nofile, raised)
        .map_err(|error| format!("could not raise `ulimit -n` to {files}: {error}").into())
}

#[cfg(not(unix))]
pub(crate) fn allow_files(_: u64) -> Result {
    Err("measured on Unix only".into())
}
