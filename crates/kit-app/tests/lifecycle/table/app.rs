//! An app with one of everything, in which one thing fails.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use kit_app::{AppBuilder, BoxError, Event, Every, LastStep, SignalSender, WorkerOptions};
use kit_registry::{Error, Registrar, ServiceInstance};
use kit_sync::Ending;
use kit_transport::{Context, Listening, Phase, Server};

use super::fault::Fault;
use super::point::{Kind, Point};
use crate::fakes::{Record, app};

/// The app of a cell, and its fault.
pub(super) fn with_fault(at: Point, kind: Kind, record: &Record) -> (AppBuilder, Fault) {
    let (builder, signals): (AppBuilder, SignalSender) = app(record);
    let fault = Fault {
        at,
        kind,
        record: record.clone(),
        signals,
        go: Arc::default(),
        reached: Arc::default(),
    };
    let app = builder
        .id("one")
        .drain_delay(Duration::from_secs(1))
        .apply(|app| hooks(app, &fault))
        .apply(|app| resource_and_check(app, &fault))
        .apply(|app| work(app, &fault))
        .server(Faulty("pool", Phase::RESOURCES, fault.clone()))
        .server(Faulty("http", Phase::SERVERS, fault.clone()))
        .registrar("store", Store(fault.clone()))
        .apply(|app| last(app, &fault));
    (app, fault)
}

fn hooks(app: AppBuilder, fault: &Fault) -> AppBuilder {
    let [
        before_start,
        after_start,
        before_stop,
        after_stop,
        reload,
        task,
    ] = [(); 6].map(|()| fault.clone());
    app.before_start("migrate", async move |hook| {
        let token = hook.scope().token().clone();
        before_start.here(Point::BeforeStart, Some(&token)).await
    })
    .after_start("warm", async move |hook| {
        let token = hook.scope().token().clone();
        after_start.here(Point::AfterStart, Some(&token)).await
    })
    .after_start("help", async move |hook| {
        let token = hook.scope().token().clone();
        hook.scope().spawn("helper", async move {
            if task.at == Point::HookTask {
                task.go.notified().await;
                return task.here(Point::HookTask, Some(&token)).await;
            }
            token.cancelled().await;
            Ok(())
        });
        Ok(())
    })
    .before_stop("leave", async move |hook| {
        let token = hook.scope().token().clone();
        before_stop.here(Point::BeforeStop, Some(&token)).await
    })
    .after_stop("farewell", async move |hook| {
        let token = hook.scope().token().clone();
        after_stop.here(Point::AfterStop, Some(&token)).await
    })
    .on_reload("keys", move |hook| {
        let reload = reload.clone();
        async move {
            let token = hook.scope().token().clone();
            reload.here(Point::Reload, Some(&token)).await
        }
    })
}

fn resource_and_check(app: AppBuilder, fault: &Fault) -> AppBuilder {
    let [open, close, check] = [(); 3].map(|()| fault.clone());
    app.resource(
        "db",
        async move |ctx: Context| {
            let token = ctx.scope().token().clone();
            open.here(Point::Open, Some(&token)).await.map(|()| 7_u8)
        },
        async move |_: u8| close.here(Point::Close, None).await,
    )
    .check("ping", move |_| {
        let check = check.clone();
        async move { check.here(Point::FirstCheck, None).await }
    })
}

fn work(app: AppBuilder, fault: &Fault) -> AppBuilder {
    let [seed, outbox, import, sweep] = [(); 4].map(|()| fault.clone());
    // Each has its own phase, so that their order is one order.
    let phase = |phase| WorkerOptions::new().phase(Phase::new(phase));
    app.job_with("seed", phase(50).awaited(), move |ctx| {
        let seed = seed.clone();
        async move {
            seed.here(Point::AwaitedJob, Some(ctx.scope().token()))
                .await
        }
    })
    .worker_with("outbox", phase(100), move |ctx| {
        let outbox = outbox.clone();
        async move {
            let token = ctx.scope().token();
            if outbox.at == Point::WorkerBegins {
                return outbox.here(Point::WorkerBegins, Some(token)).await;
            }
            let points = [Point::WorkerRuns, Point::WorkerDrains];
            outbox.running(points, token).await
        }
    })
    .job_with("import", phase(110), move |ctx| {
        let import = import.clone();
        async move {
            let token = ctx.scope().token();
            import.here(Point::JobBegins, Some(token)).await?;
            if matches!(import.at, Point::JobRuns | Point::JobDrains) {
                let points = [Point::JobRuns, Point::JobDrains];
                return import.running(points, token).await;
            }
            Ok(())
        }
    })
    .every_with(
        "sweep",
        Every::new(Duration::from_secs(3600)),
        phase(120),
        move |ctx| {
            let sweep = sweep.clone();
            async move {
                let token = ctx.scope().token();
                sweep.here(Point::PeriodicBegins, Some(token)).await?;
                if matches!(sweep.at, Point::PeriodicRuns | Point::PeriodicDrains) {
                    let points = [Point::PeriodicRuns, Point::PeriodicDrains];
                    return sweep.running(points, token).await;
                }
                Ok(())
            }
        },
    )
}

fn last(app: AppBuilder, fault: &Fault) -> AppBuilder {
    let (flush, drain_delay) = (fault.clone(), fault.clone());
    let step = LastStep::new("flush", Duration::from_millis(100), move |_| {
        if flush.at == Point::LastStep {
            flush.mark();
            assert!(flush.kind != Kind::Panic, "bad luck");
        }
        flush.record.add("flush");
        Vec::new()
    });
    app.last_step(step).observer(move |stamped| {
        let is_delay = matches!(stamped.event, Event::DrainDelay { .. });
        if is_delay && drain_delay.at == Point::DrainDelay {
            drain_delay.go.notify_one();
        }
    })
}

/// A server with a task, and a latch if it is the one for it.
struct Faulty(&'static str, Phase, Fault);

#[async_trait]
impl Server for Faulty {
    fn name(&self) -> &str {
        self.0
    }

    fn phase(&self) -> Phase {
        self.1
    }

    async fn start(&self, ctx: &Context) -> Result<Vec<Listening>, BoxError> {
        let Faulty(_, phase, fault) = self;
        let (fault, token) = (fault.clone(), ctx.scope().token().clone());
        if *phase == Phase::RESOURCES {
            fault.here(Point::FirstServerStarts, Some(&token)).await?;
            ctx.scope().spawn("serve", async move {
                token.cancelled().await;
                Ok(())
            });
            return Ok(Vec::new());
        }
        fault.here(Point::LaterServerStarts, Some(&token)).await?;
        if fault.at == Point::Latch {
            let (fault, token, latch) = (fault.clone(), token.clone(), ctx.latch("the cache"));
            ctx.scope().spawn_as("cache", Ending::Finite, async move {
                let _dropped = latch;
                fault.here(Point::Latch, Some(&token)).await
            });
        }
        ctx.scope().spawn("serve", async move {
            let runs = match fault.at {
                Point::DrainDelay => Point::DrainDelay,
                _ => Point::ServerRuns,
            };
            fault.running([runs, Point::ServerDrains], &token).await
        });
        Ok(vec![Listening::tcp("http", ([127, 0, 0, 1], 80).into())])
    }

    async fn stop(&self) -> Result<(), BoxError> {
        match self.1 {
            Phase::SERVERS => self.2.here(Point::ServerStops, None).await,
            _ => Ok(()),
        }
    }
}

/// A registry, with its own type of errors.
struct Store(Fault);

impl Store {
    async fn here(&self, point: Point) -> Result<(), Error> {
        let here = self.0.here(point, None).await;
        here.map_err(|_| "store://".parse::<kit_registry::Endpoint>().unwrap_err())
    }
}

#[async_trait]
impl Registrar for Store {
    async fn register(&self, _: &ServiceInstance) -> Result<(), Error> {
        self.here(Point::Registration).await
    }

    async fn deregister(&self, _: &ServiceInstance) -> Result<(), Error> {
        // Attempts that fail are followed by others after random pauses.
        if !self.0.record.has("deregister") {
            self.0.record.add("deregister");
        }
        self.here(Point::Deregistration).await
    }
}
