//! Jobs for which the start waits, such as a migration in a phase before the workers.

use std::time::Duration;

use kit_app::{
    App, AppBuilder, Awaited, Cause, ComponentEnd, Error, Event, Phase, Policy, RunError, Stage,
    WorkerOptions, WorkerState,
};
use kit_sync::Ending;
use kit_transport::Context;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};

use crate::fakes::{Fake, Record, app, assert_nothing_alive, run_and_stop};
use crate::workers::{End, refused, restarts, runs};

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Of a job in a phase before the workers.
fn awaited() -> WorkerOptions {
    WorkerOptions::new().phase(Phase::new(50)).awaited()
}

/// An app with a worker and a server, which come after the job that is added.
fn service(add: impl FnOnce(AppBuilder) -> AppBuilder) -> (App, Record) {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let app = builder
        .apply(add)
        .worker("outbox", runs([End::Cancelled]))
        .server(Fake::new("http"));
    (app.build(), record)
}

/// The error of a start that fails.
async fn failed(app: App) -> RunError {
    let run = timeout(seconds(3600), app.run()).await;
    run.expect("the start ends").unwrap_err()
}

/// Asserts that the start went no further than the job.
#[track_caller]
fn assert_held(record: &Record) {
    for later in ["outbox starting", "http starting", "entered running"] {
        assert!(!record.has(later), "{later}: {:#?}", record.all());
    }
    assert_nothing_alive();
}

#[tokio::test(start_paused = true)]
async fn the_next_phase_starts_when_an_awaited_job_and_its_tasks_have_ended() {
    let lines = Record::default();
    let says = lines.clone();
    let (app, record) = service(|app| {
        let work = move |ctx: Context| {
            let says = says.clone();
            async move {
                ctx.scope().spawn_as("index", Ending::Finite, async move {
                    sleep(seconds(4)).await;
                    says.add("index built");
                });
                sleep(seconds(3)).await;
                Ok(())
            }
        };
        app.job_with("migrate", awaited(), work)
    });
    let handle = app.handle();
    let begun = Instant::now();
    let (report, ()) = tokio::join!(app.run(), async {
        sleep(Duration::from_millis(3_500)).await;
        assert!(lines.all().is_empty());
        let startup = handle.startup();
        assert!(!startup.passes, "{startup}");
        assert!(!handle.is_ready());
        assert_eq!(handle.stage(), Stage::Starting);
        assert!(!record.has("outbox starting"));
        handle.started().await.unwrap();
        assert_eq!(begun.elapsed(), seconds(4));
        assert!(handle.startup().passes);
        handle.stop("done");
    });
    let report = report.unwrap();
    record.assert_order(&[
        "app/migrate begins",
        "migrate started",
        "waiting for job migrate to end (2s)",
        "app/migrate ended",
        "outbox starting",
        "http starting",
        "ready",
    ]);
    let migrate = report.components.iter().find(|of| of.name == "migrate");
    assert_eq!(migrate.unwrap().end, ComponentEnd::Finished);
    assert_eq!(report.failures, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_is_not_awaited_holds_nothing_back() {
    let options = WorkerOptions::new().phase(Phase::new(50));
    let (app, record) = service(|app| app.job_with("warm up", options, runs([End::Cancelled])));
    run_and_stop(app).await.unwrap();
    record.assert_order(&["ready", "app/warm up ended"]);
}

#[tokio::test(start_paused = true)]
async fn readiness_waits_for_an_awaited_job_of_the_last_phase() {
    let options = awaited().phase(Phase::new(300));
    let (app, record) = service(|app| {
        app.job_with("prices", options, |_| async {
            sleep(seconds(60)).await;
            Ok(())
        })
    });
    run_and_stop(app).await.unwrap();
    record.assert_order(&["http started", "app/prices ended", "entered running"]);
}

/// Every one has its limit from its beginning, and those that have not ended are named.
#[tokio::test(start_paused = true)]
async fn awaited_jobs_of_a_phase_run_side_by_side() {
    let (app, record) = service(|app| {
        let lasts = |time| {
            move |_: Context| async move {
                sleep(seconds(time)).await;
                Ok(())
            }
        };
        app.job_with("slow", awaited(), lasts(20)).job_with(
            "quick",
            awaited().awaited_for(seconds(10)),
            lasts(5),
        )
    });
    run_and_stop(app).await.unwrap();
    record.assert_order(&[
        "waiting for jobs quick, slow to end (2s)",
        "app/quick ended",
        "waiting for job slow to end (12s)",
        "app/slow ended",
        "outbox starting",
    ]);
}

#[tokio::test(start_paused = true)]
async fn an_app_of_awaited_jobs_only_ends_with_the_last_of_them() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let next = awaited().phase(Phase::new(60));
    let app = builder
        .job_with("migrate", awaited(), runs([End::Ok]))
        .job_with("import", next, runs([End::Ok]));
    let report = app.build().run().await.unwrap();
    assert!(report.was_ready);
    record.assert_order(&["app/migrate ended", "import starting", "app/import ended"]);
}

// === its limit ===

#[tokio::test(start_paused = true)]
async fn a_job_that_has_used_up_its_limit_is_the_failure_of_the_start() {
    let hook_timeout = seconds(7);
    for (options, limit) in [
        (awaited(), hook_timeout),
        (awaited().awaited_for(seconds(90)), seconds(90)),
    ] {
        let (app, record) = service(|app| {
            let work = |ctx: Context| async move {
                ctx.scope().cancelled().await;
                sleep(seconds(3)).await;
                Err("half done".into())
            };
            app.hook_timeout(hook_timeout)
                .job_with("migrate", options, work)
                .job_with("quick", awaited(), runs([End::Ok]))
        });
        let begun = Instant::now();
        let error = failed(app).await;
        // It has its drain, and its error is a consequence of that.
        assert_eq!(begun.elapsed(), limit + seconds(3));
        let timed_out = |error: &Error| matches!(error, Error::JobTimeout { job, limit: of } if job == "migrate" && *of == limit);
        assert!(timed_out(error.error()), "{error}");
        assert_eq!(error.exit_code(), 1);
        let report = error.report();
        assert_eq!(report.failures.len(), 1, "{:?}", report.failures);
        let remark = "app/migrate was called off, and has failed: half done";
        assert!(report.remarks.iter().any(|line| line == remark), "{report}");
        record.assert_order(&[
            "waiting for job migrate to end (2s)",
            "stop asked",
            "migrate stopping",
            "migrate stopped",
        ]);
        assert_held(&record);
    }
}

#[tokio::test(start_paused = true)]
async fn an_awaited_job_is_named_while_it_lasts() {
    let (sender, mut waits) = mpsc::unbounded_channel();
    let (app, _record) = service(|app| {
        app.job_with("migrate", awaited(), |_| async {
            sleep(seconds(40)).await;
            Ok(())
        })
        .observer(move |stamped| {
            if let Event::Waiting { what, since } = &stamped.event {
                let _ = sender.send((what.clone(), since.as_secs()));
            }
        })
    });
    run_and_stop(app).await.unwrap();
    let jobs = || Awaited::Jobs {
        jobs: vec!["migrate".to_owned()],
    };
    for since in [2, 12, 22, 32] {
        assert_eq!(waits.recv().await.unwrap(), (jobs(), since));
    }
    assert!(waits.try_recv().is_err());
}

// === its failures ===

#[tokio::test(start_paused = true)]
async fn the_failure_of_an_awaited_job_is_that_of_the_start() {
    for end in [End::Err, End::PanicInCall, End::PanicInFuture] {
        let (app, record) = service(|app| app.job_with("migrate", awaited(), runs([end])));
        let error = failed(app).await;
        let is_its =
            |error: &Error| matches!(error, Error::Worker { path, .. } if path == "app/migrate");
        assert!(is_its(error.error()), "{end:?}: {error}");
        assert_eq!(error.exit_code(), 1);
        let report = error.report();
        assert_eq!(report.failures.len(), 1, "{:?}", report.failures);
        assert!(!report.was_ready);
        record.assert_order(&["stop asked", "migrate stopping"]);
        assert_held(&record);
    }
}

#[tokio::test(start_paused = true)]
async fn an_awaited_job_begins_anew_until_it_succeeds_or_its_policy_gives_up() {
    let ends = [End::Err, End::PanicInFuture, End::Err, End::Ok];
    for limit in [3, 2] {
        let options = awaited().policy(Policy::Restart(restarts(limit)));
        let (app, record) = service(|app| app.job_with("migrate", options, runs(ends)));
        let begun = Instant::now();
        if limit == 3 {
            let report = run_and_stop(app).await.unwrap();
            let migrate = &report.components[2].workers[0];
            assert_eq!((migrate.restarts, migrate.failures), (3, 3), "{migrate}");
            assert!(begun.elapsed() > seconds(1 + 2 + 4));
            record.assert_order(&["app/migrate ended", "outbox starting", "ready"]);
        } else {
            let error = failed(app).await;
            let message = error.to_string();
            let expected = "job app/migrate failed: gave up after 3 failures";
            assert!(message.starts_with(expected), "{message}");
            assert_held(&record);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_is_ignored_lets_the_start_go_on() {
    let options = awaited().policy(Policy::Ignore);
    let (app, record) = service(|app| app.job_with("migrate", options, runs([End::Err])));
    let report = run_and_stop(app).await.unwrap();
    assert_eq!(report.failures, [""; 0]);
    record.assert_order(&[
        "app/migrate failed: no route: the app goes on without it",
        "outbox starting",
        "ready",
    ]);
}

// === a stop meanwhile ===

/// How the job answers when it is cancelled.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Answer {
    Ok,
    Err,
    Panic,
    /// None, until it is aborted.
    Deaf,
    /// It waits for its restart.
    BackOff,
}

#[tokio::test(start_paused = true)]
async fn a_stop_calls_the_start_off_and_gives_the_job_its_drain() {
    use Answer::{BackOff, Deaf, Err, Ok, Panic};

    for answer in [Ok, Err, Panic, Deaf, BackOff] {
        let policy = match answer {
            BackOff => Policy::Restart(restarts(2)),
            _ => Policy::Stop,
        };
        let options = awaited().policy(policy);
        let (app, record) = service(|app| {
            app.job_with("migrate", options, move |ctx| async move {
                match answer {
                    Deaf => std::future::pending().await,
                    BackOff => return Result::Err("no route".into()),
                    _ => ctx.scope().cancelled().await,
                }
                sleep(seconds(2)).await;
                match answer {
                    Err => Result::Err("half done".into()),
                    Panic => panic!("bad luck"),
                    _ => Result::Ok(()),
                }
            })
        });
        let handle = app.handle();
        let (result, ()) = tokio::join!(app.run(), async {
            sleep(Duration::from_millis(500)).await;
            handle.stop("changed my mind");
        });
        let is_failure = matches!(answer, Panic | Deaf);
        assert_eq!(result.is_err(), is_failure, "{answer:?}: {result:?}");
        let report = match &result {
            Result::Ok(report) => report,
            Result::Err(error) => error.report(),
        };
        assert_eq!(report.exit_code, u8::from(is_failure), "{answer:?}");
        let cause = Cause::Requested("changed my mind".to_owned());
        assert_eq!(report.cause, Some(cause), "{answer:?}");
        let (state, took) = match answer {
            Deaf => (WorkerState::Aborted, None),
            Panic => (WorkerState::Failed, Some(seconds(2))),
            BackOff => (WorkerState::Ended, Some(Duration::ZERO)),
            Ok | Err => (WorkerState::Ended, Some(seconds(2))),
        };
        assert_eq!(report.components[0].workers[0].state, state, "{answer:?}");
        if let Some(took) = took {
            assert_eq!(report.components[0].took, took, "{answer:?}");
        }
        let remark = "remark: app/migrate was called off, and has failed: half done";
        assert_eq!(record.has(remark), answer == Err, "{:#?}", record.all());
        assert_held(&record);
    }
}

// === options ===

#[tokio::test]
async fn what_never_ends_cannot_be_awaited() {
    let why = "cannot be started: option `WorkerOptions::awaited` is set for work that never ends by \
               itself: it has to be set for a job, as the start would wait without end";
    let worker = |app: AppBuilder| app.worker_with("outbox", awaited(), runs([End::Cancelled]));
    refused(worker, &format!("outbox {why}")).await;
    let every = |app: AppBuilder| app.every_with("tick", seconds(1), awaited(), runs([End::Ok]));
    refused(every, &format!("tick {why}")).await;
    let options = awaited().awaited_for(Duration::ZERO);
    let zero = |app: AppBuilder| app.job_with("migrate", options, runs([End::Ok]));
    refused(
        zero,
        "migrate cannot be started: option `WorkerOptions::awaited_for` is 0s: it has to be longer \
         than 0s and at most 365d",
    )
    .await;
}

/// A server of the job's phase whose start takes 14 s.
struct Slow;

#[async_trait::async_trait]
impl kit_transport::Server for Slow {
    fn name(&self) -> &str {
        "slow"
    }

    fn phase(&self) -> Phase {
        Phase::new(50)
    }

    async fn start(
        &self,
        ctx: &Context,
    ) -> Result<Vec<kit_transport::Listening>, kit_app::BoxError> {
        let cancelled = ctx.scope().token().clone();
        let slow = cancelled.run_until_cancelled(sleep(seconds(14))).await;
        slow.ok_or("cancelled while it connected")?;
        let token = ctx.scope().token().clone();
        ctx.scope()
            .spawn("serve", async move { token.cancelled().await });
        Ok(Vec::new())
    }
}

#[tokio::test(start_paused = true)]
async fn the_limit_of_a_job_counts_while_a_component_beside_it_starts() {
    let (app, record) = service(|app| {
        let options = awaited().awaited_for(seconds(1));
        app.server(Slow)
            .job_with("migrate", options, runs([End::Cancelled]))
    });
    let begun = Instant::now();
    let error = failed(app).await;
    assert!(
        matches!(error.error(), Error::JobTimeout { job, limit } if job == "migrate" && *limit == seconds(1)),
        "{error}"
    );
    assert!(begun.elapsed() < seconds(2), "{:?}", begun.elapsed());
    assert_held(&record);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_ends_in_time_beside_a_slow_start_is_not_overdue() {
    let (app, record) = service(|app| {
        let options = awaited().awaited_for(seconds(5));
        app.server(Slow).job_with("migrate", options, |_| async {
            sleep(seconds(4)).await;
            Ok(())
        })
    });
    run_and_stop(app).await.unwrap();
    record.assert_order(&["app/migrate ended", "slow started", "outbox starting"]);
}

#[tokio::test(start_paused = true)]
async fn each_of_several_overdue_jobs_is_named() {
    let (app, record) = service(|app| {
        let options = awaited().awaited_for(seconds(3));
        let later = awaited().awaited_for(seconds(4));
        app.job_with("tables", options, runs([End::Cancelled]))
            .job_with("indexes", options, runs([End::Cancelled]))
            .job_with("prices", later, runs([End::Cancelled]))
    });
    let error = failed(app).await;
    let failures = &error.report().failures;
    assert_eq!(failures.len(), 2, "{failures:#?}");
    for (failure, job) in failures.iter().zip(["job tables ", "job indexes "]) {
        assert!(failure.starts_with(job), "{failure}");
    }
    assert_held(&record);
}
