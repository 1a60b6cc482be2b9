//! The end of a component's tasks before the stop: a failure of the app, unless the component may
//! end by itself.

use std::panic::Location;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use kit_sync::policy::Failure;
use kit_sync::{BoxError, Scope, StopToken, Supervisor, TaskReport, error_chain};
use tokio::time::Instant;

use crate::core::Core;
use crate::worker::AwaitLimit;
use crate::{AfterFailure, Awaited, Error, Event, Policy, WorkerKind};

/// Sees the tasks of one component. Shared by the component, the observer of its failures and the
/// task that waits for its end.
pub(crate) struct Supervision {
    /// The core keeps the tree of tasks, which keeps this.
    core: Weak<Core>,
    component: String,
    /// It may end by itself.
    is_finite: bool,
    supervisor: Supervisor,
    /// Its workers' policies decide, and not the end of a task, whether it has failed.
    is_judged: AtomicBool,
    /// That policy forgives every failure.
    is_ignored: AtomicBool,
    /// Since when, and for how long, the start waits for the end of its tasks.
    awaited: OnceLock<(Instant, AwaitLimit)>,
    /// Its start has returned.
    started: AtomicBool,
    ended: AtomicBool,
    failed: AtomicBool,
}

/// What the end of every named task of a component means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TasksEnd {
    /// The component was done.
    Finished,
    /// The component failed, and the app stops because of it.
    Failed,
}

impl Supervision {
    pub(super) fn new(
        core: &Arc<Core>,
        component: String,
        is_finite: bool,
        supervisor: Supervisor,
    ) -> Supervision {
        Supervision {
            core: Arc::downgrade(core),
            component,
            is_finite,
            supervisor,
            is_judged: AtomicBool::new(false),
            is_ignored: AtomicBool::new(false),
            awaited: OnceLock::new(),
            started: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            failed: AtomicBool::new(false),
        }
    }

    /// Has failures of the tasks of `scope` recorded when they happen.
    pub(super) fn observe(self: &Arc<Self>, scope: &Scope) {
        let (supervision, token) = (Arc::clone(self), scope.token().clone());
        scope.observe_failures(move |task| {
            supervision.record_failure(task, &token);
            // Last: a failure that asks for the stop has done so before the start learns of its task.
            if let Some(core) = supervision.core.upgrade() {
                core.latches.record_failure(task);
            }
        });
    }

    /// Ascribes the failure of a task: it is the failure of the component when the task was the
    /// last one, a failure of the stop when the component was draining and failures of its workers are
    /// not ignored, else an event.
    fn record_failure(&self, task: &TaskReport, token: &StopToken) {
        let Some(core) = self.core.upgrade() else {
            return;
        };
        let is_running = self.started.load(Ordering::Acquire) && !token.is_cancelled();
        let ended = is_running.then(|| self.supervisor.has_ended());
        if let Some(first) = ended.flatten() {
            let is_first = first == *task;
            self.record_end(first);
            if is_first {
                return;
            }
        }
        if token.is_cancelled() && task.is_named() && !self.is_ignored() {
            let component = self.component.clone();
            let task = Box::new(task.clone());
            core.journal
                .record_failure(Error::Stopping { component, task });
            return;
        }
        core.emit(Event::TaskFailed { task: task.clone() });
    }

    /// The start has returned: the end of the tasks concerns the app from now on. Called in the
    /// task of the start, because a task may fail before its end is seen.
    pub(super) fn mark_started(&self) {
        self.started.store(true, Ordering::Release);
    }

    /// Records the end of the tasks, once, with the first that failed or the last that ended.
    fn record_end(&self, task: TaskReport) -> TasksEnd {
        let Some(core) = self.core.upgrade() else {
            return TasksEnd::Finished;
        };
        let component = || self.component.clone();
        if !self.ended.swap(true, Ordering::AcqRel) {
            core.emit(Event::ComponentEnded { name: component() });
        }
        let is_judged = self.is_judged.load(Ordering::Acquire);
        if is_judged && self.has_failed() {
            return TasksEnd::Failed;
        }
        if is_judged || self.is_finite && !task.outcome().is_failure() {
            return TasksEnd::Finished;
        }
        if !self.failed.swap(true, Ordering::AcqRel) {
            let (component, task) = (component(), Box::new(task));
            core.fail(Error::Ended { component, task });
        }
        TasksEnd::Failed
    }

    /// Records the end of the tasks if they have ended.
    pub(crate) fn record_end_so_far(&self) {
        if let Some(task) = self.supervisor.has_ended() {
            self.record_end(task);
        }
    }

    /// Whether the end of its tasks was a failure.
    pub(super) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }

    /// Whether failures of its tasks are forgiven, by the policy of its workers.
    pub(super) fn is_ignored(&self) -> bool {
        self.is_ignored.load(Ordering::Acquire)
    }

    /// Whether the tasks had ended before the stop.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    /// Waits for the end of the tasks, and records it.
    pub(crate) async fn recorded_end(&self) -> TasksEnd {
        let task = self.supervisor.all_ended().await;
        self.record_end(task)
    }

    // === of workers ===

    /// From now on only [`fail_worker`](Self::fail_worker) makes it fail, and a task that fails in the
    /// drain, unless the policy ignores failures.
    pub(super) fn judge_by(&self, policy: Policy) {
        let is_ignored = policy == Policy::Ignore;
        self.is_ignored.store(is_ignored, Ordering::Release);
        self.is_judged.store(true, Ordering::Release);
    }

    /// The start waits for the end of its tasks, from now on.
    pub(super) fn mark_awaited(&self, limit: AwaitLimit) {
        // A component starts once.
        let _ = self.awaited.set((Instant::now(), limit));
    }

    /// Whether the start waits, or has waited, for the end of its tasks.
    pub(super) fn is_awaited(&self) -> bool {
        self.awaited.get().is_some()
    }

    /// For how long the start waits for it, and until when; `hook_timeout` unless it has a limit.
    pub(crate) fn awaited_until(&self, hook_timeout: Duration) -> Option<(Duration, Instant)> {
        let (since, limit) = self.awaited.get()?;
        let limit = match limit {
            AwaitLimit::HookTimeout => hook_timeout,
            AwaitLimit::Given(limit) => *limit,
        };
        Some((limit, *since + limit))
    }

    /// A worker has failed for good: the app stops, or its stop has a failure.
    pub(super) fn fail_worker(
        &self,
        kind: WorkerKind,
        path: &str,
        added_at: &Location<'_>,
        source: BoxError,
    ) {
        self.failed.store(true, Ordering::Release);
        let Some(core) = self.core.upgrade() else {
            return;
        };
        core.emit(Event::WorkerFailed {
            component: self.component.clone(),
            kind,
            path: path.to_owned(),
            why: error_chain(&*source),
            then: AfterFailure::Stop,
        });
        core.fail(Error::Worker {
            kind,
            path: path.to_owned(),
            added_at: added_at.to_string(),
            source,
        });
    }

    pub(super) fn emit_worker_started(&self, kind: WorkerKind, path: &str) {
        self.emit(Event::WorkerStarted {
            component: self.component.clone(),
            kind,
            path: path.to_owned(),
        });
    }

    pub(super) fn emit_worker_failed(
        &self,
        kind: WorkerKind,
        path: &str,
        failure: &Failure,
        then: AfterFailure,
    ) {
        self.emit(Event::WorkerFailed {
            component: self.component.clone(),
            kind,
            path: path.to_owned(),
            why: error_chain(failure),
            then,
        });
    }

    /// Counts a failure of periodic work that has no event, because it repeats itself.
    pub(super) fn count_worker_failure(&self, path: &str, failure: &Failure) {
        if let Some(core) = self.core.upgrade() {
            let why = error_chain(failure);
            core.journal.count_failure(&self.component, path, &why);
        }
    }

    pub(super) fn emit_worker_ended(&self, kind: WorkerKind, path: &str, since: Instant) {
        self.emit(Event::WorkerEnded {
            component: self.component.clone(),
            kind,
            path: path.to_owned(),
            took: since.elapsed(),
        });
    }

    pub(super) fn remark(&self, what: String) {
        if let Some(core) = self.core.upgrade() {
            core.journal.remark(what);
        }
    }

    fn emit(&self, event: Event) {
        if let Some(core) = self.core.upgrade() {
            core.emit(event);
        }
    }

    /// Whether a stop was asked for.
    pub(super) fn is_stop_asked(&self) -> bool {
        let core = self.core.upgrade();
        core.is_none_or(|core| core.control.is_asked())
    }

    /// Resolves once a stop was asked for.
    pub(super) async fn stop_asked(&self) {
        let control = self.core.upgrade().map(|core| Arc::clone(&core.control));
        if let Some(control) = control {
            control.asked().await;
        }
    }

    /// Awaits `future`, and emits an event that says what is awaited when that takes long.
    pub(super) async fn awaits<F: Future>(
        &self,
        what: impl Fn() -> Awaited,
        future: F,
    ) -> F::Output {
        let journal = self.core.upgrade().map(|core| Arc::clone(&core.journal));
        match journal {
            Some(journal) => journal.awaits(what, future).await,
            None => future.await,
        }
    }
}
