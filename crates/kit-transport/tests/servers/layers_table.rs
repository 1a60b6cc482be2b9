//! Each layer with each kind of exchange, on real servers.
//!
//! The expected outcomes are a table of text, `expected::TABLE`, with one line for each cell:
//!
//! - what the client saw: the status of HTTP or of gRPC, the reason of an error, `retry`, `challenge` and
//!   `id` for what stands in the head, the shape of an error's body if it is another one than Kratos', and
//!   the end of the body;
//! - what the handler found of that which layers leave for it, or that it did not run; and which of the
//!   lines that it logs, at first or later, stand in a span with the request's id or trace;
//! - the lines of the access log: level, operation, code, end;
//! - the requests that were counted: operation, code, end; and the gauge of those in flight, if it is not back at 0.
//!
//! The cells that answer an error over HTTP are the same on a server with another shape, but for that shape.

use std::fmt::Write as _;
use std::time::Duration;

use kit_transport::http::ErrorShape;
use tokio::time::timeout;
use tracing::Level;

use crate::fixture::{Fixture, PATIENCE};
use crate::layers_metrics::Series;
use crate::spans::{Log, Seen};

mod alike;
mod expected;
mod kinds;
mod rows;
mod served;

use kinds::{Ask, Kind};
use rows::{Ending, ROWS};
use served::{Handlers, STAGE};

const TARGET: &str = "kit::access";
/// The deadline of a stop that cuts an exchange; a stream is ended after half of it.
const SOON: Duration = Duration::from_millis(300);

/// One cell, as a line of the table: makes the exchange, stops the server, so that all has ended, and
/// reads the log and the series.
async fn cell(series: &Series, row: &str, kind: Kind, shape: ErrorShape) -> String {
    let mut log = Log::up_to(Level::INFO);
    let handlers = Handlers::of_shape(shape);
    let server = rows::start(row, kind, &handlers).await;
    let saw = exchange(server, &handlers, kind, &rows::ask(row), rows::ending(row)).await;
    let seen = log.take_all();
    let lines = seen.iter().filter(|seen| seen.target == TARGET);
    let lines: Vec<_> = lines.map(line).collect();
    let (lines, counted) = (lines.join(" + "), counted(series));
    let is_same = lines
        .split_once(' ')
        .is_some_and(|(_, line)| line == counted);
    let counted = if is_same { "the same" } else { &counted };
    let found = handlers.found() + &spans(&seen);
    let words = [kind.name(), &saw, &found, &lines, counted];
    words
        .map(|word| if word.is_empty() { "none" } else { word })
        .join(" | ")
}

/// Makes an exchange and stops the server, so that all has ended; what the client saw.
async fn exchange(
    server: Fixture,
    handlers: &Handlers,
    kind: Kind,
    ask: &Ask,
    ending: Ending,
) -> String {
    let asking = timeout(PATIENCE, kind.ask(server.address, ask));
    match ending {
        Ending::ByItself => {
            let saw = asking.await.expect("an end");
            server.stop_within(PATIENCE).await;
            saw
        }
        Ending::Gone => {
            tokio::select! {
                saw = asking => panic!("{saw:?} in place of a wait"),
                () = handlers.wait_for_wait() => {}
            }
            if kind == Kind::WebSocket {
                handlers.wait_for_loss().await;
            }
            while !server.ctx.in_flight(1).is_empty() {
                tokio::task::yield_now().await;
            }
            server.stop_within(PATIENCE).await;
            "nothing".to_owned()
        }
        Ending::Cut => {
            let stop = async {
                handlers.wait_for_wait().await;
                server.stop_within(SOON).await;
            };
            let (saw, ()) = tokio::join!(asking, stop);
            saw.expect("an end")
        }
    }
}

/// What stands in a line of the access log.
fn line(line: &Seen) -> String {
    let get = |name| line.fields.get(name);
    let code = line.fields.find("status").or(line.fields.find("grpc_code"));
    let code = code.unwrap_or("none");
    format!("{} {} {code} {}", line.level, get("operation"), get("end"))
}

/// The stages of which the lines stand in the request's span.
fn spans(seen: &[Seen]) -> String {
    let stages = seen.iter().filter(|seen| seen.target == STAGE);
    let is_known = |seen: &&Seen| {
        let find = |name| seen.span.as_ref().and_then(|span| span.find(name));
        let is_named = find("request_id").is_some_and(|id| id == "mine");
        is_named || find("trace_id").is_some_and(|id| id.starts_with("4bf9"))
    };
    let stages: Vec<_> = stages
        .filter(is_known)
        .map(|seen| seen.fields.get("message"))
        .collect();
    match stages.is_empty() {
        true => String::new(),
        false => format!(", span: {}", stages.join(" ")),
    }
}

/// The requests that were counted since the last look.
fn counted(series: &Series) -> String {
    let mut words = Vec::new();
    for line in series.look() {
        let (key, value) = line.rsplit_once(' ').expect("a value");
        let label = |name: &str| {
            let value = key.split_once(&format!("{name}="))?.1;
            value.split([' ', '}']).next()
        };
        if key.contains("_active_") && value != "0" {
            words.push(format!("in flight {value}"));
        }
        if key.contains("s_total") && value != "0" {
            let (code, end) = (
                label("code").expect("a code"),
                label("end").expect("an end"),
            );
            let operation = label("operation").expect("an operation");
            words.push(format!("{operation} {code} {end}"));
            assert_eq!(value, "1", "{line}");
        }
    }
    words.join(" + ")
}

/// The lines of a row in the expected table, without the spaces that align them.
fn expected(row: &str) -> Vec<String> {
    let mut lines = expected::TABLE.lines();
    lines.find(|line| line.strip_prefix("# ") == Some(row));
    let lines = lines.take_while(|line| !line.is_empty());
    lines
        .map(|line| {
            line.split('|')
                .map(str::trim)
                .collect::<Vec<_>>()
                .join(" | ")
        })
        .collect()
}

/// Compares a column of the table, and shows all cells that are others.
fn column(kind: Kind) {
    Series::run(async |series| {
        let mut other = String::new();
        for row in ROWS {
            let found = cell(&series, row, kind, ErrorShape::Kratos).await;
            if !expected(row).contains(&found) {
                writeln!(other, "# {row}\n{found}").unwrap();
            }
        }
        assert!(other.is_empty(), "not in the table:\n{other}");
    });
}

/// The line of a cell, if it answers an error over HTTP, as that error is in this shape.
fn expected_error(row: &str, kind: Kind, shape: ErrorShape) -> Option<String> {
    let lines = expected(row);
    let mut cells = lines.iter().filter_map(|line| line.split_once(" | "));
    let (kind, rest) = cells.find(|(name, _)| *name == kind.name())?;
    let (saw, more) = rest.split_once(" | ").expect("more words");
    let (head, end) = saw.split_once(", ")?;
    (head >= "400").then(|| format!("{kind} | {head} as {shape:?}, {end} | {more}"))
}

/// Compares the cells of HTTP that answer an error, on a server with this shape.
fn errors_in(shape: ErrorShape) {
    Series::run(async |series| {
        let (mut other, mut count) = (String::new(), 0);
        for kind in [Kind::Http1, Kind::Http2, Kind::Events, Kind::WebSocket] {
            for row in ROWS {
                let Some(expected) = expected_error(row, kind, shape) else {
                    continue;
                };
                count += 1;
                let found = cell(&series, row, kind, shape).await;
                if found != expected {
                    writeln!(other, "# {row}\n{found}\n{expected}").unwrap();
                }
            }
        }
        assert!(other.is_empty(), "found and expected:\n{other}");
        assert!(count >= 4 * 10, "{count}");
    });
}

#[test]
fn errors_as_aip_193_has_them() {
    errors_in(ErrorShape::Aip193);
}

#[test]
fn errors_as_rfc_9457_has_them() {
    errors_in(ErrorShape::Problem);
}

#[test]
fn http1() {
    column(Kind::Http1);
}

#[test]
fn http2() {
    column(Kind::Http2);
}

#[test]
fn events() {
    column(Kind::Events);
}

#[test]
fn websockets() {
    column(Kind::WebSocket);
}

#[test]
fn unary_calls() {
    column(Kind::Unary);
}

#[test]
fn client_streams() {
    column(Kind::Client);
}

#[test]
fn server_streams() {
    column(Kind::Server);
}

#[test]
fn both_streams() {
    column(Kind::Both);
}

#[test]
fn the_table_has_each_row_once_and_each_kind_in_it() {
    let rows = expected::TABLE
        .lines()
        .filter_map(|line| line.strip_prefix("# "));
    assert_eq!(rows.collect::<Vec<_>>(), ROWS);
    for row in ROWS {
        let lines = expected(row);
        let kinds = lines.iter().map(|line| line.split(" | ").next());
        let kinds: Vec<_> = kinds.flatten().collect();
        assert_eq!(kinds, Kind::ALL.map(Kind::name), "{row}");
    }
}
