//! The task that begins the workers of a component, again after a failure where the policy says so.

use std::ops::Range;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use kit_sync::policy::{Failure, RestartCount};
use kit_sync::{BoxError, error_chain};
use kit_transport::Context;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::super::supervision::Supervision;
use super::member::{Member, Run, RunEnd};
use crate::event::alive_in;
use crate::report::overdue;
use crate::worker::work::{Work, WorkKind};
use crate::worker::{Together, WorkerOptions};
use crate::{AfterFailure, Awaited, Policy};

/// Beyond every deadline of a stop.
const FAR: Duration = Duration::from_secs(365 * 24 * 3600);

/// A worker has returned before it was cancelled.
#[derive(Debug, thiserror::Error)]
#[error("it has ended, although a worker runs until it is cancelled")]
struct EndedEarly;

/// Owns the workers of a component until the last of them is over, or until the drain, to which it
/// leaves the runs that go on.
pub(super) struct WorkerSupervisor {
    members: Vec<Member>,
    plan: Plan,
    context: Context,
    supervision: Arc<Supervision>,
    /// The restarts so far; none without such a policy.
    count: Option<RestartCount>,
    /// Which of them was the last to fail; none once it has succeeded since.
    last_failed: Option<usize>,
    sender: mpsc::UnboundedSender<RunEnd>,
    ends: mpsc::UnboundedReceiver<RunEnd>,
    /// When it began.
    start: Instant,
}

#[derive(Clone, Copy)]
struct Plan {
    together: Option<Together>,
    options: WorkerOptions,
}

impl WorkerSupervisor {
    pub(super) fn new(
        works: &[Arc<Work>],
        together: Option<Together>,
        options: WorkerOptions,
        context: &Context,
        supervision: Arc<Supervision>,
    ) -> WorkerSupervisor {
        let (sender, ends) = mpsc::unbounded_channel();
        let start = Instant::now();
        let member = |work: &Arc<Work>| {
            let scope = context.scope();
            let scope = together.map_or_else(|| scope.clone(), |_| scope.child(&work.name));
            Member::new(work, scope, Member::first(work, start))
        };
        WorkerSupervisor {
            members: works.iter().map(member).collect(),
            plan: Plan { together, options },
            context: context.clone(),
            supervision,
            count: match options.policy {
                Policy::Restart(restarts) => Some(restarts.policy().count()),
                Policy::Stop | Policy::Ignore => None,
            },
            last_failed: None,
            sender,
            ends,
            start,
        }
    }

    /// Begins what is due and judges what has ended, until nothing is left or the scope is cancelled.
    ///
    /// A stop ends every wait for a next run at once; runs go on until the drain cancels them. From
    /// then on each run judges its end itself. Ends from before are judged here, so no failure is
    /// lost between the two.
    pub(super) async fn run(mut self) {
        let token = self.context.scope().token().clone();
        let supervision = Arc::clone(&self.supervision);
        let mut is_stopping = false;
        while !self.members.iter().all(Member::is_over) {
            let due = self.members.iter().filter_map(|member| member.due).min();
            tokio::select! {
                biased;
                () = token.cancelled() => break,
                () = supervision.stop_asked(), if !is_stopping => {
                    is_stopping = true;
                    self.cancel_waits();
                }
                Some(end) = self.ends.recv() => {
                    tokio::select! {
                        biased;
                        () = self.judge(end) => {}
                        () = token.cancelled() => break,
                    }
                }
                () = sleep_until(due.unwrap_or(self.start)), if due.is_some() => self.begin_due(),
            }
        }
        self.ends.close();
        while let Ok(end) = self.ends.try_recv() {
            let member = &mut self.members[end.member];
            if !end.is_superseded() {
                member.due = None;
            }
            let (path, added_at) = (member.path(), member.work.added_at);
            let policy = self.plan.options.policy;
            end_in_stop(&self.supervision, path, added_at, policy, end);
        }
        self.cancel_waits();
    }

    // === beginning ===

    /// Begins what is due at first: a start that has succeeded means that its work has begun, whatever
    /// comes next. Work that waits for its first time has begun, too.
    pub(super) fn begin(&mut self) {
        for member in &mut self.members {
            if std::mem::take(&mut member.is_new) {
                self.supervision.emit_worker_started(member.path());
            }
        }
        self.begin_due();
    }

    fn begin_due(&mut self) {
        let now = Instant::now();
        for index in 0..self.members.len() {
            let member = &mut self.members[index];
            if member.due.is_none_or(|due| due > now) {
                continue;
            }
            if let WorkKind::Every(every) = &member.work.kind
                && !self.context.intake().is_open()
            {
                member.due = Some(every.next(self.start, now));
                continue;
            }
            if std::mem::take(&mut member.is_new) {
                self.supervision.emit_worker_started(member.path());
            }
            let (sender, supervision) = (self.sender.clone(), Arc::clone(&self.supervision));
            let (path, added_at) = (member.path().to_owned(), member.work.added_at);
            let policy = self.plan.options.policy;
            member.begin(index, &self.context, move |end| {
                // The supervisor takes none from the drain on.
                if let Err(mpsc::error::SendError(end)) = sender.send(end) {
                    end_in_stop(&supervision, &path, added_at, policy, end);
                }
            });
        }
    }

    fn cancel_waits(&mut self) {
        for member in &mut self.members {
            if member.due.take().is_some() {
                self.supervision.emit_worker_ended(member.path());
            }
        }
    }

    // === ending ===

    /// Everything that a run has spawned ends before the next one begins; so do the siblings that begin
    /// anew with it.
    ///
    /// Once a stop was asked for, none follows. What the run has spawned may be work that it has taken
    /// on: it belongs to the drain, which cancels it in its phase and names what it cuts.
    async fn judge(&mut self, end: RunEnd) {
        if end.is_superseded() {
            end_superseded(&self.supervision, self.members[end.member].path(), &end);
            return;
        }
        let index = end.member;
        // It has one already when a sibling failed at the same moment and was judged before.
        let due = self.members[index].due.take();
        let verdict = self.decide(end);
        if self.supervision.is_stop_asked() {
            self.leave_to_drain(index, &verdict);
            return;
        }
        let ending = match &verdict {
            Verdict::Restart { first, last, .. } => *first..*last + 1,
            Verdict::Over | Verdict::NextTime => index..index + 1,
        };
        let stuck = self.close_runs(ending.clone()).await;
        if !stuck.is_empty() {
            for (index, what) in stuck {
                self.end_stuck(index, what, &verdict);
            }
            return;
        }
        let now = Instant::now();
        match verdict {
            Verdict::Over => {}
            Verdict::NextTime => {
                let member = &mut self.members[index];
                if let WorkKind::Every(every) = &member.work.kind {
                    member.due = Some(due.unwrap_or_else(|| every.next(self.start, now)));
                }
            }
            Verdict::Restart { delay, .. } => {
                let (start, anew) = (self.start, now + delay);
                let members = self.members[ending.clone()].iter_mut();
                for (sibling, member) in ending.zip(members) {
                    match &member.work.kind {
                        // It has times. Those that come while its siblings are gone wait for them.
                        WorkKind::Every(every) if sibling != index => {
                            let next = member.due.unwrap_or_else(|| every.next(start, now));
                            member.due = Some(next.max(anew));
                        }
                        _ => {
                            member.due = Some(anew);
                            member.is_new = true;
                        }
                    }
                }
            }
        }
    }

    fn leave_to_drain(&mut self, index: usize, verdict: &Verdict) {
        let member = &mut self.members[index];
        member.run = None;
        if !matches!(verdict, Verdict::Over) {
            self.supervision.emit_worker_ended(member.path());
        }
    }

    /// What follows the end of a run, by its kind and the policy.
    fn decide(&mut self, end: RunEnd) -> Verdict {
        let (index, ran) = (end.member, end.ran);
        let member = &mut self.members[index];
        let path = member.scope.path();
        let policy = self.plan.options.policy;
        if self.supervision.is_stop_asked() {
            end_in_stop(&self.supervision, path, member.work.added_at, policy, end);
            return Verdict::Over;
        }
        let failure = match (&member.work.kind, end.ended) {
            (_, Err(failure)) => failure,
            (WorkKind::Worker, Ok(())) => Failure::Failed(EndedEarly.into()),
            (WorkKind::Job, Ok(())) => {
                self.supervision.emit_worker_ended(path);
                return Verdict::Over;
            }
            (WorkKind::Every(_), Ok(())) => {
                if member.repeated.ended().is_some() {
                    self.supervision.emit_worker_started(path);
                }
                // The success of a sibling says nothing about the one that keeps failing.
                if self.last_failed.take_if(|last| *last == index).is_some()
                    && let Some(count) = &mut self.count
                {
                    count.record_success();
                }
                return Verdict::NextTime;
            }
        };
        self.last_failed = Some(index);
        match (policy, &mut self.count) {
            (Policy::Restart(_), Some(count)) => match count.record(failure, ran) {
                Ok((failure, delay)) => return self.restart(index, &failure, delay),
                Err(gave_up) => self.fail(index, gave_up.into()),
            },
            (Policy::Ignore, _) => return self.ignore(index, &failure),
            _ => self.fail(index, source_of(failure)),
        }
        Verdict::Over
    }

    fn restart(&mut self, index: usize, failure: &Failure, delay: Duration) -> Verdict {
        let last = self.members.len() - 1;
        let (first, last) = match self.plan.together {
            Some(Together::OneForAll) => (0, last),
            Some(Together::RestForOne) => (index, last),
            None => (index, index),
        };
        let siblings = (first..=last).filter(|sibling| *sibling != index);
        let siblings = siblings.map(|sibling| &self.members[sibling]);
        // Periodic work has its times.
        let siblings = siblings.filter(|member| !matches!(member.work.kind, WorkKind::Every(_)));
        let siblings = siblings.map(|member| member.path().to_owned());
        let then = AfterFailure::Restart {
            delay,
            siblings: siblings.collect(),
        };
        let path = self.members[index].path();
        self.supervision.emit_worker_failed(path, failure, then);
        Verdict::Restart { first, last, delay }
    }

    fn ignore(&mut self, index: usize, failure: &Failure) -> Verdict {
        let member = &mut self.members[index];
        let path = member.scope.path();
        let WorkKind::Every(_) = &member.work.kind else {
            let then = AfterFailure::Ignored;
            self.supervision.emit_worker_failed(path, failure, then);
            return Verdict::Over;
        };
        if let Some(failures) = member.repeated.failed(&error_chain(failure)) {
            let then = AfterFailure::NextTime { failures };
            self.supervision.emit_worker_failed(path, failure, then);
        }
        Verdict::NextTime
    }

    fn fail(&self, index: usize, source: BoxError) {
        let member = &self.members[index];
        let (path, added_at) = (member.path(), member.work.added_at);
        self.supervision.fail_worker(path, added_at, source);
    }

    /// Something of the run goes on, although it was aborted. A second run beside it is out of the
    /// question.
    fn end_stuck(&self, index: usize, what: String, verdict: &Verdict) {
        let path = self.members[index].path();
        match (verdict, self.plan.options.policy) {
            (Verdict::Over, _) => self.supervision.remark(format!("{path}: {what}")),
            (_, Policy::Ignore) => {
                let failure = Failure::Failed(what.into());
                let then = AfterFailure::Ignored;
                self.supervision.emit_worker_failed(path, &failure, then);
            }
            _ => self.fail(index, what.into()),
        }
    }

    /// Ends the runs of these members: cancels all of them, and closes each by the same deadline. Tasks
    /// that have to be aborted then are named. Gives those that could not even be aborted.
    ///
    /// A stop that is asked for meanwhile takes the deadline away: nothing begins anew after it, so they
    /// have until the deadline of their phase, like runs that go on.
    async fn close_runs(&mut self, members: Range<usize>) -> Vec<(usize, String)> {
        let limit = self.plan.options.restart_limit;
        let deadline = Instant::now() + limit;
        let mut runs: Vec<(usize, Run)> = Vec::new();
        for index in members {
            runs.extend(self.members[index].run.take().map(|run| (index, run)));
        }
        runs.iter().for_each(|(_, run)| run.cancel());
        let mut stuck = Vec::new();
        for (index, run) in runs {
            let path = self.members[index].path();
            let awaited = || Awaited::Restart {
                worker: path.to_owned(),
                alive: alive_in(&run.scope),
            };
            let closing = async {
                tokio::select! {
                    biased;
                    report = run.scope.close(deadline + FAR) => report,
                    () = self.passed_without_stop(deadline) => run.scope.close(Instant::now()).await,
                }
            };
            let report = self.supervision.awaits(awaited, closing).await;
            if report.stuck().next().is_some() || report.stuck_holds > 0 {
                let what = overdue(path, &report).unwrap_or_default();
                stuck.push((index, format!("its last run could not be ended: {what}")));
            } else if let Some(what) = overdue(path, &report) {
                let what = format!("{what} had not ended {limit:?} after its run, and was aborted");
                self.supervision.remark(what);
            }
        }
        stuck
    }

    /// Resolves at `deadline`, unless a stop was asked for by then.
    async fn passed_without_stop(&self, deadline: Instant) {
        tokio::select! {
            biased;
            () = self.supervision.stop_asked() => std::future::pending().await,
            () = sleep_until(deadline) => {}
        }
    }
}

/// What follows the end of a run.
#[derive(Clone, Copy)]
enum Verdict {
    /// None begins any more.
    Over,
    /// The next one, at its time.
    NextTime,
    /// New ones of these members after a delay; of siblings that are periodic work, at their times.
    Restart {
        first: usize,
        last: usize,
        delay: Duration,
    },
}

/// The end of a run after a stop was asked for: a failure is one of the stop.
fn end_in_stop(
    supervision: &Supervision,
    path: &str,
    added_at: &'static Location<'static>,
    policy: Policy,
    end: RunEnd,
) {
    if end.is_superseded() {
        return end_superseded(supervision, path, &end);
    }
    match end.ended {
        Ok(()) => supervision.emit_worker_ended(path),
        Err(failure) if policy == Policy::Ignore => {
            supervision.emit_worker_failed(path, &failure, AfterFailure::Ignored);
        }
        // A job for which the start has waited: the stop has called it off with the start.
        Err(Failure::Failed(error)) if supervision.is_awaited() => {
            let why = error_chain(&*error);
            supervision.remark(format!("{path} was called off, and has failed: {why}"));
            supervision.emit_worker_ended(path);
        }
        Err(failure) => supervision.fail_worker(path, added_at, source_of(failure)),
    }
}

/// A failure is a consequence of having been cancelled.
fn end_superseded(supervision: &Supervision, path: &str, end: &RunEnd) {
    if let Err(failure) = &end.ended {
        let why = error_chain(failure);
        supervision.remark(format!(
            "{path} failed while it was ended to begin anew: {why}"
        ));
    }
}

/// An error is the source itself, so that a downcast finds its type.
fn source_of(failure: Failure) -> BoxError {
    match failure {
        Failure::Failed(error) => error,
        panicked => panicked.into(),
    }
}
