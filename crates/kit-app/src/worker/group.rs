//! Workers that begin anew together.

use std::future::Future;
use std::time::Duration;

use kit_sync::BoxError;
use kit_transport::{Context, Phase};

use super::every::Every;
use super::options::WorkerOptions;
use super::policy::{Policy, Restarts};
use super::work::{Work, WorkKind};

/// Which workers of a component begin anew after the failure of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Together {
    /// All of them.
    OneForAll,
    /// That one, and those that were added after it.
    RestForOne,
}

/// Workers that share something which a failure breaks, so that they begin anew together: one component
/// of the app, whose workers have scopes and names below its own.
///
/// After a failure, the siblings that it concerns are cancelled and have the
/// [`restart_limit`](Self::restart_limit) to end; then they are aborted and named. The delay follows, and
/// then all of them begin in the order in which they were added. Failures of the group count together;
/// too many stop the app.
///
/// Periodic work of a group keeps its times when a sibling fails: a run that goes on is cancelled, and the
/// next time comes when it is due, or after the delay when that is later. Only its own failure makes it
/// begin anew outside its times.
///
/// ```
/// use std::time::Duration;
///
/// use kit_app::{App, Restarts, WorkerGroup};
///
/// let five_a_minute = Restarts::at_most(5, Duration::from_secs(60));
/// let ingest = WorkerGroup::rest_for_one("ingest", five_a_minute)
///     .worker("fetch", |ctx| async move {
///         ctx.scope().cancelled().await;
///         Ok(())
///     })
///     .worker("index", |ctx| async move {
///         ctx.scope().cancelled().await;
///         Ok(())
///     });
/// let app = App::builder("search").worker_group(ingest);
/// ```
#[derive(Debug)]
#[must_use = "a group does nothing until it is added to an app"]
pub struct WorkerGroup {
    pub(crate) name: String,
    pub(crate) together: Together,
    pub(crate) works: Vec<Work>,
    pub(crate) options: WorkerOptions,
}

impl WorkerGroup {
    /// A failure of one worker restarts all of them.
    pub fn one_for_all(name: impl Into<String>, restarts: Restarts) -> WorkerGroup {
        WorkerGroup::new(name.into(), Together::OneForAll, restarts)
    }

    /// A failure of one worker restarts it and those that were added after it, which build on it.
    pub fn rest_for_one(name: impl Into<String>, restarts: Restarts) -> WorkerGroup {
        WorkerGroup::new(name.into(), Together::RestForOne, restarts)
    }

    fn new(name: String, together: Together, restarts: Restarts) -> WorkerGroup {
        WorkerGroup {
            name,
            together,
            works: Vec::new(),
            options: WorkerOptions::new().policy(Policy::Restart(restarts)),
        }
    }

    /// Adds a worker, which runs until it is cancelled; see
    /// [`AppBuilder::worker`](crate::AppBuilder::worker).
    #[track_caller]
    pub fn worker<F, Fut>(self, name: impl Into<String>, work: F) -> WorkerGroup
    where
        F: FnMut(Context) -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        self.add(Work::new(name.into(), WorkKind::Worker, work))
    }

    /// Adds work that is done again and again; see [`AppBuilder::every`](crate::AppBuilder::every).
    #[track_caller]
    pub fn every<F, Fut>(
        self,
        name: impl Into<String>,
        every: impl Into<Every>,
        work: F,
    ) -> WorkerGroup
    where
        F: FnMut(Context) -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        self.add(Work::new(name.into(), WorkKind::Every(every.into()), work))
    }

    fn add(mut self, work: Work) -> WorkerGroup {
        self.works.push(work);
        self
    }

    /// Replaces the phase of the group. Default: [`Phase::WORKERS`].
    pub fn phase(mut self, phase: Phase) -> WorkerGroup {
        self.options.phase = phase;
        self
    }

    /// Replaces how long siblings that are restarted, and the tasks that runs have spawned, may take to
    /// end. Then they are aborted and named. Default: 5 s.
    pub fn restart_limit(mut self, restart_limit: Duration) -> WorkerGroup {
        self.options.restart_limit = restart_limit;
        self
    }
}
