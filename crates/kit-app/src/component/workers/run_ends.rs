//! The ends of a worker's runs that are judged without its supervisor, once a stop was asked for.

use std::panic::Location;
use std::sync::Arc;

use kit_sync::policy::Failure;
use kit_sync::{BoxError, error_chain};
use tokio::time::Instant;

use super::super::supervision::Supervision;
use super::member::{Member, RunEnd};
use crate::{AfterFailure, Policy, WorkerKind};

/// Records how the runs of one worker have ended, in a stop or to begin anew.
pub(super) struct RunEnds {
    supervision: Arc<Supervision>,
    kind: WorkerKind,
    path: String,
    since: Instant,
    added_at: &'static Location<'static>,
    policy: Policy,
}

impl RunEnds {
    pub(super) fn of(member: &Member, policy: Policy, supervision: &Arc<Supervision>) -> RunEnds {
        RunEnds {
            supervision: Arc::clone(supervision),
            kind: member.kind(),
            path: member.path().to_owned(),
            since: member.since,
            added_at: member.work.added_at,
            policy,
        }
    }

    /// The end of a run after a stop was asked for: a failure is one of the stop.
    pub(super) fn record_in_stop(&self, end: RunEnd) {
        if end.is_superseded() {
            return self.record_superseded(&end);
        }
        let RunEnds {
            supervision,
            kind,
            path,
            since,
            added_at,
            policy,
        } = self;
        let kind = *kind;
        match end.ended {
            Ok(()) => supervision.emit_worker_ended(kind, path, *since),
            Err(failure) if *policy == Policy::Ignore => {
                supervision.emit_worker_failed(kind, path, &failure, AfterFailure::Ignored);
            }
            // A job for which the start has waited: the stop has called it off with the start.
            Err(Failure::Failed(error)) if supervision.is_awaited() => {
                let why = error_chain(&*error);
                supervision.remark(format!("{path} was called off, and has failed: {why}"));
                supervision.emit_worker_ended(kind, path, *since);
            }
            Err(failure) => supervision.fail_worker(kind, path, added_at, source_of(failure)),
        }
    }

    /// A failure is a consequence of having been cancelled.
    pub(super) fn record_superseded(&self, end: &RunEnd) {
        if let Err(failure) = &end.ended {
            let (path, why) = (&self.path, error_chain(failure));
            self.supervision.remark(format!(
                "{path} failed while it was ended to begin anew: {why}"
            ));
        }
    }
}

/// An error is the source itself, so that a downcast finds its type.
pub(super) fn source_of(failure: Failure) -> BoxError {
    match failure {
        Failure::Failed(error) => error,
        panicked => panicked.into(),
    }
}
