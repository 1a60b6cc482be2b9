//! A process on a separate terminal, so that it prints the lines that a reader sees.

use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::process::ExitStatus;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// Patience with a process that is to print or to end.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Terminal {
    child: Child,
    screen: BufReader<tokio::fs::File>,
}

impl Terminal {
    pub(crate) fn run(command: &mut Command) -> Terminal {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&ours)
            .and_then(|()| unlockpt(&ours))
            .expect("our terminal");
        let name = ptsname(&ours, Vec::new()).expect("its name");
        let name = name.to_str().expect("a path");
        let theirs = OpenOptions::new()
            .write(true)
            .open(name)
            .expect("the other side");
        let also = theirs.try_clone().expect("a copy");
        let child = command
            .stdout(theirs)
            .stderr(also)
            .kill_on_drop(true)
            .spawn();
        // While the command holds the other side, the screen has no end.
        command
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null());
        Terminal {
            child: child.expect("it runs"),
            screen: BufReader::new(File::from(ours).into()),
        }
    }

    /// The next line, without colours; none when the process has ended.
    pub(crate) async fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = timeout(PATIENCE, self.screen.read_line(&mut line)).await;
        match read.expect("a line or the end, within 30 s") {
            // The end of a terminal is an error on Linux.
            Err(error) if error.kind() != ErrorKind::InvalidData && line.is_empty() => None,
            Ok(0) => None,
            Ok(_) => Some(without_colours(line.trim_end_matches(['\r', '\n']))),
            Err(error) => panic!("the screen: {error}, behind {line:?}"),
        }
    }

    pub(crate) fn ctrl_c(&self) {
        let pid = self.child.id().and_then(|pid| i32::try_from(pid).ok());
        let pid = pid.and_then(Pid::from_raw).expect("it was not waited for");
        kill_process(pid, Signal::INT).expect("it is there");
    }

    /// Reads the rest, and waits for the end.
    pub(crate) async fn end(mut self) -> (Vec<String>, ExitStatus) {
        let mut rest = Vec::new();
        while let Some(line) = self.line().await {
            rest.push(line);
        }
        let ended = timeout(PATIENCE, self.child.wait()).await;
        let status = ended.unwrap_or_else(|_| panic!("it still runs: {rest:#?}"));
        (rest, status.expect("our child"))
    }
}

/// A line without the sequences that begin with an escape and end with `m`.
fn without_colours(line: &str) -> String {
    let mut parts = line.split('\u{1b}');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |line, part| {
        line + part.split_once('m').map_or(part, |(_, rest)| rest)
    })
}
