//! A process that is watched from outside: when it is ready, what it has of memory, and when it has ended.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use crate::Result;
use crate::bench::folder;
use crate::server::{mebibytes, without_settings};

/// Longer than a start or a stop takes that is worth a figure.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two looks at a process. The kernel adds about 50 microseconds: so exact is a time, on all sides.
const LOOK: Duration = Duration::from_micros(20);

/// A running process; killed when dropped without having been stopped.
pub(super) struct Running {
    name: String,
    child: Child,
    begun: Instant,
    log: PathBuf,
}

/// What a process has in memory, in MiB.
pub(super) struct Memory {
    pub(super) resident: f64,
    /// Of each page its part: those of libraries are shared with other processes.
    pub(super) proportional: f64,
}

impl Running {
    /// Begins the time with the call that makes the process. What it prints goes into a file.
    pub(super) fn start(name: &str, command: &mut Command) -> Result<Running> {
        let log = folder()?.join(format!("{name}.log"));
        let file = File::create(&log)?;
        without_settings(command);
        command.stdout(file.try_clone()?).stderr(file);
        let begun = Instant::now();
        let child = command
            .spawn()
            .map_err(|error| format!("could not start {name}: {error}"))?;
        Ok(Running {
            name: name.to_owned(),
            child,
            begun,
            log,
        })
    }

    /// Since the call that made the process.
    pub(super) fn age(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Looks again and again until there is something to see. The end of the process is an error.
    pub(super) fn look<T>(
        &mut self,
        what: &str,
        mut look: impl FnMut() -> Result<Option<T>>,
    ) -> Result<T> {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            if let Some(seen) = look()? {
                return Ok(seen);
            }
            if let Some(status) = self.child.try_wait()? {
                let printed = self.printed()?;
                return Err(format!("{} ended ({status}):\n{printed}", self.name).into());
            }
            thread::sleep(LOOK);
        }
        let (name, log) = (&self.name, self.log.display());
        Err(format!("{name}: no {what} within {PATIENCE:?}; see {log}").into())
    }

    /// Waits until it has printed `line`.
    pub(super) fn until_printed(&mut self, line: &str) -> Result {
        let log = self.log.clone();
        self.look(line, || {
            let printed = fs::read_to_string(&log)?;
            Ok(printed.lines().any(|it| it == line).then_some(()))
        })
    }

    pub(super) fn printed(&self) -> Result<String> {
        Ok(fs::read_to_string(&self.log)?)
    }

    pub(super) fn memory(&self) -> Result<Memory> {
        let path = format!("/proc/{}/smaps_rollup", self.child.id());
        let text = fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
        let field = |name: &str| {
            let missing = || format!("{path} has no `{name} N kB`");
            mebibytes(&text, name).ok_or_else(missing)
        };
        Ok(Memory {
            resident: field("Rss:")?,
            proportional: field("Pss:")?,
        })
    }

    /// Sends SIGTERM, waits for the end, and says how long that took. `exits` is whether the end has to be exit
    /// code 0, or may be the signal's own.
    pub(super) fn stop(&mut self, exits: bool) -> Result<Duration> {
        let asked_at = Instant::now();
        terminate(&self.child)?;
        let end = asked_at + PATIENCE;
        while Instant::now() < end {
            if let Some(status) = self.child.try_wait()? {
                let took = asked_at.elapsed();
                self.judge(status, exits)?;
                return Ok(took);
            }
            thread::sleep(LOOK);
        }
        Err(format!("{} still ran {PATIENCE:?} after SIGTERM", self.name).into())
    }

    fn judge(&self, status: ExitStatus, exits: bool) -> Result {
        if exits && !status.success() {
            let (name, log) = (&self.name, self.log.display());
            return Err(format!("{name} did not end with 0 but {status}; see {log}").into());
        }
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Has no effect on a process whose end has been waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(unix)]
fn terminate(child: &Child) -> Result {
    use rustix::process::{Pid, Signal, kill_process};

    let id = i32::try_from(child.id())?;
    let id = Pid::from_raw(id).ok_or("a process has no id")?;
    kill_process(id, Signal::TERM)
        .map_err(|error| format!("no SIGTERM could be sent: {error}").into())
}

#[cfg(not(unix))]
fn terminate(_: &Child) -> Result {
    Err("measured on Unix only".into())
}

#[cfg(all(test, unix))]
mod tests {
    use std::time::Duration;

    use super::Running;
    use crate::cargo::command;

    fn shell(name: &str, script: &str) -> Running {
        Running::start(name, command("sh").args(["-c", script])).expect("there is a shell")
    }

    #[test]
    fn a_process_is_ready_at_its_line_and_ends_at_the_signal() {
        let script = "trap 'exit 0' TERM; echo one; echo ready; while :; do sleep 0.01; done";
        let mut process = shell("child-ready", script);
        process.until_printed("ready").expect("it prints it");
        assert!(process.age() > Duration::ZERO);
        process.stop(true).expect("it ends with 0");
        assert_eq!(process.printed().expect("a file"), "one\nready\n");
    }

    #[test]
    fn an_end_by_the_signal_is_an_error_where_an_exit_is_due() {
        for (name, exits) in [("child-killed", false), ("child-must-exit", true)] {
            let mut process = shell(name, "echo ready; exec sleep 60");
            process.until_printed("ready").expect("it prints it");
            let stopped = process.stop(exits).map(drop);
            assert_eq!(stopped.is_err(), exits, "{stopped:?}");
        }
    }

    #[test]
    fn a_process_that_ends_before_it_is_ready_shows_what_it_printed() {
        let mut process = shell("child-wrong", "echo wrong >&2; exit 3");
        let error = process.until_printed("ready").expect_err("it has ended");
        let error = error.to_string();
        assert!(error.contains("wrong") && error.contains('3'), "{error}");
    }
}
