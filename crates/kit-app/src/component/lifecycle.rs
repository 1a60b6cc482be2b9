//! One component, from the call of its start to the end of its stop.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, ready};
use std::time::Duration;

use kit_sync::{Cause, CloseReport, Deadline, Scope, Task, TaskError, error_chain};
use kit_transport::{Context, Lifecycle, Listening, Phase, Server, Stage};
use tokio::sync::watch;
use tokio::time::Instant;

use super::supervision::Supervision;
use crate::budget::{CUT_AHEAD, FORCED};
use crate::core::{Core, remarks_of};
use crate::error::source_of;
use crate::event::{NAMED, alive_in};
use crate::report::{ComponentEnd, CutReport};
use crate::{Awaited, ComponentReport, Error, Event};

/// A component whose start was called.
pub(crate) struct Component {
    pub(crate) name: String,
    pub(crate) phase: Phase,
    pub(crate) supervision: Arc<Supervision>,
    start: Start,
    server: Arc<dyn Server>,
    context: Context,
    /// Where its `start` and `stop` run.
    calls: Scope,
    lifecycle: watch::Sender<Lifecycle>,
    begun: Instant,
    /// How long its start took.
    ready_in: Option<Duration>,
}

/// How far the start of a component has come.
enum Start {
    Running(Task<Vec<Listening>>),
    /// It accepts work at these addresses.
    Succeeded(Vec<Listening>),
    /// It has failed, or was dropped.
    Failed,
}

impl Component {
    /// Calls the start, in a task below `root`. `equip` adds to the context what all components of
    /// the app share, and the supervision of this one.
    pub(crate) fn start(
        server: &Arc<dyn Server>,
        core: &Arc<Core>,
        root: &Scope,
        lifecycle: Lifecycle,
        equip: impl FnOnce(Context, &Arc<Supervision>) -> Context,
    ) -> Component {
        let name = server.name().to_owned();
        let (scope, supervisor) = root.supervised_child(&name);
        let supervision = Supervision::new(core, name.clone(), server.finite(), supervisor);
        let supervision = Arc::new(supervision);
        supervision.observe(&scope);
        let calls = root.child("calls").child(&name);
        // The end of a call has its own event.
        calls.observe_failures(|_| ());
        let (lifecycle, seen) = watch::channel(lifecycle);
        let context = Context::new(scope.clone(), seen).with_remarks(remarks_of(core, &name));
        let context = equip(context, &supervision);
        core.journal.set_meter(&name, context.meter());
        let starting = {
            let (server, context) = (Arc::clone(server), context.clone());
            let supervision = Arc::clone(&supervision);
            // The start can use its scope until it returns, also when that is cancelled meanwhile.
            let open = scope.keep_open();
            async move {
                let _open = open;
                let started = server.start(&context).await?;
                supervision.mark_started();
                Ok(started)
            }
        };
        Component {
            phase: server.phase(),
            supervision,
            start: Start::Running(calls.spawn("start", starting)),
            server: Arc::clone(server),
            context,
            calls,
            lifecycle,
            begun: Instant::now(),
            ready_in: None,
            name,
        }
    }

    // === the start ===

    pub(crate) fn is_starting(&self) -> bool {
        matches!(self.start, Start::Running(_))
    }

    /// Whether the app goes on for as long as it is not done.
    pub(crate) fn keeps_alive(&self) -> bool {
        !self.server.auxiliary()
    }

    /// The addresses at which it listens; none before its start has succeeded.
    pub(crate) fn listening(&self) -> &[Listening] {
        match &self.start {
            Start::Succeeded(listening) => listening,
            Start::Running(_) | Start::Failed => &[],
        }
    }

    /// Ready once, when the start has ended.
    pub(crate) fn poll_start(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<(), Error>> {
        let Start::Running(starting) = &mut self.start else {
            return Poll::Pending;
        };
        let ended = ready!(Pin::new(starting).poll(cx));
        Poll::Ready(self.end_start(ended))
    }

    fn end_start(&mut self, ended: Result<Vec<Listening>, TaskError>) -> Result<(), Error> {
        match ended {
            Ok(listening) => {
                self.ready_in = Some(self.begun.elapsed());
                self.start = Start::Succeeded(listening);
                Ok(())
            }
            Err(error) => {
                self.start = Start::Failed;
                Err(Error::Start {
                    component: self.name.clone(),
                    source: source_of(error),
                })
            }
        }
    }

    /// Drops a start that did not end in time.
    pub(crate) async fn abort_start(&mut self) -> Error {
        self.start = Start::Failed;
        self.calls.close(Instant::now()).await;
        Error::StartDropped {
            component: self.name.clone(),
            ran: self.begun.elapsed(),
        }
    }

    pub(crate) fn emit_started(&self, core: &Core) {
        core.emit(Event::ComponentStarted {
            name: self.name.clone(),
            listening: self.listening().to_vec(),
            took: self.begun.elapsed(),
        });
    }

    /// Records the end of its tasks if they have ended: a failure, unless it may end by itself.
    pub(crate) fn record_end_so_far(&self) {
        self.supervision.record_end_so_far();
    }

    /// Where its life is published.
    pub(crate) fn life(&self) -> watch::Sender<Lifecycle> {
        self.lifecycle.clone()
    }

    pub(crate) fn set_lifecycle(&self, change: impl FnOnce(&mut Lifecycle)) {
        self.lifecycle.send_modify(change);
    }

    // === the stop ===

    /// Cancels the component's scope, lets it drain, and cuts it at `deadline`, or as soon as the
    /// stop is forced.
    ///
    /// A start that still runs is waited for first, because `stop` is called only for a component
    /// that has started. Then the scope is closed and `stop` is called, beside each other. The cuts
    /// are read last: until its tasks have ended the component goes on counting.
    pub(crate) async fn stop(
        mut self,
        core: Arc<Core>,
        cause: Cause,
        deadline: Deadline,
    ) -> ComponentReport {
        let begun = Instant::now();
        core.emit(Event::ComponentStopping {
            name: self.name.clone(),
        });
        self.set_lifecycle(|life| {
            life.stage = Stage::Draining;
            life.healthy = false;
            life.deadline = Some(deadline.earlier_by(CUT_AHEAD));
        });
        self.context.scope().cancel(cause);
        self.finish_start(&core, &deadline).await;
        let awaited = || Awaited::Drain {
            component: self.name.clone(),
            alive: self.alive(),
        };
        let closing = self.close(&core, &deadline);
        let stopping = async { tokio::join!(closing, self.call_stop(&core, &deadline)) };
        // Pinned here, because each function that a future is moved into holds it twice: this one is large, and
        // each component has one.
        let (tasks, ()) = core.journal.awaits(awaited, pin!(stopping)).await;
        if !self.supervision.has_failed() {
            // Others of its tasks went on when these failed.
            let failures = tasks.failures.iter();
            failures.for_each(|task| core.journal.note(task.to_string()));
        }
        let (has_failed, has_ended) = (self.supervision.has_failed(), self.supervision.has_ended());
        let is_ignored = self.supervision.is_ignored();
        let mut report = self.report(begun.elapsed(), tasks);
        let has_failed_tasks = !is_ignored && report.has_failed_tasks();
        let overdue = report.overdue();
        report.end = match report.ready_in {
            None => ComponentEnd::NotReady,
            Some(_) if has_failed || has_failed_tasks => ComponentEnd::Failed,
            Some(_) if overdue.is_some() => ComponentEnd::Cut,
            Some(_) if has_ended => ComponentEnd::Finished,
            Some(_) => ComponentEnd::Drained,
        };
        if let Some(what) = overdue {
            core.journal.record_failure(Error::Cut { what });
        }
        core.emit(Event::ComponentStopped {
            name: report.name.clone(),
            took: report.took,
            drained: report.drained.clone(),
            cut: report.cut(),
        });
        report
    }

    fn report(self, took: Duration, tasks: CloseReport) -> ComponentReport {
        ComponentReport {
            phase: self.phase,
            ready_in: self.ready_in,
            end: ComponentEnd::Drained,
            listening: self.listening().to_vec(),
            took,
            drained: self.context.drained().cloned(),
            cuts: CutReport::all_of(self.context.cuts()),
            tasks,
            workers: Vec::new(),
            name: self.name,
        }
    }

    /// Waits for a start that a stop has interrupted. Its error is a consequence of the stop; a
    /// panic, or having to be dropped at the deadline, is a failure.
    async fn finish_start(&mut self, core: &Core, deadline: &Deadline) {
        let Start::Running(starting) = &mut self.start else {
            return;
        };
        let name = &self.name;
        let awaited = || Awaited::Starts {
            components: vec![name.clone()],
        };
        let ended = core.control.within(deadline, Duration::ZERO, starting);
        let paused = core.control.request_so_far().map(|asked| asked.at);
        let awaits = core
            .journal
            .awaits_again(self.begun, paused, awaited, ended);
        let Some(ended) = awaits.await else {
            let error = self.abort_start().await;
            core.journal.record_failure(error);
            return;
        };
        let panicked = matches!(ended, Err(TaskError::Panicked { .. }));
        match self.end_start(ended) {
            Ok(()) => self.emit_started(core),
            Err(error) if panicked => core.journal.record_failure(error),
            Err(error) => core.journal.remark(error_chain(&error)),
        }
    }

    /// The names of the work that the drain waits for: requests by name where the component knows them, else tasks; and
    /// the call of its `stop`.
    fn alive(&self) -> String {
        const STOPS: &str = "its stop has not returned";
        let requests = self.context.in_flight(NAMED);
        let alive = match (&requests[..], self.calls.live()) {
            ([], 1..) if self.context.scope().live() == 0 => return STOPS.to_owned(),
            ([], _) => alive_in(self.context.scope()),
            (requests, _) => requests.join("; "),
        };
        if self.calls.live() == 0 {
            return alive;
        }
        format!("{alive}; {STOPS}")
    }

    async fn call_stop(&self, core: &Core, deadline: &Deadline) {
        if !matches!(self.start, Start::Succeeded(_)) {
            return;
        }
        let server = Arc::clone(&self.server);
        let stopping = self.calls.spawn("stop", async move { server.stop().await });
        // Forced long ago, it still gets its first poll.
        let grace = core.control.since_forced() + CUT_AHEAD;
        match core.control.within(deadline, grace, stopping).await {
            Some(Ok(())) => {}
            Some(Err(error)) => {
                let (component, source) = (self.name.clone(), source_of(error));
                core.journal
                    .record_failure(Error::Stop { component, source });
            }
            None => {
                self.calls.close(Instant::now()).await;
                core.journal.record_failure(Error::Cut {
                    what: format!("the stop of {}", self.name),
                });
            }
        }
    }

    async fn close(&self, core: &Core, deadline: &Deadline) -> CloseReport {
        tokio::select! {
            biased;
            report = self.context.scope().close_by(deadline) => report,
            forced = core.control.forced() => {
                let deadline = deadline.instant().min(forced.at + FORCED);
                self.set_lifecycle(|life| life.deadline = Some(Instant::now().into()));
                // The component is to cut and count before its tasks are aborted.
                self.context.scope().close(deadline.min(Instant::now() + CUT_AHEAD)).await
            }
        }
    }
}
