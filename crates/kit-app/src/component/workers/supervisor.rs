//! The task that begins the workers of a component, again after a failure where the policy says so.

use std::sync::Arc;
use std::time::Duration;

use kit_sync::policy::Failure;
use kit_sync::{BoxError, error_chain};
use kit_transport::Context;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::super::supervision::Supervision;
use super::closing::{Closing, Stuck};
use super::failure_count::{FailureCount, Judged};
use super::first_step::FirstStep;
use super::member::{Member, RunEnd};
use super::run_ends::{RunEnds, source_of};
use crate::worker::work::{Work, WorkKind};
use crate::worker::{Together, WorkerOptions};
use crate::{AfterFailure, Policy, WorkerKind};

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
    failures: FailureCount,
    closing: Closing,
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
            Member::new(work, scope, start)
        };
        WorkerSupervisor {
            members: works.iter().map(member).collect(),
            plan: Plan { together, options },
            context: context.clone(),
            closing: Closing::new(Arc::clone(&supervision), options.restart_limit),
            supervision,
            failures: FailureCount::new(options.policy),
            sender,
            ends,
            start,
        }
    }

    /// Begins what is due and judges what has ended, until nothing is left or the scope is cancelled.
    ///
    /// A stop ends every wait for a next run at once; runs go on until the drain cancels them. From
    /// then on each run judges its end itself. RunEnds from before are judged here, so no failure is
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
                () = sleep_until(due.unwrap_or(self.start)), if due.is_some() => drop(self.begin_due()),
            }
        }
        self.ends.close();
        while let Ok(end) = self.ends.try_recv() {
            let member = &mut self.members[end.member];
            if !end.is_superseded() {
                member.due = None;
            }
            self.ends_of(end.member).record_in_stop(end);
        }
        self.cancel_waits();
    }

    fn ends_of(&self, index: usize) -> RunEnds {
        let policy = self.plan.options.policy;
        RunEnds::of(&self.members[index], policy, &self.supervision)
    }

    // === beginning ===

    /// Begins what is due at first: a start that has succeeded means that its work has begun, whatever
    /// comes next. Work that waits for its first time has begun, too. Gives the first steps of that work.
    pub(super) fn begin(&mut self) -> Vec<FirstStep> {
        for member in &mut self.members {
            if std::mem::take(&mut member.is_new) {
                self.supervision
                    .emit_worker_started(member.kind(), member.path());
            }
        }
        self.begin_due()
    }

    fn begin_due(&mut self) -> Vec<FirstStep> {
        let now = Instant::now();
        let mut first_steps = Vec::new();
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
                self.supervision
                    .emit_worker_started(member.kind(), member.path());
            }
            let sender = self.sender.clone();
            let ends = RunEnds::of(member, self.plan.options.policy, &self.supervision);
            let first_step = member.begin(index, &self.context, move |end| {
                // The supervisor takes none from the drain on.
                if let Err(mpsc::error::SendError(end)) = sender.send(end) {
                    ends.record_in_stop(end);
                }
            });
            first_steps.push(first_step);
        }
        first_steps
    }

    fn cancel_waits(&mut self) {
        for member in &mut self.members {
            if member.due.take().is_some() {
                let (kind, path) = (member.kind(), member.path());
                self.supervision.emit_worker_ended(kind, path, member.since);
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
            self.ends_of(end.member).record_superseded(&end);
            return;
        }
        let index = end.member;
        // It has one already when a sibling failed at the same moment and was judged before.
        let due = self.members[index].due.take();
        let verdict = self.decide(end);
        if matches!(verdict, Verdict::StopsApp) {
            self.close_last(index);
            return;
        }
        if self.supervision.is_stop_asked() {
            self.leave_to_drain(index, &verdict);
            return;
        }
        let ending = match &verdict {
            Verdict::Restart { first, last, .. } => *first..*last + 1,
            Verdict::Over | Verdict::NextTime | Verdict::StopsApp => index..index + 1,
        };
        let mut runs = Vec::new();
        for index in ending.clone() {
            let member = &mut self.members[index];
            let run = member.run.take();
            runs.extend(run.map(|run| (index, member.path().to_owned(), run)));
        }
        let stuck = self.closing.close(runs).await;
        if !stuck.is_empty() {
            stuck
                .iter()
                .for_each(|stuck| self.end_stuck(stuck, &verdict));
            return;
        }
        let now = Instant::now();
        match verdict {
            Verdict::Over | Verdict::StopsApp => {}
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
            let (kind, path) = (member.kind(), member.path());
            self.supervision.emit_worker_ended(kind, path, member.since);
        }
    }

    /// Ends the run that has failed for good, beside the stop, which would not cancel it before the drain.
    fn close_last(&mut self, index: usize) {
        let member = &mut self.members[index];
        let Some(run) = member.run.take() else {
            return;
        };
        let (path, life) = (member.path().to_owned(), self.context.lifecycle());
        let closing = self.closing.clone().close_last(path, run, life);
        self.context.scope().spawn("last run", closing);
    }

    /// What follows the end of a run, by its kind and the policy.
    fn decide(&mut self, end: RunEnd) -> Verdict {
        let (index, ran) = (end.member, end.ran);
        let member = &mut self.members[index];
        if self.supervision.is_stop_asked() {
            self.ends_of(index).record_in_stop(end);
            return Verdict::Over;
        }
        let path = member.scope.path();
        let failure = match (&member.work.kind, end.ended) {
            (_, Err(failure)) => failure,
            (WorkKind::Worker, Ok(())) => Failure::Failed(EndedEarly.into()),
            (WorkKind::Job, Ok(())) => {
                self.supervision
                    .emit_worker_ended(WorkerKind::Job, path, member.since);
                return Verdict::Over;
            }
            (WorkKind::Every(_), Ok(())) => {
                if member.repeated.ended().is_some() {
                    self.supervision
                        .emit_worker_started(WorkerKind::Worker, path);
                }
                self.failures.record_success(index);
                return Verdict::NextTime;
            }
        };
        match self.failures.record(index, failure, ran) {
            Judged::Restart(failure, delay) => return self.restart(index, &failure, delay),
            Judged::GaveUp(gave_up) => self.fail(index, gave_up.into()),
            Judged::NoRestarts(failure) if self.plan.options.policy == Policy::Ignore => {
                return self.ignore(index, &failure);
            }
            Judged::NoRestarts(failure) => self.fail(index, source_of(failure)),
        }
        Verdict::StopsApp
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
        let (kind, path) = (self.members[index].kind(), self.members[index].path());
        self.supervision
            .emit_worker_failed(kind, path, failure, then);
        Verdict::Restart { first, last, delay }
    }

    fn ignore(&mut self, index: usize, failure: &Failure) -> Verdict {
        let member = &mut self.members[index];
        let (kind, path) = (member.kind(), member.scope.path());
        let WorkKind::Every(_) = &member.work.kind else {
            let then = AfterFailure::Ignored;
            self.supervision
                .emit_worker_failed(kind, path, failure, then);
            return Verdict::Over;
        };
        if let Some(failures) = member.repeated.failed(&error_chain(failure)) {
            let then = AfterFailure::NextTime { failures };
            self.supervision
                .emit_worker_failed(kind, path, failure, then);
        } else {
            self.supervision.count_worker_failure(path, failure);
        }
        Verdict::NextTime
    }

    fn fail(&self, index: usize, source: BoxError) {
        let member = &self.members[index];
        let (kind, path) = (member.kind(), member.path());
        let added_at = member.work.added_at;
        self.supervision.fail_worker(kind, path, added_at, source);
    }

    /// A second run beside one that goes on is out of the question.
    fn end_stuck(&self, stuck: &Stuck, verdict: &Verdict) {
        let Stuck { member, what } = stuck;
        let (kind, path) = (self.members[*member].kind(), self.members[*member].path());
        match (verdict, self.plan.options.policy) {
            (Verdict::Over, _) => self.supervision.remark(format!("{path}: {what}")),
            (_, Policy::Ignore) => {
                let failure = Failure::Failed(what.clone().into());
                let then = AfterFailure::Ignored;
                self.supervision
                    .emit_worker_failed(kind, path, &failure, then);
            }
            _ => self.fail(*member, what.clone().into()),
        }
    }
}

/// What follows the end of a run.
#[derive(Clone, Copy)]
enum Verdict {
    /// None begins any more.
    Over,
    /// None begins any more, and the app stops because of it.
    StopsApp,
    /// The next one, at its time.
    NextTime,
    /// New ones of these members after a delay; of siblings that are periodic work, at their times.
    Restart {
        first: usize,
        last: usize,
        delay: Duration,
    },
}
