//! The program in one of its roles, as the outside sees it.

use std::io::{BufRead, BufReader, Lines, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::Duration;

use kit_app::{AppBuilder, Event};
use kit_test_support::take_ignored_signals;
use tokio::time::Instant;

pub(crate) const ROLE: &str = "KIT_TEST_ROLE";

/// By then, what is waited for has come.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long a program lives at most.
const LIFE: Duration = Duration::from_secs(60);

/// Less than this apart, two of the same signal are one.
pub(crate) const APART: Duration = Duration::from_millis(120);

pub(crate) struct Program {
    child: Child,
    /// The process itself, when what was started is not it.
    pub(crate) pid: u32,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Program {
    pub(crate) fn start(role: &str) -> Program {
        Program::start_with(&[], role, |_| ())
    }

    /// Starts it by way of other programs, such as `nohup`.
    pub(crate) fn start_by(by: &[&str], role: &str) -> Program {
        Program::start_with(by, role, |_| ())
    }

    pub(crate) fn start_with(
        by: &[&str],
        role: &str,
        change: impl FnOnce(&mut Command),
    ) -> Program {
        take_ignored_signals();
        let this = std::env::current_exe().unwrap();
        let this = this.to_str().unwrap();
        let arguments = ["--ignored", "--exact", "program", "--nocapture"];
        let words: Vec<&str> = by.iter().copied().chain([this]).chain(arguments).collect();
        let mut command = Command::new(words[0]);
        command
            .args(&words[1..])
            .env(ROLE, role)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        change(&mut command);
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let pid = child.id();
        Program { child, pid, lines }
    }

    /// Gives the rest of the line after `text`, which it ends with unless there is more.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, text: &str) -> String {
        let mut seen = Vec::new();
        for line in self.lines.by_ref() {
            let line = line.unwrap();
            if let Some((_, rest)) = line.split_once(text) {
                return rest.trim().to_owned();
            }
            seen.push(line);
        }
        panic!("the program ended without saying `{text}`: {seen:#?}");
    }

    /// The lines that have not been waited for, until its end.
    pub(crate) fn rest(&mut self) -> Vec<String> {
        self.lines.by_ref().map(Result::unwrap).collect()
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn end(&mut self) -> ExitStatus {
        let begun = Instant::now();
        loop {
            match self.child.try_wait().unwrap() {
                Some(status) => return status,
                None if begun.elapsed() < PATIENCE => sleep(Duration::from_millis(2)),
                None => panic!("it has not ended after {PATIENCE:?}"),
            }
        }
    }

    #[track_caller]
    pub(crate) fn code(&mut self) -> i32 {
        let status = self.end();
        let code = status.code();
        code.unwrap_or_else(|| panic!("it was ended: {status}; {}", self.said()))
    }

    /// Waits for what its app's `main` has come to.
    #[track_caller]
    pub(crate) fn main_gave(&mut self, code: i32) {
        self.wait_for(&format!("ended: ExitCode(unix_exit_status({code}))"));
        assert!(self.end().success());
    }

    /// The signal whose default action has ended it.
    #[track_caller]
    pub(crate) fn killed_by(&mut self) -> i32 {
        let status = self.end();
        status.signal().unwrap_or_else(|| panic!("{status}"))
    }

    /// Sends a signal again and again until it ends.
    #[track_caller]
    pub(crate) fn signal_until_it_ends(&mut self, name: &str) -> i32 {
        let begun = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            assert!(begun.elapsed() < PATIENCE, "it has not ended");
            self.signal(name);
            sleep(APART);
        }
        self.code()
    }

    /// What an ended program has written on its standard error output.
    pub(crate) fn said(&mut self) -> String {
        let mut said = String::new();
        let mut stderr = self.child.stderr.take().unwrap();
        stderr.read_to_string(&mut said).unwrap();
        said
    }

    pub(crate) fn signal(&self, name: &str) {
        let pid = self.pid.to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status();
        // It may have ended on the one before.
        assert!(sent.is_ok());
    }

    /// A set of signals in the system's own view of it, such as `SigIgn`.
    pub(crate) fn has_in(&self, set: &str, signal: i32) -> bool {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid)).unwrap();
        let bits = status.lines().find_map(|line| line.strip_prefix(set));
        let bits = u64::from_str_radix(bits.unwrap().trim_start_matches(':').trim(), 16).unwrap();
        bits >> (signal - 1) & 1 == 1
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
        sleep(LIFE);
        signal_hook::low_level::exit(99);
    };
    std::thread::Builder::new().spawn(end).unwrap();
}

/// Says on the standard output what happens.
pub(crate) fn say(app: AppBuilder) -> AppBuilder {
    app.observer(|event| match &event.event {
        Event::StopAsked { cause, .. } => println!("stopping: {cause}"),
        Event::NextForces { signal } => println!("once more forces: {signal}"),
        Event::NothingToReload { signal } => println!("nothing to reload: {signal}"),
        Event::SignalRepeated { signal } => println!("repeated: {signal}"),
        Event::Reloaded { failed, .. } => println!("reloaded: {failed} failed"),
        Event::Dumped {
            components, tree, ..
        } => {
            components
                .iter()
                .for_each(|one| println!("component: {one}"));
            println!("dumped: {}", tree.lines().count());
        }
        Event::Ready { .. } => println!("ready"),
        Event::Stopped { exit_code, .. } => println!("stopped: {exit_code}"),
        _ => {}
    })
}

/// A test that this machine cannot run says so by name; a machine of the project's has to run it.
pub(crate) fn not_run(test: &str, why: &str) {
    assert!(std::env::var_os("CI").is_none(), "{test} has to run: {why}");
    // Not by `eprintln`, which the harness keeps for itself when a test has passed.
    let _ = writeln!(std::io::stderr(), "NOT RUN: {test}: {why}");
}
