//! The built helloworld, and its output.

use std::process::Stdio;
use std::time::Duration;

use kit_test_support::take_ignored_signals;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};
use tokio::time::{Instant, timeout};

use super::{PATIENCE, soon};

/// The variables that the machine's own environment must not set.
pub(crate) const VARIABLES: [&str; 16] = [
    "KIT_ADMIN",
    "KIT_DRAIN_DELAY",
    "KIT_FAULTS",
    "KIT_GRPC",
    "KIT_HTTP",
    "KIT_ID",
    "KIT_LOG",
    "KIT_NAME",
    "KIT_REGISTRY",
    "KIT_REQUEST_TIMEOUT",
    "KIT_SECRET_FILE",
    "KIT_STOP_TIMEOUT",
    "KIT_TRACES",
    "KUBERNETES_SERVICE_HOST",
    "NO_COLOR",
    "RUST_LOG",
];

/// The limit of a stop, unless an option says otherwise.
const STOP_TIMEOUT: Duration = Duration::from_secs(20);

pub(crate) const HELLOWORLD: &str = env!("CARGO_BIN_EXE_helloworld");

/// A helloworld, killed when dropped.
pub(crate) struct Process {
    child: Child,
    lines: Lines<BufReader<ChildStderr>>,
    seen: Vec<String>,
    pub(crate) spawned: Instant,
}

/// The end of a process.
pub(crate) struct Exit {
    /// `None` when a signal's default action ended it.
    pub(crate) code: Option<i32>,
    pub(crate) at: Instant,
    /// The lines on its standard error output.
    pub(crate) log: Vec<String>,
    /// The text on its standard output.
    pub(crate) out: String,
}

impl Process {
    pub(crate) fn spawn(args: &[&str]) -> Process {
        Process::spawn_with(args, &[])
    }

    pub(crate) fn spawn_with(args: &[&str], environment: &[(&str, &str)]) -> Process {
        Process::spawn_by(Command::new(HELLOWORLD), args, environment)
    }

    /// Spawns helloworld by a command that runs it, with these arguments.
    pub(crate) fn spawn_by(
        command: impl Into<Command>,
        args: &[&str],
        environment: &[(&str, &str)],
    ) -> Process {
        take_ignored_signals();
        let mut command = command.into();
        for variable in VARIABLES {
            command.env_remove(variable);
        }
        let spawned = Instant::now();
        let mut child = command
            .args(args)
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("helloworld runs");
        let lines = BufReader::new(child.stderr.take().expect("piped")).lines();
        Process {
            child,
            lines,
            seen: Vec::new(),
            spawned,
        }
    }

    /// Waits for a line of the log that contains `text`; it may have come already.
    pub(crate) async fn line(&mut self, text: &str) -> String {
        self.find(text, |line| line.contains(text).then(|| line.to_owned()))
            .await
    }

    /// Waits for a line that has this field, in either form of the log, and gives its value.
    pub(crate) async fn field(&mut self, name: &str) -> String {
        self.find(name, |line| field(line, name)).await
    }

    async fn find<T>(&mut self, what: &str, find: impl Fn(&str) -> Option<T>) -> T {
        if let Some(found) = self.seen.iter().find_map(|line| find(line)) {
            return found;
        }
        let reading = async {
            while let Some(line) = self.lines.next_line().await.expect("it writes text") {
                self.seen.push(line);
                let found = self.seen.last().and_then(|line| find(line));
                if found.is_some() {
                    return found;
                }
            }
            None
        };
        match timeout(PATIENCE, reading).await {
            Ok(Some(found)) => found,
            Ok(None) => panic!("ended without `{what}`:\n{}", self.seen.join("\n")),
            Err(_) => panic!("no `{what}` yet:\n{}", self.seen.join("\n")),
        }
    }

    /// The names of its threads.
    #[cfg(target_os = "linux")]
    pub(crate) fn threads(&self) -> Vec<String> {
        let pid = self.child.id().expect("it was not waited for");
        let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).expect("it is there");
        // A thread may end meanwhile.
        let names =
            tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok());
        names.map(|name| name.trim().to_owned()).collect()
    }

    /// Sends a signal, and returns when.
    pub(crate) fn signal(&self, signal: Signal) -> Instant {
        let sent = Instant::now();
        kill_process(self.pid(), signal).expect("it is there");
        sent
    }

    /// Stops it, and waits until all its threads stand still.
    pub(crate) async fn freeze(&self) {
        self.signal(Signal::STOP);
        let asked = WaitIdOptions::STOPPED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        soon("a stopped process", async || {
            waitid(WaitId::Pid(self.pid()), asked).expect("our child")
        })
        .await;
    }

    fn pid(&self) -> Pid {
        let pid = self.child.id().and_then(|pid| i32::try_from(pid).ok());
        pid.and_then(Pid::from_raw).expect("it was not waited for")
    }

    /// Waits for its end.
    pub(crate) async fn exit(self) -> Exit {
        let Process {
            mut child,
            mut lines,
            mut seen,
            ..
        } = self;
        // Read while it runs: a full pipe would keep it from going on.
        let reading = async {
            while let Some(line) = lines.next_line().await.expect("it writes text") {
                seen.push(line);
            }
        };
        let ending = async { (child.wait().await, Instant::now()) };
        let both = async { tokio::join!(ending, reading).0 };
        let Ok((status, at)) = timeout(PATIENCE, both).await else {
            panic!("still running:\n{}", seen.join("\n"));
        };
        let mut out = String::new();
        let mut stdout = child.stdout.take().expect("piped");
        let read = stdout.read_to_string(&mut out).await;
        read.expect("it writes text");
        Exit {
            code: status.expect("our child").code(),
            at,
            log: seen,
            out,
        }
    }
}

impl Exit {
    /// Asserts how it ended; a failure shows the log.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Exit {
        assert_eq!(self.code, Some(code), "exit code; {}", self.text());
        self
    }

    /// Asserts that no wait of the stop, which was asked for at `asked`, lasted until its deadline.
    #[track_caller]
    pub(crate) fn before_its_deadline(self, asked: Instant) -> Exit {
        let took = self.at - asked;
        assert!(took < STOP_TIMEOUT, "it took {took:?}; {}", self.text());
        self
    }

    /// The only line that contains `text`.
    #[track_caller]
    pub(crate) fn only(&self, text: &str) -> &str {
        let found: Vec<_> = self.log.iter().filter(|line| line.contains(text)).collect();
        match found[..] {
            [line] => line,
            _ => panic!(
                "{} lines with `{text}`, not one; {}",
                found.len(),
                self.text()
            ),
        }
    }

    /// The log, for messages.
    pub(crate) fn text(&self) -> String {
        format!("the log:\n{}", self.log.join("\n"))
    }
}

/// The value of a field in a line of the log, `pretty` or `json`.
fn field(line: &str, name: &str) -> Option<String> {
    if line.starts_with('{') {
        let line: serde_json::Value = serde_json::from_str(line).ok()?;
        return line.get(name)?.as_str().map(str::to_owned);
    }
    line.split_whitespace()
        .find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
        .map(|value| value.trim_matches('"').to_owned())
}
