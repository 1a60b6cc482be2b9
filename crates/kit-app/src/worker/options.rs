//! The options of a worker or a job.

#[cfg(feature = "serde")]
mod awaited;

use std::time::Duration;

use kit_transport::Phase;
use kit_units::WrongOption;

use super::policy::Policy;
use crate::Error;
use crate::bounds::refuse_period;

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
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[must_use = "options do nothing until they are given to a worker or a job"]
pub struct WorkerOptions {
    /// The phase in which it starts, and in whose place it is drained: a name or a number. Default: 100,
    /// that of `workers`.
    pub(crate) phase: Phase,
    /// Whether a failure stops the app, begins the work anew, or is ignored: `stop`, `{ restart = { … } }`
    /// or `ignore`. Default: `stop`.
    pub(crate) policy: Policy,
    /// How long the tasks that a run has spawned may take to end after it, longer than zero and at most 365
    /// days. Default: 5 s.
    #[cfg_attr(feature = "serde", serde(with = "kit_units::duration"))]
    #[cfg_attr(feature = "schema", schemars(with = "kit_units::schema::Duration"))]
    pub(crate) restart_limit: Duration,
    /// Whether the app may end while this work goes on. Default: no.
    #[cfg_attr(feature = "serde", serde(rename = "auxiliary"))]
    pub(crate) is_auxiliary: bool,
    /// How long the start waits for this job: a duration, `hook-timeout` for that of the app, or `off`.
    /// Default: `off`.
    #[cfg_attr(feature = "serde", serde(with = "awaited"))]
    #[cfg_attr(feature = "schema", schemars(with = "kit_units::schema::Limit"))]
    pub(crate) awaited: Option<AwaitLimit>,
}

/// How long the start waits for a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AwaitLimit {
    /// As long as for a hook.
    HookTimeout,
    Given(Duration),
}

impl WorkerOptions {
    /// The defaults: [`Phase::WORKERS`], [`Policy::Stop`], 5 s.
    pub fn new() -> WorkerOptions {
        WorkerOptions {
            phase: Phase::WORKERS,
            policy: Policy::default(),
            restart_limit: Duration::from_secs(5),
            is_auxiliary: false,
            awaited: None,
        }
    }

    /// Replaces the phase in which it starts, and in whose place it is drained. Default:
    /// [`Phase::WORKERS`], before servers start and after they have been drained.
    pub fn phase(self, phase: Phase) -> WorkerOptions {
        WorkerOptions { phase, ..self }
    }

    /// Replaces what a failure does. Default: [`Policy::Stop`].
    ///
    /// A run that fails with a latch of the start in its hands gives the latch up, and the start fails with
    /// it, whatever the policy. Work that may begin anew in the start takes no latch, or is a job that is
    /// [`awaited`](Self::awaited).
    pub fn policy(self, policy: Policy) -> WorkerOptions {
        WorkerOptions { policy, ..self }
    }

    /// Replaces how long the tasks that a run has spawned may take to end after it. Then they are
    /// aborted and named. No run begins before those of the last one have ended. Default: 5 s.
    ///
    /// It does not count once a stop was asked for: they have until the deadline of their phase then. Those of
    /// the run whose failure stops the app have this limit all the same.
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

    /// Has the start wait for a job, such as a migration: components of later phases start when it has
    /// ended with `Ok`, and readiness waits for it as well. Those of its phase start beside it, so give
    /// it a [phase](Self::phase) to itself, below the workers and servers that need what it does.
    ///
    /// Its [policy](Self::policy) holds meanwhile. With [`Policy::Stop`] a failure is that of the start,
    /// with exit code 1; with [`Policy::Restart`] it begins anew after each delay until the policy gives
    /// up; a failure that [`Policy::Ignore`] ignores lets the start go on. The job has the
    /// [`hook_timeout`](crate::AppBuilder::hook_timeout), 5 min unless set, from its beginning, restarts and
    /// delays included, also while others of its phase still start;
    /// [`awaited_for`](Self::awaited_for) gives it more or less. At the limit the start fails with
    /// [`Error::JobTimeout`](crate::Error::JobTimeout). While it lasts,
    /// [`Event::Waiting`](crate::Event::Waiting) names the job after 2 s and then every 10 s.
    ///
    /// A stop that is asked for meanwhile calls the start off. The job's scope is cancelled at the drain,
    /// and it has until the deadline of its phase to end. An error that it returns then is a
    /// remark, and the exit code stays 0; a panic, or having to be aborted, is a failure.
    ///
    /// It is for jobs. A worker never ends, so the option is an error of [`App::run`](crate::App::run)
    /// there, before anything starts; so it is for periodic work.
    ///
    /// ```
    /// use kit_app::{App, Phase, WorkerOptions};
    ///
    /// let before_workers = WorkerOptions::new().phase(Phase::new(50)).awaited();
    /// let app = App::builder("orders").job_with("migrate", before_workers, |_ctx| async { Ok(()) });
    /// ```
    pub fn awaited(self) -> WorkerOptions {
        WorkerOptions {
            awaited: Some(AwaitLimit::HookTimeout),
            ..self
        }
    }

    /// Has the start wait for a job, as [`awaited`](Self::awaited) does, for at most `limit` from its
    /// beginning, restarts and delays included.
    pub fn awaited_for(self, limit: Duration) -> WorkerOptions {
        WorkerOptions {
            awaited: Some(AwaitLimit::Given(limit)),
            ..self
        }
    }

    /// Everything that is wrong, whatever work they are given to. Work with any of it is not started.
    #[must_use]
    pub fn check(&self) -> Vec<WrongOption> {
        let restarts = self.check_restarts().into_iter();
        let restarts = restarts.map(|wrong| wrong.inside("restart").inside("policy"));
        restarts.chain(self.check_times()).collect()
    }

    /// [`check`](Self::check), by the names that the author of an app knows, and whether the work fits.
    pub(crate) fn errors(&self, is_job: bool) -> Vec<Error> {
        let never_ends = self.awaited.is_some() && !is_job;
        let awaited = never_ends.then(|| {
            let value = "set for work that never ends by itself";
            let expected = "set for a job, as the start would wait without end";
            WrongOption::new("awaited", value, expected)
        });
        let own = self.check_times().map(|wrong| match wrong.key() {
            "awaited" => wrong.named("awaited_for"),
            _ => wrong,
        });
        let own = Error::of_options("WorkerOptions", own.chain(awaited));
        let restarts = Error::of_options("Restarts", self.check_restarts());
        own.chain(restarts).collect()
    }

    fn check_times(&self) -> impl Iterator<Item = WrongOption> + use<> {
        let awaited = match self.awaited {
            Some(AwaitLimit::Given(limit)) => refuse_period("awaited", limit),
            Some(AwaitLimit::HookTimeout) | None => None,
        };
        let restart_limit = refuse_period("restart_limit", self.restart_limit);
        restart_limit.into_iter().chain(awaited)
    }

    fn check_restarts(&self) -> Vec<WrongOption> {
        match &self.policy {
            Policy::Restart(restarts) => restarts.check(),
            Policy::Stop | Policy::Ignore => Vec::new(),
        }
    }
}

impl Default for WorkerOptions {
    fn default() -> WorkerOptions {
        WorkerOptions::new()
    }
}
