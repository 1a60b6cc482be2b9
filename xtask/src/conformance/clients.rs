//! Gets the clients. Those that no package of the system brings are made once and kept in the folder.

use std::path::{Path, PathBuf};

use crate::cargo::{command, output, root, run};
use crate::{Result, tools};

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
        let go = go()?;
        output(command(go).args(["install", GRPCURL]).env("GOBIN", folder))?;
    }
    Ok(program)
}

/// Go's own client, with the messages of the Kratos peer.
pub(super) fn grpc_go(folder: &Path) -> Result<PathBuf> {
    let program = folder.join("grpc-go");
    let go = go()?;
    run(command(go)
        .current_dir(root().join("bench/peers/kratos"))
        .args(["build", "-o"])
        .args([program.as_os_str(), "./client".as_ref()]))?;
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

fn go() -> Result<PathBuf> {
    tools::find("go").ok_or_else(|| "there is no `go` on the PATH".into())
}
