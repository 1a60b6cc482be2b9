//! An example as a process, and a request to it.

use std::io::{BufRead, BufReader, PipeReader};
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio::time::timeout;

/// The limit of every wait: generous, for a machine with other work.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the machine's own environment must not decide.
const VARIABLES: [&str; 4] = [
    "KUBERNETES_SERVICE_HOST",
    "LISTEN_FDS",
    "NO_COLOR",
    "RUST_LOG",
];

/// An example that runs as a process; killed when dropped.
#[derive(Debug)]
pub struct Example {
    child: Child,
    lines: mpsc::UnboundedReceiver<String>,
    seen: Vec<String>,
    /// How many of them have been waited for.
    passed: usize,
}

/// How an [`Example`] has ended.
#[derive(Debug)]
pub struct Ended {
    /// `None` when a signal's default action ended it.
    pub code: Option<i32>,
    /// All lines that it has written, on both outputs.
    pub lines: Vec<String>,
}

impl Example {
    /// Starts the program, whose path cargo gives as `env!("CARGO_BIN_EXE_name")`. Both of its outputs are one log.
    ///
    /// # Panics
    /// When it does not start; outside a runtime.
    #[must_use]
    pub fn start(program: &str, args: &[&str]) -> Example {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        let mut command = Command::new(program);
        for variable in VARIABLES {
            command.env_remove(variable);
        }
        let child = command
            .args(args)
            .stdin(Stdio::null())
            .stdout(writer.try_clone().expect("a second end"))
            .stderr(writer)
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("{program}: {error}"));
        Example {
            child,
            lines: read(reader),
            seen: Vec::new(),
            passed: 0,
        }
    }

    /// Waits for the next line with this text, behind the one that was waited for last.
    ///
    /// # Panics
    /// When none has come after 30 s, or it has ended without one: with its log.
    pub async fn line(&mut self, text: &str) -> String {
        let waiting = async {
            loop {
                while let Some(line) = self.seen.get(self.passed) {
                    self.passed += 1;
                    if line.contains(text) {
                        return Some(line.clone());
                    }
                }
                self.seen.push(self.lines.recv().await?);
            }
        };
        match timeout(PATIENCE, waiting).await {
            Ok(Some(line)) => line,
            Ok(None) => panic!("ended without `{text}`:\n{}", self.seen.join("\n")),
            Err(_) => panic!("no `{text}` yet:\n{}", self.seen.join("\n")),
        }
    }

    /// The value of the first `name=value` in the log so far.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn field(&self, name: &str) -> String {
        let mut words = self.seen.iter().flat_map(|line| line.split_whitespace());
        let value = words.find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
        let value = value.unwrap_or_else(|| panic!("no {name} in\n{}", self.seen.join("\n")));
        let quoted = value
            .strip_prefix('"')
            .and_then(|value| value.split('"').next());
        quoted.unwrap_or(value).to_owned()
    }

    /// The process.
    ///
    /// # Panics
    /// When it was waited for.
    #[must_use]
    pub fn pid(&self) -> Pid {
        let pid = self.child.id().and_then(|pid| i32::try_from(pid).ok());
        pid.and_then(Pid::from_raw).expect("it was not waited for")
    }

    /// Sends SIGTERM.
    ///
    /// # Panics
    /// When it has ended.
    pub fn terminate(&self) {
        kill_process(self.pid(), Signal::TERM).expect("it is there");
    }

    /// Sends SIGHUP.
    ///
    /// # Panics
    /// When it has ended.
    pub fn hang_up(&self) {
        kill_process(self.pid(), Signal::HUP).expect("it is there");
    }

    /// Sends SIGKILL.
    ///
    /// # Panics
    /// When it has ended.
    pub fn kill(&self) {
        kill_process(self.pid(), Signal::KILL).expect("it is there");
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// When it has not ended after 30 s.
    pub async fn end(mut self) -> Ended {
        let ending = async {
            while let Some(line) = self.lines.recv().await {
                self.seen.push(line);
            }
            self.child.wait().await.expect("our child")
        };
        match timeout(PATIENCE, ending).await {
            Ok(status) => Ended {
                code: status.code(),
                lines: self.seen,
            },
            Err(_) => panic!("still running:\n{}", self.seen.join("\n")),
        }
    }
}

impl Ended {
    /// Asserts the exit code; a failure shows the log.
    ///
    /// # Panics
    /// When it is another one.
    #[track_caller]
    #[expect(
        clippy::return_self_not_must_use,
        reason = "the code may be all that is asserted"
    )]
    pub fn expect(self, code: i32) -> Ended {
        assert_eq!(
            self.code,
            Some(code),
            "exit code of\n{}",
            self.lines.join("\n")
        );
        self
    }

    /// Asserts that these texts are in lines of the log in this order, with any lines between them.
    ///
    /// # Panics
    /// When they are not.
    #[track_caller]
    pub fn expect_in_order(&self, texts: &[&str]) {
        let mut lines = self.lines.iter();
        for text in texts {
            let found = lines.any(|line| line.contains(text));
            assert!(
                found,
                "no `{text}`, or not in this order:\n{}",
                self.lines.join("\n")
            );
        }
    }
}

/// Reads all lines, in a thread that ends with the last writer: a full pipe would hold the process up while its test
/// waits for something else.
fn read(pipe: PipeReader) -> mpsc::UnboundedReceiver<String> {
    let (sent, lines) = mpsc::unbounded_channel();
    let reading = move || {
        let mut lines = BufReader::new(pipe).lines().map_while(Result::ok);
        lines.try_for_each(|line| sent.send(line))
    };
    let thread = thread::Builder::new().name("log".to_owned());
    thread.spawn(reading).expect("a thread");
    lines
}

/// Sends a request such as `GET /orders` on a new connection, and gives the status and the body.
///
/// # Panics
/// When there is no whole answer after 30 s.
pub async fn ask(address: &str, request: &str, body: &str) -> (u16, String) {
    let asking = async {
        let mut stream = TcpStream::connect(address).await?;
        let length = body.len();
        let head = format!("{request} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n");
        let request = format!("{head}content-length: {length}\r\n\r\n{body}");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        std::io::Result::Ok(answer)
    };
    let answer = timeout(PATIENCE, asking).await;
    let answer = answer.unwrap_or_else(|_| panic!("{request}: no answer yet"));
    let answer = answer.unwrap_or_else(|error| panic!("{request}: {error}"));
    let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok());
    let body = answer
        .split_once("\r\n\r\n")
        .map(|(_, body)| body.to_owned());
    match (status, body) {
        (Some(status), Some(body)) => (status, body),
        _ => panic!("{request}: no whole answer: {answer:?}"),
    }
}
