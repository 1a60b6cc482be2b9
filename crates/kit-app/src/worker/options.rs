//! The options of a worker or a job.

use std::time::Duration;

use kit_transport::Phase;

use super::policy::{Policy, check_duration};
use crate::Error;

/// How a worker or a job is run.
///
/// ```
/// use std::time::Duration;
///
/// use kit_app::{App, Phase, Policy, WorkerOptions};
///
/// let options = WorkerOptions::new()
///     .phase(Phase::new(150))
///     .policy(Policy::Ignore)
///     .restart_limit(Duration::from_secs(1));
/// let app = App::builder("orders").job_with("warm the cache", options, |_ctx| async { Ok(()) });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "options do nothing until they are given to a worker or a job"]
pub struct WorkerOptions {
    pub(crate) phase: Phase,
    pub(crate) policy: Policy,
    pub(crate) restart_limit: Duration,
    pub(crate) is_auxiliary: bool,
}

impl WorkerOptions {
    /// The defaults: [`Phase::WORKERS`], [`Policy::Stop`], 5 s.
    pub fn new() -> WorkerOptions {
        WorkerOptions {
            phase: Phase::WORKERS,
            policy: Policy::default(),
            restart_limit: Duration::from_secs(5),
            is_auxiliary: false,
        }
    }

    /// Replaces the phase in which it starts, and in whose place it is drained. Default:
    /// [`Phase::WORKERS`], before servers start and after they have been drained.
    pub fn phase(self, phase: Phase) -> WorkerOptions {
        WorkerOptions { phase, ..self }
    }

    /// Replaces what a failure does. Default: [`Policy::Stop`].
    pub fn policy(self, policy: Policy) -> WorkerOptions {
        WorkerOptions { policy, ..self }
    }

    /// Replaces how long the tasks that a run has spawned may take to end after it. Then they are
    /// aborted and named. No run begins before those of the last one have ended. Default: 5 s.
    ///
    /// It does not count once a stop was asked for: they have until the deadline of their phase then.
    pub fn restart_limit(self, restart_limit: Duration) -> WorkerOptions {
        WorkerOptions {
            restart_limit,
            ..self
        }
    }

    /// Does not keep the app running: an app of jobs ends when its last job has ended, although this
    /// worker could go on. Default: every component that is not done keeps the app running.
    pub fn auxiliary(self) -> WorkerOptions {
        WorkerOptions {
            is_auxiliary: true,
            ..self
        }
    }

    /// # Errors
    /// The first value that is of no use.
    pub(crate) fn check(&self) -> Result<(), Error> {
        check_duration("WorkerOptions::restart_limit", self.restart_limit)?;
        match &self.policy {
            Policy::Restart(restarts) => restarts.check(),
            Policy::Stop | Policy::Ignore => Ok(()),
        }
    }
}

impl Default for WorkerOptions {
    fn default() -> WorkerOptions {
        WorkerOptions::new()
    }
}
