//! The built consumer, and its log.

use std::fs;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::NamedTempFile;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::{PATIENCE, soon};

/// A consumer, killed when dropped. Its log is a file: a pipe would fill up while a test waits for the
/// broker, and hold the consumer up.
pub(crate) struct Process {
    child: Child,
    log: NamedTempFile,
    /// How many lines of the log have been waited for.
    seen: usize,
}

/// The end of a process.
pub(crate) struct Exit {
    /// `None` when a signal's default action ended it.
    pub(crate) code: Option<i32>,
    pub(crate) log: Vec<String>,
}

impl Process {
    pub(crate) fn spawn(args: &[&str]) -> Process {
        let log = NamedTempFile::new().expect("a file");
        let output = log.reopen().expect("the file");
        let child = Command::new(env!("CARGO_BIN_EXE_consumer"))
            .args(args)
            .env_remove("RUST_LOG")
            .env_remove("KUBERNETES_SERVICE_HOST")
            .stdin(Stdio::null())
            .stdout(output.try_clone().expect("the file"))
            .stderr(output)
            .kill_on_drop(true)
            .spawn()
            .expect("the consumer runs");
        Process {
            child,
            log,
            seen: 0,
        }
    }

    fn lines(&self) -> Vec<String> {
        let text = fs::read_to_string(self.log.path()).expect("it writes text");
        // The last one may not be complete.
        let complete = text.rfind('\n').map_or("", |end| &text[..end]);
        complete.lines().map(str::to_owned).collect()
    }

    /// Waits for a line that contains `text`, after the last one that was waited for.
    pub(crate) async fn line(&mut self, text: &str) -> String {
        let mut found = None;
        soon(text, async || {
            let lines = self.lines();
            let line = lines
                .iter()
                .skip(self.seen)
                .position(|line| line.contains(text));
            if let Some(line) = line {
                self.seen += line + 1;
                found = lines.into_iter().nth(self.seen - 1);
            }
            found.is_some()
        })
        .await;
        found.expect("it was waited for")
    }

    /// The address of its admin server, for [`post`].
    pub(crate) async fn admin(&mut self) -> String {
        let line = self.line("admin=").await;
        let (_, address) = line.split_once("admin=").expect("it was asked for");
        let address = address.split_whitespace().next();
        address.expect("an address").to_owned()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = self.child.id().and_then(|pid| i32::try_from(pid).ok());
        let pid = pid.and_then(Pid::from_raw).expect("it was not waited for");
        kill_process(pid, signal).expect("it is there");
    }

    pub(crate) async fn exit(mut self) -> Exit {
        let Ok(status) = timeout(PATIENCE, self.child.wait()).await else {
            panic!("still running:\n{}", self.lines().join("\n"));
        };
        Exit {
            code: status.expect("our child").code(),
            log: self.lines(),
        }
    }
}

impl Exit {
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Exit {
        assert_eq!(self.code, Some(code), "exit code; {}", self.text());
        self
    }

    /// Asserts that a stop has gone from the closed intake to its end in the right order, and gives the
    /// number of messages that were held when the pulling ended.
    #[track_caller]
    pub(crate) fn expect_order(&self) -> usize {
        let pulls_no_more = self.last("pulls no more");
        // Lines of the consumer are written where they come from, and those of the lifecycle by a thread that
        // may be late: an order between the two kinds is certain only where the second is the later one.
        let order = [
            pulls_no_more,
            self.first("holds nothing"),
            self.first("connection closed"),
            self.last("connection closed"),
            self.first("closed resource"),
            self.first("stopped took"),
        ];
        assert!(order.is_sorted(), "{order:?}; {}", self.text());
        let acknowledged = self
            .log
            .iter()
            .rposition(|line| line.contains(ACKNOWLEDGED));
        assert!(
            acknowledged.is_none_or(|line| line < self.first("holds nothing")),
            "something was acknowledged too late; {}",
            self.text()
        );
        let (_, held) = self.log[pulls_no_more]
            .split_once("held=")
            .expect("a count");
        let held = held.trim().parse().expect("a number");
        let finished = self.log[pulls_no_more..].iter();
        let finished = finished.filter(|line| line.contains(ACKNOWLEDGED)).count();
        assert!(finished <= held, "{finished} of {held}; {}", self.text());
        held
    }

    #[track_caller]
    fn first(&self, text: &str) -> usize {
        let line = self.log.iter().position(|line| line.contains(text));
        line.unwrap_or_else(|| panic!("no `{text}`; {}", self.text()))
    }

    #[track_caller]
    fn last(&self, text: &str) -> usize {
        let line = self.log.iter().rposition(|line| line.contains(text));
        line.unwrap_or_else(|| panic!("no `{text}`; {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        format!("the log:\n{}", self.log.join("\n"))
    }
}

const ACKNOWLEDGED: &str = "acknowledged message.id=";

/// A command to an admin server; gives the first line of the answer.
pub(crate) async fn post(address: &str, path: &str) -> String {
    let mut client = TcpStream::connect(address).await.expect("it listens");
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
    );
    client
        .write_all(request.as_bytes())
        .await
        .expect("it reads");
    let mut answer = String::new();
    client
        .read_to_string(&mut answer)
        .await
        .expect("it answers");
    answer.lines().next().unwrap_or_default().to_owned()
}
