//! This test program, started again in another role.

use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;

pub(crate) const ROLE: &str = "KIT_TEST_ROLE";

/// How long a program lives at most.
const LIFE: Duration = Duration::from_secs(60);

pub(crate) struct Program {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Program {
    /// Starts it, by way of other programs, with this file of settings.
    pub(crate) fn start(by: &[&str], role: &str, file: &std::path::Path) -> Program {
        let this = std::env::current_exe().expect("this program");
        let this = this.to_str().expect("a path in UTF-8");
        let arguments = ["--ignored", "--exact", "program", "--nocapture"];
        let words: Vec<&str> = by.iter().copied().chain([this]).chain(arguments).collect();
        let mut child = Command::new(words[0])
            .args(&words[1..])
            .env(ROLE, role)
            .env("KIT_TEST_FILE", file)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        Program { child, lines }
    }

    /// Waits for a line with this text, and gives the line; also the lines before it.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, text: &str) -> Vec<String> {
        let mut seen = Vec::new();
        for line in self.lines.by_ref() {
            seen.push(line.expect("text"));
            if seen.last().is_some_and(|line| line.contains(text)) {
                return seen;
            }
        }
        panic!("the program ended without saying `{text}`: {seen:#?}");
    }

    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status();
        assert!(sent.expect("kill runs").success());
    }

    /// Waits for its end.
    pub(crate) fn end(&mut self) -> ExitStatus {
        for _ in self.lines.by_ref() {}
        self.child.wait().expect("it has ended")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Ends the process after a while, so that a test that waits for it fails.
pub(crate) fn limit_life() {
    let end = || {
        std::thread::sleep(LIFE);
        std::process::abort();
    };
    let thread = std::thread::Builder::new().spawn(end);
    drop(thread.expect("a thread"));
}
