//! One component: its start, its supervision, and its stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use kit_sync::{
    Cause, Deadline, Gate, Scope, Supervisor, Task, TaskError, TaskReport, TaskTree, error_chain,
};
use kit_transport::{Context, Cut, InheritedListeners, Lifecycle, Listening, Phase, Server, Stage};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::budget::{CUT_AHEAD, FORCED};
use crate::handle::Core;
use crate::waiting::{NAMED, alive_in};
use crate::{Awaited, BoxError, ComponentReport, Error, Event};

/// A component whose start was called.
pub(crate) struct Component {
    pub(crate) name: String,
    pub(crate) phase: Phase,
    pub(crate) supervisor: Supervisor,
    pub(crate) death: Death,
    /// Where it is listening, once its start has returned.
    pub(crate) started: Option<Vec<Listening>>,
    server: Arc<dyn Server>,
    context: Context,
    scope: Scope,
    /// Where its `start` and `stop` run.
    calls: Scope,
    lifecycle: watch::Sender<Lifecycle>,
    starting: Option<Task<Vec<Listening>>>,
    begun: Instant,
}

impl Component {
    pub(crate) fn start(
        server: &Arc<dyn Server>,
        core: &Arc<Core>,
        tree: &TaskTree,
        lifecycle: Lifecycle,
        gate: &Gate,
        extensions: &http::Extensions,
        inherited: &InheritedListeners,
    ) -> Component {
        let name = server.name().to_owned();
        let (scope, supervisor) = tree.scope().supervised_child(&name);
        let death = Death {
            name: name.clone(),
            finite: server.finite(),
            has_ended: Arc::default(),
            has_failed: Arc::default(),
        };
        let is_running: Arc<AtomicBool> = Arc::default();
        observe_failures(&scope, core, &supervisor, &death, &is_running);
        let calls = tree.scope().child("calls").child(&name);
        // How the calls end is an event of its own.
        calls.observe_failures(|_| ());
        let (lifecycle, seen) = watch::channel(lifecycle);
        let context = Context::new(scope.clone(), seen)
            .with(gate.clone(), extensions.clone())
            .with_inherited(inherited.clone())
            .with_remarks(remarks_of(core, &name));
        let starting = calls.spawn("start", {
            let (server, context) = (Arc::clone(server), context.clone());
            // Told in the middle, it can still use its scope until it returns.
            let open = scope.keep_open();
            let is_running = Arc::clone(&is_running);
            async move {
                let _open = open;
                let started = server.start(&context).await;
                // Here, not where the start's end is seen: a task may fail in between.
                is_running.store(started.is_ok(), Ordering::Release);
                started
            }
        });
        Component {
            phase: server.phase(),
            death,
            started: None,
            server: Arc::clone(server),
            starting: Some(starting),
            begun: Instant::now(),
            name,
            supervisor,
            context,
            scope,
            calls,
            lifecycle,
        }
    }

    /// Ready once, when the start has ended.
    pub(crate) fn poll_start(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<(), Error>> {
        let Some(starting) = &mut self.starting else {
            return Poll::Pending;
        };
        let Poll::Ready(ended) = std::pin::Pin::new(starting).poll(cx) else {
            return Poll::Pending;
        };
        self.starting = None;
        Poll::Ready(self.start_ended(ended))
    }

    fn start_ended(&mut self, ended: Result<Vec<Listening>, TaskError>) -> Result<(), Error> {
        let listening = ended.map_err(|error| self.start_error(source_of(error)))?;
        self.started = Some(listening);
        Ok(())
    }

    fn start_error(&self, source: BoxError) -> Error {
        Error::Start {
            component: self.name.clone(),
            source,
        }
    }

    pub(crate) fn is_starting(&self) -> bool {
        self.starting.is_some()
    }

    /// Drops a start that did not end in time.
    pub(crate) async fn drop_start(&mut self) -> Error {
        self.starting = None;
        self.calls.close(Instant::now()).await;
        Error::StartDropped {
            component: self.name.clone(),
            ran: self.begun.elapsed(),
        }
    }

    /// Keeps the end of its tasks as a failure, once, unless the component may end by itself.
    pub(crate) fn check_end(&self, core: &Core) {
        if let Some(task) = self.supervisor.has_ended() {
            self.death.is(core, task);
        }
    }

    pub(crate) fn set_lifecycle(&self, change: impl FnOnce(&mut Lifecycle)) {
        self.lifecycle.send_modify(change);
    }

    /// Tells the component, lets it drain, and cuts it at `limit`, or as soon as the stop is
    /// forced.
    pub(crate) async fn stop(
        mut self,
        core: Arc<Core>,
        cause: Cause,
        limit: Deadline,
    ) -> Result<ComponentReport, BoxError> {
        let told = Instant::now();
        core.emit(Event::ComponentStopping {
            name: self.name.clone(),
        });
        self.set_lifecycle(|life| {
            life.stage = Stage::Draining;
            life.healthy = false;
            life.deadline = Some(limit.earlier_by(CUT_AHEAD));
        });
        self.scope.cancel(cause);
        self.finish_start(&core, &limit).await;
        let awaited = || Awaited::Drain {
            component: self.name.clone(),
            alive: self.alive(),
        };
        let stopping =
            async { tokio::join!(self.close(&core, &limit), self.call_stop(&core, &limit)) };
        let (tasks, ()) = core.awaits(awaited, stopping).await;
        let cuts = [Cut::Request, Cut::Stream, Cut::Connection].map(|what| {
            let cuts = self.context.cuts();
            (what, cuts.count_of(what), cuts.names_of(what))
        });
        for task in &tasks.failures {
            // Others of its tasks went on, or it was kept as the component's end.
            if !self.death.has_failed.load(Ordering::Acquire) {
                core.note(task.to_string());
            }
        }
        let report = ComponentReport {
            name: self.name,
            phase: self.phase,
            started: self.started.is_some(),
            listening: self.started.unwrap_or_default(),
            took: told.elapsed(),
            drained: self.context.drained().cloned(),
            cuts: cuts
                .into_iter()
                .filter(|(_, count, _)| *count > 0)
                .collect(),
            tasks,
        };
        if let Some(what) = report.overdue() {
            core.keep_failure(Error::Cut { what });
        }
        core.emit(Event::ComponentStopped {
            name: report.name.clone(),
            took: report.took,
            drained: report.drained.clone(),
            cut: report.cut(),
        });
        Ok(report)
    }

    /// What the drain waits for: requests by name where the component knows them, else tasks; and
    /// the call of its `stop`.
    fn alive(&self) -> String {
        const STOPS: &str = "its stop has not returned";
        let requests = self.context.in_flight(NAMED);
        let alive = match (&requests[..], self.calls.live()) {
            ([], 1..) if self.scope.live() == 0 => return STOPS.to_owned(),
            ([], _) => alive_in(&self.scope),
            (requests, _) => requests.join("; "),
        };
        if self.calls.live() == 0 {
            return alive;
        }
        format!("{alive}; {STOPS}")
    }

    /// A start that was told to stop may go on until the limit. Its error is then a consequence;
    /// a panic, or having to be dropped, is a failure.
    async fn finish_start(&mut self, core: &Core, limit: &Deadline) {
        let Some(starting) = &mut self.starting else {
            return;
        };
        let name = &self.name;
        let awaited = || Awaited::Starts {
            components: vec![name.clone()],
        };
        let ended = core.control.within(limit, Duration::ZERO, starting);
        let Some(ended) = core.awaits(awaited, ended).await else {
            let error = self.drop_start().await;
            core.keep_failure(error);
            return;
        };
        self.starting = None;
        let panicked = matches!(ended, Err(TaskError::Panicked { .. }));
        match self.start_ended(ended) {
            Ok(()) => self.tell_started(core),
            Err(error) if panicked => core.keep_failure(error),
            Err(error) => core.remark(error_chain(&error)),
        }
    }

    pub(crate) fn tell_started(&self, core: &Core) {
        core.emit(Event::ComponentStarted {
            name: self.name.clone(),
            listening: self.started.clone().unwrap_or_default(),
            took: self.begun.elapsed(),
        });
    }

    async fn call_stop(&self, core: &Core, limit: &Deadline) {
        if self.started.is_none() {
            return;
        }
        let server = Arc::clone(&self.server);
        let stopping = self.calls.spawn("stop", async move { server.stop().await });
        // Forced long ago, it still gets its first poll.
        let grace = core.control.since_forced() + CUT_AHEAD;
        match core.control.within(limit, grace, stopping).await {
            Some(Ok(())) => {}
            Some(Err(error)) => {
                let (component, source) = (self.name.clone(), source_of(error));
                core.keep_failure(Error::Stop { component, source });
            }
            None => {
                self.calls.close(Instant::now()).await;
                core.keep_failure(Error::Cut {
                    what: format!("the stop of {}", self.name),
                });
            }
        }
    }

    async fn close(&self, core: &Core, limit: &Deadline) -> kit_sync::CloseReport {
        tokio::select! {
            biased;
            report = self.scope.close_by(limit) => report,
            forced = core.control.forced() => {
                let limit = limit.instant().min(forced.at + FORCED);
                self.set_lifecycle(|life| life.deadline = Some(Instant::now().into()));
                // The component is to cut and count before its tasks are aborted.
                self.scope.close(limit.min(Instant::now() + CUT_AHEAD)).await
            }
        }
    }
}

/// Makes an event of what the component finds worth a look.
fn remarks_of(core: &Arc<Core>, name: &str) -> impl Fn(String) + Send + Sync + 'static {
    // The core keeps the tree, whose tasks keep the context.
    let (core, name) = (Arc::downgrade(core), name.to_owned());
    move |what| {
        if let Some(core) = core.upgrade() {
            core.remark(format!("{name}: {what}"));
        }
    }
}

/// Says when a task of the component fails: its death when it was the last one, a failure of the
/// stop when it was draining, else an event.
fn observe_failures(
    scope: &Scope,
    core: &Arc<Core>,
    supervisor: &Supervisor,
    death: &Death,
    is_running: &Arc<AtomicBool>,
) {
    let (supervisor, death) = (supervisor.clone(), death.clone());
    // The core keeps the tree, which keeps this.
    let (core, is_running) = (Arc::downgrade(core), Arc::clone(is_running));
    let (told, component) = (scope.token().clone(), death.name.clone());
    scope.observe_failures(move |task| {
        let Some(core) = core.upgrade() else { return };
        // Its start has returned and no stop has reached it: its end is a death.
        let is_running = is_running.load(Ordering::Acquire) && !told.is_cancelled();
        let last = is_running.then(|| supervisor.has_ended());
        if let Some(first) = last.flatten() {
            let is_first = first == *task;
            death.is(&core, first);
            if is_first {
                return;
            }
        }
        if told.is_cancelled() && task.is_named() {
            let (component, task) = (component.clone(), Box::new(task.clone()));
            core.keep_failure(Error::Stopping { component, task });
            return;
        }
        core.emit(Event::TaskFailed { task: task.clone() });
    });
}

/// The end of a component's tasks before the stop.
#[derive(Clone)]
pub(crate) struct Death {
    name: String,
    finite: bool,
    has_ended: Arc<AtomicBool>,
    has_failed: Arc<AtomicBool>,
}

impl Death {
    /// Keeps it as a failure, once; `false` when the component may end like this.
    pub(crate) fn is(&self, core: &Core, task: TaskReport) -> bool {
        if !self.has_ended.swap(true, Ordering::AcqRel) {
            let name = self.name.clone();
            core.emit(Event::ComponentEnded { name });
        }
        if self.finite && !task.outcome().is_failure() {
            return false;
        }
        if !self.has_failed.swap(true, Ordering::AcqRel) {
            let (component, task) = (self.name.clone(), Box::new(task));
            core.fail(Error::Ended { component, task });
        }
        true
    }
}

/// What a task ended with, as the source of an error of ours.
pub(crate) fn source_of(error: TaskError) -> BoxError {
    match error {
        TaskError::Failed(source) => source,
        TaskError::Panicked {
            message,
            location: Some(location),
        } => format!("it panicked at {location}: {message}").into(),
        TaskError::Panicked {
            message,
            location: None,
        } => format!("it panicked: {message}").into(),
        other => other.into(),
    }
}
