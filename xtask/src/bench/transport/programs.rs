//! The programs that are measured. All take the same flags and print the same lines.

use clap::ValueEnum;

use crate::bench::folder;
use crate::cargo::{cargo, command, root, run, target};
use crate::server::Program;
use crate::{Result, tools};

const BOTH: &[&str] = &["--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0"];

/// The allocator of all servers that are written in Rust.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Allocator {
    /// The one of the system, as by default
    System,
    /// The crate mimalloc
    Mimalloc,
}

/// Kit without layers.
pub(crate) fn kit(allocator: Allocator) -> Result<Program> {
    built("bench-plain", allocator, true)
}

/// Bare axum and bare tonic.
pub(crate) fn floor(allocator: Allocator) -> Result<Program> {
    built("bench-floor", allocator, false)
}

/// Kit's guarantees from the usual crates.
pub(crate) fn equal(allocator: Allocator) -> Result<Program> {
    built("bench-equal", allocator, true)
}

/// One stack of layers on Kit, or its counterpart on bare axum and tonic.
pub(crate) fn layers(allocator: Allocator) -> Result<Program> {
    built("bench-layers", allocator, true)
}

/// The standard layers, with what its flags say of telemetry.
pub(crate) fn telemetry(allocator: Allocator) -> Result<Program> {
    built("bench-telemetry", allocator, true)
}

/// The floor's servers as subsystems of tokio-graceful-shutdown.
pub(crate) fn subsystems() -> Result<Program> {
    built("bench-subsystems", Allocator::System, true)
}

/// The same routes on Kratos.
pub(crate) fn kratos() -> Result<Program> {
    let go = tools::find("go").ok_or("there is no `go` on the PATH")?;
    let binary = folder()?.join("kratos");
    run(command(go)
        .current_dir(root().join("bench/peers/kratos"))
        .args(["build", "-o"])
        .args([binary.as_os_str(), ".".as_ref()]))?;
    Ok(Program {
        name: "kratos",
        binary,
        arguments: BOTH.iter().map(Into::into).collect(),
        stops_cleanly: true,
    })
}

/// Built alone: cargo switches a feature of a dependency on for all packages of one build, and so the
/// peers would have what Kit's crates ask for.
fn built(name: &'static str, allocator: Allocator, stops_cleanly: bool) -> Result<Program> {
    let mut build = cargo();
    build.args(["build", "--release", "-p", name]);
    if matches!(allocator, Allocator::Mimalloc) {
        build.args(["--features", "mimalloc"]);
    }
    run(&mut build)?;
    Ok(Program {
        name,
        binary: target().join("release").join(name),
        arguments: BOTH.iter().map(Into::into).collect(),
        stops_cleanly,
    })
}
