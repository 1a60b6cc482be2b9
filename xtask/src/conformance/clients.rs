//! Gets the clients. Those that no package of the system brings are made once and kept in the folder.

use std::path::{Path, PathBuf};

use crate::cargo::{command, output, root};
use crate::{Result, tools};

/// The folder whose `go.mod` and `go.sum` pin clients written in Go with all that they consist of.
const CLIENTS: &str = "tests/conformance/clients";
const GRPCURL: &str = "github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.4";
const GRPCIO: [&str; 3] = [
    "grpcio==1.85.1",
    "grpcio-health-checking==1.85.1",
    "grpcio-reflection==1.85.1",
];

pub(super) fn curl(_: &Path) -> Result<PathBuf> {
    installed("curl")
}

pub(super) fn wrk(_: &Path) -> Result<PathBuf> {
    installed("wrk")
}

fn installed(program: &str) -> Result<PathBuf> {
    tools::require(program, program)?;
    tools::find(program).ok_or_else(|| format!("there is no `{program}` on the PATH").into())
}

pub(super) fn grpcurl(folder: &Path) -> Result<PathBuf> {
    let program = folder.join("grpcurl");
    if !program.is_file() {
        let go = tools::go()?;
        output(command(go).args(["install", GRPCURL]).env("GOBIN", folder))?;
    }
    Ok(program)
}

/// Go's own client, with the messages of the Kratos peer.
pub(super) fn grpc_go(folder: &Path) -> Result<PathBuf> {
    build("bench/peers/kratos", "./client", folder.join("grpc-go"))
}

/// HTTP/2's specification as a program.
pub(super) fn h2spec(folder: &Path) -> Result<PathBuf> {
    let package = "github.com/summerwind/h2spec/cmd/h2spec";
    build(CLIENTS, package, folder.join("h2spec"))
}

/// The client of gRPC's interoperability tests.
pub(super) fn interop(folder: &Path) -> Result<PathBuf> {
    let package = "google.golang.org/grpc/interop/client";
    build(CLIENTS, package, folder.join("interop"))
}

/// Builds a package in the versions that `module` pins. Go keeps what it has built, so that a second
/// time costs nothing, and a version that has changed is built.
pub(super) fn build(module: &str, package: &str, program: PathBuf) -> Result<PathBuf> {
    output(
        command(tools::go()?)
            .current_dir(root().join(module))
            .args(["build", "-o"])
            .args([program.as_os_str(), package.as_ref()]),
    )?;
    Ok(program)
}

/// A Python that has grpcio.
pub(super) fn grpcio(folder: &Path) -> Result<PathBuf> {
    let venv = folder.join("venv");
    let python = venv.join("bin").join("python");
    let has = "import grpc, grpc_health.v1, grpc_reflection.v1alpha";
    if output(command(&python).args(["-c", has])).is_err() {
        let system = tools::find("python3").ok_or("there is no `python3` on the PATH")?;
        output(command(system).args(["-m", "venv"]).arg(&venv))?;
        let pip = ["-m", "pip", "install", "--quiet"];
        output(command(&python).args(pip).args(GRPCIO))?;
    }
    Ok(python)
}
