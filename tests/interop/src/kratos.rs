//! The side of Kratos: one of the programs in `interop/`.

use std::collections::BTreeMap;
use std::env;
use std::process::Stdio;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use crate::messages::Status;

/// For one line of a program, on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);

/// A major version of Kratos.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// 2.9.
    V2,
    /// 3.0.
    V3,
}

impl Version {
    /// Both.
    pub const ALL: [Version; 2] = [Version::V2, Version::V3];

    /// The variable that names the program.
    fn variable(self) -> &'static str {
        match self {
            Version::V2 => "KIT_KRATOS_V2",
            Version::V3 => "KIT_KRATOS_V3",
        }
    }
}

/// A running program, which serves, and makes the calls that it is asked for. It is killed when it is
/// dropped.
#[derive(Debug)]
pub struct Kratos {
    version: Version,
    addresses: Addresses,
    child: Child,
    calls: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
}

#[derive(Debug, Deserialize)]
struct Addresses {
    http: String,
    grpc: String,
}

/// A call that the program makes.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Call {
    /// The endpoint, `http://ADDRESS` or `grpc://ADDRESS`.
    pub to: String,
    /// `Fail` or `Relay`, or a method that is not there.
    pub method: String,
    /// What it asks for on HTTP; empty for nothing.
    pub accept: String,
    /// The request.
    pub message: Status,
    /// The metadata of the client's context.
    pub metadata: BTreeMap<String, String>,
    /// The `traceparent` of the span around the call; empty for none.
    pub trace: String,
}

/// What a call came to, as a client of Kratos sees it.
#[derive(Clone, Debug, Deserialize)]
pub struct Outcome {
    /// The answer, if there was one.
    pub reply: Option<Status>,
    /// The error, as Kratos' `errors.FromError` reads it.
    pub error: Option<Status>,
    /// The whole of the error, for people.
    #[serde(default)]
    pub text: String,
}

impl Kratos {
    /// Starts the program of this version, and waits until it serves.
    ///
    /// # Panics
    /// When there is none, or it does not start: a test is never skipped.
    pub async fn start(version: Version) -> Kratos {
        let variable = version.variable();
        let program = env::var_os(variable).unwrap_or_else(|| {
            panic!("{variable} names no program: run `cargo xtask interop`, which builds it")
        });
        let mut child = Command::new(&program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // No proxy of the machine's knows these servers.
            .env("no_proxy", "localhost,127.0.0.1")
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("could not start {program:?}: {error}"));
        let calls = child.stdin.take().expect("a pipe");
        let stdout = child.stdout.take().expect("a pipe");
        let mut lines = BufReader::new(stdout).lines();
        let first = line(&mut lines, version).await;
        let addresses = serde_json::from_str(&first)
            .unwrap_or_else(|error| panic!("{version:?} printed {first:?}: {error}"));
        Kratos {
            version,
            addresses,
            child,
            calls,
            lines,
        }
    }

    /// Its version.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// The address of its HTTP server.
    #[must_use]
    pub fn http(&self) -> &str {
        &self.addresses.http
    }

    /// The address of its gRPC server.
    #[must_use]
    pub fn grpc(&self) -> &str {
        &self.addresses.grpc
    }

    /// Has the program make a call.
    ///
    /// # Panics
    /// When it says nothing, or has ended.
    pub async fn call(&mut self, call: &Call) -> Outcome {
        let mut text = serde_json::to_vec(call).expect("texts and numbers");
        text.push(b'\n');
        let sent = self.calls.write_all(&text).await;
        sent.unwrap_or_else(|error| panic!("{:?} has ended: {error}", self.version));
        let line = line(&mut self.lines, self.version).await;
        serde_json::from_str(&line)
            .unwrap_or_else(|error| panic!("{:?} printed {line:?}: {error}", self.version))
    }

    /// Stops it in good order.
    ///
    /// # Panics
    /// When it does not end, or not with 0.
    pub async fn stop(mut self) {
        drop(self.calls);
        let end = timeout(LIMIT, self.child.wait()).await;
        let status = end.expect("the program ends when its stdin does");
        let status = status.expect("a child");
        assert!(status.success(), "{:?} ended with {status}", self.version);
    }
}

async fn line(lines: &mut Lines<BufReader<ChildStdout>>, version: Version) -> String {
    let line = timeout(LIMIT, lines.next_line()).await;
    let line = line.unwrap_or_else(|_| panic!("{version:?} printed nothing in {LIMIT:?}"));
    let line = line.unwrap_or_else(|error| panic!("the output of {version:?}: {error}"));
    line.unwrap_or_else(|| panic!("{version:?} has ended"))
}
