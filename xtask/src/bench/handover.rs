//! Stops under load, by the program `bench-handover`: its clients count the requests that fail.

use std::process::Command;

use super::Options;
use crate::cargo::{cargo, command, run, target};
use crate::{Result, tools};

/// Kit and its peers, each while a successor takes over its port.
pub(super) fn stops(options: &Options) -> Result {
    let mut program = program("stops", options)?;
    let program = program.arg("--plain").arg("--stops");
    run(program.arg(options.stops.to_string()))
}

/// Two servers of Kit or of a peer, which are restarted in turn behind nginx.
pub(super) fn rolling(options: &Options) -> Result {
    let nginx = tools::nginx()?;
    let mut program = program("rolling", options)?;
    let program = program.arg("--nginx").arg(nginx).arg("--restarts");
    run(program.arg(options.stops.to_string()))
}

/// The built program, which fails when a request to Kit did.
fn program(which: &str, options: &Options) -> Result<Command> {
    run(cargo().args(["build", "--release", "-p", "bench-handover"]))?;
    let mut program = command(target().join("release/bench-handover"));
    program.args([which, "--judge"]);
    for only in &options.only {
        program.args(["--only", only]);
    }
    Ok(program)
}
