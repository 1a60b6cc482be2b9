//! The programs that are measured.

use super::client::Protocol;
use crate::bench::folder;
use crate::cargo::{cargo, command, root, run, target};
use crate::server::Program;
use crate::{Result, tools};

const BOTH: &[&str] = &["--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0"];

pub(super) fn helloworld() -> Result<Program> {
    built("helloworld", BOTH, true)
}

/// The same routes on bare axum or bare tonic.
pub(super) fn twin(protocol: Protocol) -> Result<Program> {
    match protocol {
        Protocol::Http => built("twin", &BOTH[..2], false),
        Protocol::Grpc => built("twin-grpc", &BOTH[2..], false),
    }
}

/// The same routes on Kratos.
pub(super) fn kratos() -> Result<Program> {
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

/// Built on its own: built together, each would get the features of the others as well.
fn built(name: &'static str, arguments: &[&str], stops_cleanly: bool) -> Result<Program> {
    run(cargo().args(["build", "--release", "-p", name]))?;
    Ok(Program {
        name,
        binary: target().join("release").join(name),
        arguments: arguments.iter().map(Into::into).collect(),
        stops_cleanly,
    })
}
