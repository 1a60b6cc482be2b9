//! Python's grpcio, whose clients repeat by themselves the calls that a server has not processed.

use std::io;
use std::path::Path;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

use super::steps::Step;
use super::{Failure, Outcome, Tally, Target};

const PROGRAM: &str = include_str!("grpcio.py");

/// `clients` clients in one process, each with a connection and four calls at a time.
pub(super) async fn calls(
    python: Box<Path>,
    clients: usize,
    target: Target,
    mut tally: Tally,
) -> Outcome {
    if let Err(error) = run(&python, clients, &target, &mut tally).await {
        tally.count(Err(Failure::new(format!("grpcio: {error}"))));
    }
    tally.outcome
}

/// Starts the program and counts its lines, one for each answer. Once the load is done its input is
/// closed, which lets it end; it is read to its end in any case.
async fn run(python: &Path, clients: usize, target: &Target, tally: &mut Tally) -> io::Result<()> {
    let mut command = Command::new(python);
    command
        .args(["-c", PROGRAM])
        .arg(format!("ipv4:{}", target.address))
        .args([clients.to_string(), target.length().to_string()])
        .args(target.trust.as_ref().map(|trust| &trust.file))
        // A proxy that the machine is configured for does not know these servers.
        .env("no_proxy", "localhost")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    let mut child = command.spawn()?;
    let mut input = child.stdin.take();
    let output = child.stdout.take().expect("it is piped");
    let mut lines = BufReader::new(output).lines();
    let steps = tally.steps();
    loop {
        tokio::select! {
            () = tally.done(), if input.is_some() => input = None,
            line = steps.during(Step::Output, lines.next_line()) => match line?.as_deref() {
                Some("ok") => tally.count(Ok(())),
                Some(why) => tally.count(Err(Failure::new(why))),
                None => break,
            },
        }
    }
    let status = steps.during(Step::Exit, child.wait()).await?;
    if status.success() {
        return Ok(());
    }
    Err(io::Error::other(status.to_string()))
}
