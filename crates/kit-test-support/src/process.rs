//! A program of the workspace as a process: its log, its signals, its end.

use std::fs;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, kill_process};
use tempfile::NamedTempFile;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use crate::take_ignored_signals;

pub use rustix::process::Signal;

/// The limit of every wait for an event of a process: generous, for a machine with other work.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Asks again and again until it is so, where no event can be seen from outside.
///
/// # Panics
/// When it is not so after [`PATIENCE`].
pub async fn soon(what: &str, mut ask: impl AsyncFnMut() -> bool) {
    let asking = async {
        while !ask().await {
            sleep(Duration::from_millis(2)).await;
        }
    };
    let asked = timeout(PATIENCE, asking).await;
    assert!(asked.is_ok(), "not after {PATIENCE:?}: {what}");
}

/// A running program, killed when dropped. Its log, of both outputs, is a file: a pipe would fill up while
/// a test waits for something else, and hold the program up.
#[derive(Debug)]
pub struct Process {
    child: Child,
    log: NamedTempFile,
    /// How many lines of the log have been waited for.
    seen: usize,
}

/// The end of a process.
#[derive(Debug)]
pub struct Exit {
    /// `None` when a signal's default action ended it.
    pub code: Option<i32>,
    /// All lines of both outputs, in the order in which they were written.
    pub log: Vec<String>,
}

impl Process {
    /// Starts a program, such as `env!("CARGO_BIN_EXE_hooks")`, without the variables that would change
    /// what it does.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn spawn(program: &str, args: &[&str]) -> Process {
        take_ignored_signals();
        let log = NamedTempFile::new().expect("a file");
        let output = log.reopen().expect("the file");
        let child = Command::new(program)
            .args(args)
            .env_remove("RUST_LOG")
            .env_remove("KUBERNETES_SERVICE_HOST")
            .stdin(Stdio::null())
            .stdout(output.try_clone().expect("the file"))
            .stderr(output)
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("{program} does not start: {error}"));
        Process {
            child,
            log,
            seen: 0,
        }
    }

    /// Waits for a line that contains `text`, after the last one that was waited for.
    ///
    /// # Panics
    /// When there is none after [`PATIENCE`], or the program ends without one.
    pub async fn line(&mut self, text: &str) -> String {
        let find = |line: &str| line.contains(text).then(|| line.to_owned());
        let (number, line) = self.find(text, self.seen, find).await;
        self.seen = number + 1;
        line
    }

    /// Waits for a line with this field, wherever it stands, and gives the field's value, without the scheme if it is
    /// a URL of HTTP: `127.0.0.1:41000` for `http=127.0.0.1:41000`.
    ///
    /// # Panics
    /// As [`line`](Self::line).
    pub async fn field(&mut self, name: &str) -> String {
        let (_, value) = self.find(name, 0, |line| field(line, name)).await;
        value
    }

    /// The lines so far.
    ///
    /// # Panics
    /// When they are no text.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let text = fs::read_to_string(self.log.path()).expect("it writes text");
        // The last one may not be complete.
        let complete = text.rfind('\n').map_or("", |end| &text[..end]);
        complete.lines().map(str::to_owned).collect()
    }

    /// Sends it a signal.
    ///
    /// # Panics
    /// When it is not there any more.
    pub fn signal(&self, signal: Signal) {
        let pid = self.child.id().and_then(|pid| i32::try_from(pid).ok());
        let pid = pid.and_then(Pid::from_raw).expect("it was not waited for");
        kill_process(pid, signal).expect("it is there");
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// When it has not ended after [`PATIENCE`].
    pub async fn exit(mut self) -> Exit {
        let Ok(status) = timeout(PATIENCE, self.child.wait()).await else {
            panic!("still running:\n{}", self.lines().join("\n"));
        };
        Exit {
            code: status.expect("our child").code(),
            log: self.lines(),
        }
    }

    /// Waits for its end, which has this exit code.
    ///
    /// # Panics
    /// When it has another one, or has not ended after [`PATIENCE`]; the message shows the log.
    pub async fn exit_with(self, code: i32) -> Exit {
        let exit = self.exit().await;
        assert_eq!(exit.code, Some(code), "exit code; {}", exit.text());
        exit
    }

    /// Sends it a SIGTERM, and waits for its end, which has exit code 0.
    ///
    /// # Panics
    /// As [`exit_with`](Self::exit_with).
    pub async fn terminate(self) -> Exit {
        self.signal(Signal::TERM);
        self.exit_with(0).await
    }

    /// Reads the log again and again, from line `first` on, and gives the number of the line that was found. The end of the program is looked for before the
    /// log is read, so that its last line is not missed.
    async fn find<T>(
        &mut self,
        what: &str,
        first: usize,
        find: impl Fn(&str) -> Option<T>,
    ) -> (usize, T) {
        let reading = async {
            loop {
                let has_ended = self.child.try_wait().expect("our child").is_some();
                let lines = self.lines();
                let mut rest = lines.iter().enumerate().skip(first);
                let found = rest.find_map(|(number, line)| Some((number, find(line)?)));
                if found.is_some() || has_ended {
                    return found;
                }
                sleep(Duration::from_millis(2)).await;
            }
        };
        match timeout(PATIENCE, reading).await {
            Ok(Some(found)) => found,
            Ok(None) => panic!("ended without `{what}`:\n{}", self.lines().join("\n")),
            Err(_) => panic!("no `{what}` yet:\n{}", self.lines().join("\n")),
        }
    }
}

impl Exit {
    /// How many lines contain `text`.
    #[must_use]
    pub fn count(&self, text: &str) -> usize {
        let lines = self.log.iter();
        lines.filter(|line| line.contains(text)).count()
    }

    /// Asserts that there is a line with each of these texts, each behind the one before.
    ///
    /// # Panics
    /// When one is missing, or comes before.
    #[track_caller]
    pub fn expect_order(&self, texts: &[&str]) {
        let mut lines = self.log.iter();
        for text in texts {
            let found = lines.any(|line| line.contains(text));
            assert!(found, "`{text}` of {texts:?} is missing; {}", self.text());
        }
    }

    /// The log, for messages.
    #[must_use]
    pub fn text(&self) -> String {
        format!("the log:\n{}", self.log.join("\n"))
    }
}

fn field(line: &str, name: &str) -> Option<String> {
    let value = line
        .split_whitespace()
        .find_map(|word| word.strip_prefix(name)?.strip_prefix('='))?;
    let quoted = value
        .strip_prefix('"')
        .and_then(|value| value.split('"').next());
    let value = quoted.unwrap_or(value);
    Some(value.trim_start_matches("http://").to_owned())
}
