//! The results of one check, and where it stands by them.

use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use tokio::time::Instant;

use super::options::CheckOptions;
use super::status::{CheckState, CheckStatus};

/// How late a result may be before the check counts as one that hangs.
const LATE: Duration = Duration::from_secs(1);

/// The results of one check. Written by its task, read from any thread.
#[derive(Debug)]
pub(crate) struct Record {
    name: String,
    options: CheckOptions,
    results: Mutex<Results>,
}

#[derive(Debug)]
struct Results {
    state: CheckState,
    /// Why the last run failed.
    reason: Option<String>,
    /// In a row.
    failures: u32,
    /// In a row.
    successes: u32,
    has_passed: bool,
    last: Option<LastRun>,
    /// When the next result has to be there; `None` before the first run and after the last.
    due: Option<Instant>,
}

#[derive(Clone, Copy, Debug)]
struct LastRun {
    ended: Instant,
    took: Duration,
}

impl Record {
    pub(super) fn new(name: &str, options: CheckOptions) -> Record {
        Record {
            name: name.to_owned(),
            options,
            results: Mutex::new(Results {
                state: CheckState::Pending,
                reason: None,
                failures: 0,
                successes: 0,
                has_passed: false,
                last: None,
                due: None,
            }),
        }
    }

    /// A run begins at this time: from then on the result is awaited.
    pub(super) fn expect_from(&self, begin: Instant) {
        self.lock().due = Some(begin + self.result_limit());
    }

    /// How long after the beginning of a run its result is there, whatever the run does.
    pub(super) fn result_limit(&self) -> Duration {
        self.options.timeout + LATE
    }

    /// There will be no more results.
    pub(super) fn end(&self) {
        self.lock().due = None;
    }

    /// Takes the result of a run. Gives the new state when the check begins to fail or to pass.
    pub(super) fn add(&self, result: Result<(), String>, took: Duration) -> Option<CheckState> {
        let mut results = self.lock();
        let before = results.state;
        let is_first = before == CheckState::Pending || !results.has_passed;
        results.last = Some(LastRun {
            ended: Instant::now(),
            took,
        });
        match result {
            Ok(()) => {
                results.failures = 0;
                results.successes = results.successes.saturating_add(1);
                results.reason = None;
                if is_first || results.successes >= self.options.success_threshold {
                    results.state = CheckState::Passing;
                    results.has_passed = true;
                }
            }
            Err(reason) => {
                results.successes = 0;
                results.failures = results.failures.saturating_add(1);
                results.reason = Some(reason);
                if is_first || results.failures >= self.options.failure_threshold {
                    results.state = CheckState::Failing;
                }
            }
        }
        (results.state != before).then_some(results.state)
    }

    /// The time from the beginning of one run to that of the next.
    pub(super) fn period(&self) -> Duration {
        if self.lock().has_passed {
            return self.options.period;
        }
        self.options.period.min(Duration::from_secs(1))
    }

    /// As things stand. A result that is overdue is a failure: the check blocks its thread, or the
    /// runtime does not poll it.
    pub(super) fn status(&self) -> CheckStatus {
        let results = self.lock();
        let now = Instant::now();
        let overdue = results.due.filter(|due| *due < now);
        let overdue = overdue.map(|due| now - due + self.result_limit());
        let hangs = |ran: Duration| {
            format!(
                "its run has not ended after {ran:.1?}: it blocks its thread, or the runtime polls nothing"
            )
        };
        CheckStatus {
            name: self.name.clone(),
            required: self.options.is_required,
            state: match overdue {
                Some(_) => CheckState::Failing,
                None => results.state,
            },
            reason: overdue.map(hangs).or_else(|| results.reason.clone()),
            failures: results.failures,
            age: results
                .last
                .map(|run| now.saturating_duration_since(run.ended)),
            took: results.last.map(|run| run.took),
        }
    }

    pub(super) fn is_required(&self) -> bool {
        self.options.is_required
    }

    pub(super) fn has_result(&self) -> bool {
        self.lock().last.is_some()
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn timeout(&self) -> Duration {
        self.options.timeout
    }

    fn lock(&self) -> MutexGuard<'_, Results> {
        kit_sync::lock(&self.results)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn states(options: CheckOptions, results: &[bool]) -> Vec<Option<CheckState>> {
        let record = Record::new("database", options);
        let add = |is_good: &bool| {
            let result = if *is_good {
                Ok(())
            } else {
                Err("gone".to_owned())
            };
            record.add(result, Duration::ZERO)
        };
        results.iter().map(add).collect()
    }

    #[test]
    fn thresholds_count_runs_in_a_row_and_the_first_result_stands_alone() {
        use CheckState::{Failing, Passing};

        let options = CheckOptions::new()
            .failure_threshold(3)
            .success_threshold(2);
        let (fails, passes) = (Some(Failing), Some(Passing));
        assert_eq!(
            states(
                options,
                &[true, false, false, true, false, false, false, true, true]
            ),
            [passes, None, None, None, None, None, fails, None, passes]
        );
        // A check that never passed needs neither threshold.
        assert_eq!(
            states(options, &[false, false, true]),
            [fails, None, passes]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_result_that_is_overdue_is_a_failure_until_it_comes() {
        let record = Record::new("database", CheckOptions::new());
        record.add(Ok(()), Duration::ZERO);
        record.expect_from(Instant::now());
        tokio::time::advance(Duration::from_millis(1_900)).await;
        assert_eq!(record.status().state, CheckState::Passing);
        tokio::time::advance(Duration::from_millis(200)).await;
        let status = record.status();
        assert_eq!(status.state, CheckState::Failing);
        let reason = status.reason.unwrap();
        assert!(reason.contains("has not ended after 2.1s"), "{reason}");
        record.expect_from(Instant::now());
        assert_eq!(record.status().state, CheckState::Passing);
    }

    #[tokio::test(start_paused = true)]
    async fn a_check_that_never_passed_is_asked_every_second() {
        let record = Record::new("database", CheckOptions::new());
        assert_eq!(record.period(), Duration::from_secs(1));
        record.add(Err("gone".to_owned()), Duration::ZERO);
        assert_eq!(record.period(), Duration::from_secs(1));
        record.add(Ok(()), Duration::ZERO);
        assert_eq!(record.period(), Duration::from_secs(10));
        assert_eq!(record.status().to_string(), "passing, 0.0ns ago");
    }
}
