//! One worker of a component, and its run.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use kit_sync::policy::{Failure, caught};
use kit_sync::{Cause, Ending, Repeated, Scope};
use kit_transport::Context;
use tokio::time::Instant;

use super::first_step::{self, FirstStep};
use crate::WorkerKind;
use crate::worker::work::{Work, WorkKind};

/// One worker of a component.
pub(super) struct Member {
    pub(super) work: Arc<Work>,
    /// Below it is a scope for each run.
    pub(super) scope: Scope,
    /// When its component has begun it.
    pub(super) since: Instant,
    /// The run that has begun and whose end was not seen yet.
    pub(super) run: Option<Run>,
    /// When the next run begins; it has none when one goes on, or none will come.
    pub(super) due: Option<Instant>,
    /// The failures that are ignored.
    pub(super) repeated: Repeated,
    /// Its beginning after a failure, or at first, is to be an event.
    pub(super) is_new: bool,
}

/// A run that has begun.
pub(super) struct Run {
    pub(super) scope: Scope,
    /// It was cancelled so that the worker begins anew, and how it ends is a consequence of that.
    is_superseded: Arc<AtomicBool>,
}

/// The end of a run.
pub(super) struct RunEnd {
    pub(super) member: usize,
    pub(super) ran: Duration,
    pub(super) ended: Result<(), Failure>,
    /// It ended after it had been cancelled to begin anew. One that ended before stands for itself,
    /// also when it is judged later.
    is_superseded: bool,
}

impl Member {
    pub(super) fn new(work: &Arc<Work>, scope: Scope, since: Instant) -> Member {
        Member {
            work: Arc::clone(work),
            scope,
            since,
            run: None,
            due: Some(Member::first(work, since)),
            repeated: Repeated::new(),
            is_new: true,
        }
    }

    /// The first time of a run, for work that is added at `start`.
    fn first(work: &Work, start: Instant) -> Instant {
        match &work.kind {
            WorkKind::Every(every) => every.first(start),
            WorkKind::Worker | WorkKind::Job => start,
        }
    }

    pub(super) fn path(&self) -> &str {
        self.scope.path()
    }

    pub(super) fn kind(&self) -> WorkerKind {
        match self.work.kind {
            WorkKind::Job => WorkerKind::Job,
            WorkKind::Worker | WorkKind::Every(_) => WorkerKind::Worker,
        }
    }

    /// Neither does it run, nor will it.
    pub(super) fn is_over(&self) -> bool {
        self.run.is_none() && self.due.is_none()
    }

    /// Begins a run in a scope below the worker's, and gives its end to `report`. The panic of a call is
    /// caught like that of its future.
    pub(super) fn begin(
        &mut self,
        index: usize,
        context: &Context,
        report: impl FnOnce(RunEnd) + Send + 'static,
    ) -> FirstStep {
        self.due = None;
        let scope = self.scope.child("run");
        let run = Run {
            scope: scope.clone(),
            is_superseded: Arc::default(),
        };
        let is_superseded = Arc::clone(&run.is_superseded);
        let (work, context) = (
            Arc::clone(&self.work),
            context.clone().with_scope(scope.clone()),
        );
        let (stepping, first_step) = first_step::new();
        let work_of_run = async move {
            let begun = Instant::now();
            let mut stepping = Some(stepping);
            let mut work = pin!(caught(async move { work.run(context).await }));
            let ended = poll_fn(|cx| {
                let polled = work.as_mut().poll(cx);
                stepping = None;
                polled
            })
            .await;
            report(RunEnd {
                member: index,
                ran: begun.elapsed(),
                ended,
                is_superseded: is_superseded.load(Ordering::Acquire),
            });
        };
        // The line of its author, in snapshots and when it does not end.
        let added_at = self.work.added_at;
        scope.spawn_at(added_at, "work", Ending::WhenCancelled, work_of_run);
        self.run = Some(run);
        first_step
    }
}

impl Run {
    /// Cancels what is left of it; when it goes on, its end is a consequence of that.
    pub(super) fn cancel(&self) {
        self.is_superseded.store(true, Ordering::Release);
        let why = "its run is over".to_owned();
        self.scope.cancel(Cause::Requested(why));
    }
}

impl RunEnd {
    pub(super) fn is_superseded(&self) -> bool {
        self.is_superseded
    }
}
