//! Named steps: each says its name and its time, and the failing ones are summed up at the end.

use std::env;
use std::time::{Duration, Instant};

use crate::Result;

/// A run of steps that goes on after a failure.
#[derive(Default)]
pub(crate) struct Steps {
    passed: usize,
    failed: Vec<String>,
}

impl Steps {
    /// Runs one step.
    pub(crate) fn run(&mut self, name: &str, step: impl FnOnce() -> Result) {
        println!("==> {name}");
        let start = Instant::now();
        let result = step();
        let took = seconds(start.elapsed());
        match result {
            Ok(()) => {
                println!("==> {name}: ok in {took}");
                self.passed += 1;
            }
            Err(error) => {
                println!("==> {name}: FAILED in {took}: {error}");
                self.failed.push(name.to_owned());
            }
        }
    }

    /// Runs a step with what it needs from outside, if that could be had. What this machine has no way
    /// to get is named, which under `CI` is a failure: a green CI means that everything ran.
    pub(crate) fn with<T>(
        &mut self,
        name: &str,
        needed: Result<T>,
        step: impl FnOnce(T) -> Result,
    ) {
        match needed {
            Ok(needed) => self.run(name, || step(needed)),
            Err(why) if is_ci(env::var("CI").ok().as_deref()) => self.run(name, || {
                Err(format!("NOT RUN, which is a failure under CI: {why}").into())
            }),
            Err(why) => eprintln!("xtask: NOT RUN: {name}: {why}"),
        }
    }

    /// Sums up.
    pub(crate) fn finish(self) -> Result {
        if self.failed.is_empty() {
            println!("==> all {} steps passed", self.passed);
            return Ok(());
        }
        let all = self.passed + self.failed.len();
        let names = self.failed.join(", ");
        Err(format!("{} of {all} steps failed: {names}", self.failed.len()).into())
    }
}

/// Whether a value of the variable `CI` says that this is a run of a CI.
fn is_ci(value: Option<&str>) -> bool {
    value.is_some_and(|value| !["", "0", "false"].contains(&value))
}

/// A duration for people.
pub(crate) fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::{Steps, is_ci};

    #[test]
    fn ci_is_what_says_so() {
        for value in ["true", "1", "yes"] {
            assert!(is_ci(Some(value)), "{value}");
        }
        for value in [None, Some(""), Some("0"), Some("false")] {
            assert!(!is_ci(value), "{value:?}");
        }
    }

    #[test]
    fn a_failed_step_does_not_keep_the_next_from_running_and_is_named_at_the_end() {
        let mut steps = Steps::default();
        let mut ran = false;
        steps.run("first", || Err("broken".into()));
        steps.run("second", || {
            ran = true;
            Ok(())
        });
        assert!(ran);
        let error = steps.finish().expect_err("a step failed").to_string();
        assert_eq!(error, "1 of 2 steps failed: first");
    }
}
