//! A child process with a time limit.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use crate::Result;
use crate::cargo::describe;

/// How it ended, and what it printed, which stands in `log` as well.
///
/// One that still runs at the limit is killed, which is an error.
pub(crate) fn run_within(
    limit: Duration,
    command: &mut Command,
    log: &Path,
) -> Result<(ExitStatus, String)> {
    let line = describe(command);
    let file = File::create(log)?;
    command.stdout(file.try_clone()?).stderr(file);
    let mut child = command
        .spawn()
        .map_err(|error| format!("could not run `{line}`: {error}"))?;
    let end = Instant::now() + limit;
    while Instant::now() < end {
        if let Some(status) = child.try_wait()? {
            let printed = fs::read(log)?;
            return Ok((status, String::from_utf8_lossy(&printed).into_owned()));
        }
        thread::sleep(Duration::from_millis(2));
    }
    child.kill()?;
    child.wait()?;
    let log = log.display();
    Err(format!("`{line}` still ran after {limit:?}; see {log}").into())
}

#[cfg(test)]
mod tests {
    use std::env;
    use std::process::Command;
    use std::time::Duration;

    use super::run_within;

    #[test]
    fn what_ends_in_time_says_how_and_what_does_not_is_killed() {
        let log = env::temp_dir().join(format!("xtask-bounded-{}.log", std::process::id()));
        let shell = |script: &str| {
            let mut shell = Command::new("sh");
            shell.args(["-c", script]);
            shell
        };
        let patient = Duration::from_secs(60);
        let (status, printed) =
            run_within(patient, &mut shell("echo out; echo err >&2; exit 3"), &log)
                .expect("it ends");
        assert_eq!(status.code(), Some(3));
        assert_eq!(printed, "out\nerr\n");

        let short = Duration::from_millis(20);
        let error = run_within(short, &mut shell("exec sleep 60"), &log)
            .expect_err("it does not end")
            .to_string();
        assert!(error.contains("still ran after 20ms"), "{error}");
        let _ = std::fs::remove_file(log);
    }
}
