//! Components and registries that record the calls that they get.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use kit_app::{App, AppBuilder, BoxError, Delivery, Event, Phase, SignalSender, Signals};
use kit_registry::{Error, Registrar, ServiceInstance};
use kit_transport::{Context, Lifecycle, Listening, Server};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

/// What happened, in order.
#[derive(Clone, Default)]
pub(crate) struct Record(Arc<Mutex<Vec<String>>>);

impl Record {
    pub(crate) fn add(&self, what: impl Into<String>) {
        self.0.lock().unwrap().push(what.into());
    }

    pub(crate) fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn position(&self, what: &str) -> usize {
        let all = self.all();
        all.iter()
            .position(|entry| entry == what)
            .unwrap_or_else(|| panic!("no `{what}` in {all:#?}"))
    }

    pub(crate) fn has(&self, what: &str) -> bool {
        self.all().iter().any(|entry| entry == what)
    }

    /// Lets the paused clock go on until the lines are as a test wants them.
    pub(crate) async fn until(&self, is_reached: impl Fn(&[String]) -> bool) -> Vec<String> {
        let begun = Instant::now();
        while !is_reached(&self.all()) {
            let all = self.all();
            assert!(begun.elapsed() < Duration::from_secs(3600), "{all:#?}");
            sleep(Duration::from_millis(10)).await;
        }
        self.all()
    }

    /// Asserts that these happened, in this order.
    #[track_caller]
    pub(crate) fn assert_order(&self, expected: &[&str]) {
        let positions: Vec<_> = expected.iter().map(|what| self.position(what)).collect();
        assert!(
            positions.is_sorted(),
            "{expected:?} are not in order in {:#?}",
            self.all()
        );
    }

    fn observe(&self, event: &Event) {
        let line = match event {
            Event::Entered { stage } => format!("entered {stage}"),
            Event::HookStarting { stage, name } => format!("{stage} {name} starts"),
            Event::HookEnded {
                stage,
                name,
                error: None,
                ..
            } => format!("{stage} {name} ended"),
            Event::HookEnded { stage, name, .. } => format!("{stage} {name} failed"),
            Event::ReloadStarting { cause } => format!("reloading ({cause})"),
            Event::ReloadHookEnded {
                name, error: None, ..
            } => format!("reload {name} ended"),
            Event::ReloadHookEnded {
                name,
                error: Some(error),
                ..
            } => format!("reload {name} failed: {error}"),
            Event::Reloaded { failed, .. } => format!("reloaded, {failed} failed"),
            Event::SignalRepeated { signal } => format!("{signal} repeated"),
            Event::ResourceOpening { name } => format!("{name} opening"),
            Event::ResourceOpened { name, .. } => format!("{name} open"),
            Event::ResourceClosing { name } => format!("{name} closing"),
            Event::ResourceClosed { name, .. } => format!("{name} closed"),
            Event::ComponentStarting { name, .. } => format!("{name} starting"),
            Event::ComponentStarted { name, .. } => format!("{name} started"),
            Event::CheckFailed { name, reason, .. } => format!("check {name} fails: {reason}"),
            Event::CheckPassed { name, .. } => format!("check {name} passes"),
            Event::DrainBegan { why } => format!("drain began: {why}"),
            Event::Drained { took } => format!("drained after {took:?}"),
            Event::DrainEnded => "drain ended".to_owned(),
            Event::Registered { registry } => format!("registered {registry}"),
            Event::Ready { .. } => "ready".to_owned(),
            Event::StopAsked { .. } => "stop asked".to_owned(),
            Event::Forced { .. } => "forced".to_owned(),
            Event::Deregistered {
                registry,
                error: None,
                ..
            } => format!("deregistered {registry}"),
            Event::Deregistered { registry, .. } => format!("deregistration {registry} failed"),
            Event::DrainDelay {
                delay,
                cut_from: None,
            } => format!("drain delay {delay:?}"),
            Event::DrainDelay {
                delay,
                cut_from: Some(wanted),
            } => format!("drain delay {delay:?} of {wanted:?}"),
            Event::ComponentStopping { name } => format!("{name} stopping"),
            Event::ComponentStopped { name, .. } => format!("{name} stopped"),
            Event::TaskFailed { task } => format!("task {} {}", task.path(), task.outcome()),
            Event::WorkerStarted { path, .. } => format!("{path} begins"),
            Event::WorkerFailed {
                path, why, then, ..
            } => format!("{path} failed: {why}: {then}"),
            Event::WorkerEnded { path, .. } => format!("{path} ended"),
            Event::Waiting { what, since } => format!("waiting for {what} ({since:?})"),
            Event::Failed { error } => format!("failed: {error}"),
            Event::Remark { what } => format!("remark: {what}"),
            Event::RunDropped => "run dropped".to_owned(),
            Event::Stopped { exit_code, .. } => format!("stopped {exit_code}"),
            _ => return,
        };
        self.add(line);
    }
}

/// An app that records its events and takes its signals from the test.
pub(crate) fn app(record: &Record) -> (AppBuilder, SignalSender) {
    let (signals, sender) = Signals::manual();
    let observer = record.clone();
    let app = App::builder("app")
        .signals(signals)
        .event_delivery(Delivery::Inline)
        .observer(move |stamped| observer.observe(&stamped.event));
    (app, sender)
}

/// How a fake's start goes.
#[derive(Clone, Copy, Default)]
pub(crate) enum Start {
    #[default]
    Succeeds,
    Fails,
    Panics,
    /// Never returns, cancelled or not.
    Hangs,
    /// Returns an error once its scope is cancelled.
    FailsWhenCancelled,
}

/// A server with one task, which ends a while after its scope was cancelled, or when it is made to die.
#[derive(Clone)]
pub(crate) struct Fake {
    pub(crate) name: &'static str,
    pub(crate) phase: Phase,
    pub(crate) start: Start,
    pub(crate) drain: Duration,
    pub(crate) dies: Arc<Notify>,
    pub(crate) latch: Option<Arc<Notify>>,
    pub(crate) seen: Arc<Mutex<Vec<Lifecycle>>>,
}

impl Fake {
    pub(crate) fn new(name: &'static str) -> Fake {
        Fake {
            name,
            phase: Phase::SERVERS,
            start: Start::default(),
            drain: Duration::from_millis(10),
            dies: Arc::default(),
            latch: None,
            seen: Arc::default(),
        }
    }
}

#[async_trait]
impl Server for Fake {
    fn name(&self) -> &str {
        self.name
    }

    fn phase(&self) -> Phase {
        self.phase
    }

    async fn start(&self, ctx: &Context) -> Result<Vec<Listening>, BoxError> {
        match self.start {
            Start::Succeeds => {}
            Start::Fails => return Err("address in use".into()),
            Start::Panics => panic!("bad luck"),
            Start::Hangs => std::future::pending().await,
            Start::FailsWhenCancelled => {
                ctx.scope().cancelled().await;
                return Err("cancelled while it connected".into());
            }
        }
        let (scope, drain, dies) = (ctx.scope().clone(), self.drain, Arc::clone(&self.dies));
        ctx.scope().spawn("serve", async move {
            tokio::select! {
                () = scope.cancelled() => sleep(drain).await,
                () = dies.notified() => return Err("the socket is gone".into()),
            }
            Ok(())
        });
        let (mut life, seen) = (ctx.lifecycle(), Arc::clone(&self.seen));
        let token = ctx.scope().token().clone();
        let following = async move {
            loop {
                seen.lock().unwrap().push(life.borrow_and_update().clone());
                if !matches!(
                    token.run_until_cancelled(life.changed()).await,
                    Some(Ok(()))
                ) {
                    return;
                }
            }
        };
        // Unnamed: it is no reason to live.
        ctx.scope()
            .track(following)
            .map_err(|_| "the scope has ended")?;
        if let Some(ready) = &self.latch {
            let (ready, latch) = (Arc::clone(ready), ctx.latch("the cache"));
            ctx.scope()
                .spawn_as("warm", kit_sync::Ending::Finite, async move {
                    ready.notified().await;
                    latch.open();
                });
        }
        Ok(vec![Listening::tcp("http", ([127, 0, 0, 1], 80).into())])
    }
}

/// How a fake registry answers.
#[derive(Clone, Copy, Default, PartialEq)]
pub(crate) enum Answer {
    #[default]
    Yes,
    No,
    Never,
}

#[derive(Clone, Default)]
pub(crate) struct FakeRegistry {
    pub(crate) record: Record,
    pub(crate) register: Answer,
    pub(crate) deregister: Answer,
}

impl FakeRegistry {
    async fn answer(answer: Answer) -> Result<(), Error> {
        match answer {
            Answer::Yes => Ok(()),
            Answer::No => Err("store://".parse::<kit_registry::Endpoint>().unwrap_err()),
            Answer::Never => std::future::pending().await,
        }
    }
}

#[async_trait]
impl Registrar for FakeRegistry {
    async fn register(&self, instance: &ServiceInstance) -> Result<(), Error> {
        self.record
            .add(format!("register {:?}", instance.endpoints()));
        FakeRegistry::answer(self.register).await
    }

    async fn deregister(&self, _: &ServiceInstance) -> Result<(), Error> {
        self.record.add("deregister");
        FakeRegistry::answer(self.deregister).await
    }
}

/// Runs a test's app and says how long its stop took.
pub(crate) async fn timed<T>(future: impl Future<Output = T>) -> (T, Duration) {
    let begun = Instant::now();
    let output = future.await;
    (output, begun.elapsed())
}

/// Asserts that the runtime has no task left: the app has returned.
#[track_caller]
pub(crate) fn assert_nothing_alive() {
    assert_eq!(
        tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks(),
        0
    );
}

/// A server whose start is a function.
pub(crate) struct Starts<F>(pub(crate) &'static str, pub(crate) F);

#[async_trait]
impl<F> Server for Starts<F>
where
    F: Fn(&Context) + Send + Sync + 'static,
{
    fn name(&self) -> &str {
        self.0
    }

    async fn start(&self, ctx: &Context) -> Result<Vec<Listening>, BoxError> {
        (self.1)(ctx);
        Ok(Vec::new())
    }
}

/// Runs the app and stops it when it is ready.
pub(crate) async fn run_and_stop(app: App) -> Result<kit_app::Report, kit_app::RunError> {
    let handle = app.handle();
    let (report, ()) = tokio::join!(app.run(), async {
        handle.started().await.unwrap();
        handle.stop("done");
    });
    report
}
