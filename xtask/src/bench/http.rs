//! helloworld's HTTP route against the same route on bare `axum::serve`.

mod client;
mod load;
mod server;

use std::time::Duration;

use self::load::Load;
use self::server::Program;
use super::count::Counter;
use super::table::{Bar, Figures, Row};
use super::{Options, folder};
use crate::Result;
use crate::cargo::{cargo, run};

pub(super) fn measure(options: &Options) -> Result<Vec<Row>> {
    let twin = Program::twin();
    let kit = if options.control {
        Program::twin()
    } else {
        Program::helloworld()
    };
    // One by one: built together, each would get the features of the other as well.
    run(cargo().args(["build", "--release", "-p", twin.name]))?;
    run(cargo().args(["build", "--release", "-p", kit.name]))?;

    let mut rows = Vec::new();
    if options.requests > 0 {
        rows.push(counted(Counter::Instructions, &twin, &kit, options, 1.05)?);
        rows.push(counted(Counter::SystemCalls, &twin, &kit, options, 1.00)?);
    }
    if options.pairs > 0 {
        let load = Load {
            pairs: options.pairs,
            duration: Duration::from_millis(options.millis),
            connections: options.connections,
        };
        rows.extend(load::measure(&load, &twin, &kit)?);
    }
    println!("\n{} against {}, GET {}", kit.name, twin.name, client::PATH);
    Ok(rows)
}

fn counted(
    counter: Counter,
    twin: &Program,
    kit: &Program,
    options: &Options,
    bar: f64,
) -> Result<Row> {
    let name = format!("{} per request", counter.describe());
    println!("==> {name}: {} requests each", options.requests);
    let per_request = |program: &Program| {
        let out = folder()?.join(format!("{}.count", program.name));
        counter.per_operation(options.requests, &out, |tool, requests| {
            let server = program.start(tool)?;
            client::serial(server.address, requests)?;
            server.stop()
        })
    };
    let figures = Figures::counted(per_request(twin)?, per_request(kit)?, per_request(twin)?);
    Ok(Row {
        name,
        figures: Ok(figures),
        bar: Some(Bar::AtMost(bar)),
    })
}
