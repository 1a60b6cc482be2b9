//! Jobs: an app of nothing but jobs ends with the last of them, and what keeps an app running.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use kit_app::{AppBuilder, BoxError, Cause, Phase, Policy, WorkerOptions, WorkerState};
use kit_sync::{Ending, StopToken};
use kit_transport::{Context, Listening, Server};
use tokio::sync::Notify;
use tokio::time::sleep;

use crate::fakes::{Fake, Record, app, assert_nothing_alive};
use crate::workers::{End, restarts, runs};

fn every_component_is_done() -> Option<Cause> {
    Some(Cause::Requested(
        "every component is done that keeps the app running".to_owned(),
    ))
}

#[tokio::test(start_paused = true)]
async fn an_app_of_jobs_only_ends_with_the_last_of_them() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let seconds = |seconds| {
        move |_ctx| async move {
            sleep(Duration::from_secs(seconds)).await;
            Ok(())
        }
    };
    let app = builder
        .job("short", seconds(1))
        .job("long", seconds(5))
        .after_start("greet", |_| async { Ok(()) })
        .build();
    let report = app.run().await.unwrap();
    assert_eq!(report.exit_code, 0);
    assert_eq!(report.cause, every_component_is_done());
    record.assert_order(&["app/short ended", "app/long ended", "stop asked"]);
    let states = report.components.iter().map(|job| job.workers[0].state);
    assert_eq!(states.collect::<Vec<_>>(), [WorkerState::Ended; 2]);
    assert_nothing_alive();
}

#[tokio::test(start_paused = true)]
async fn jobs_that_end_at_once_do_not_cut_the_start_short() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let app = builder
        .job("quick", runs([End::Ok]))
        .after_start("greet", |_| async {
            sleep(Duration::from_secs(1)).await;
            Ok(())
        })
        .build();
    let report = app.run().await.unwrap();
    assert!(report.was_ready);
    record.assert_order(&[
        "app/quick ended",
        "after_start greet ended",
        "ready",
        "stop asked",
    ]);
}

#[tokio::test(start_paused = true)]
async fn what_follows_the_end_of_a_job_is_said_by_its_policy() {
    let restart = Policy::Restart(restarts(2));
    let ends = [End::Err, End::PanicInCall, End::PanicInFuture];
    for policy in [Policy::Stop, restart, Policy::Ignore] {
        for end in ends {
            let record = Record::default();
            let (builder, _signals) = app(&record);
            let options = WorkerOptions::new().policy(policy);
            let app = builder.job_with("import", options, runs([end, End::Ok]));
            let report = app.build().run().await;
            if policy == Policy::Stop {
                assert_eq!(report.unwrap_err().exit_code(), 1, "{end:?}");
                continue;
            }
            let report = report.unwrap();
            assert_eq!(
                report.cause,
                every_component_is_done(),
                "{policy:?} {end:?}"
            );
            let job = &report.components[0].workers[0];
            let (state, begun_anew) = match policy {
                Policy::Ignore => (WorkerState::Failed, 0),
                _ => (WorkerState::Ended, 1),
            };
            assert_eq!((job.state, job.restarts), (state, begun_anew), "{end:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_waits_for_a_job_that_is_not_done() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let app = builder
        .job("import", |ctx| async move {
            ctx.scope().cancelled().await;
            sleep(Duration::from_secs(7)).await;
            Ok(())
        })
        .build();
    let report = crate::fakes::run_and_stop(app).await.unwrap();
    assert_eq!(report.took, Duration::from_secs(7));
}

/// One task, which ends by itself.
struct Finite(Arc<Notify>);

#[async_trait]
impl Server for Finite {
    fn name(&self) -> &str {
        "finite"
    }

    async fn start(&self, ctx: &Context) -> Result<Vec<Listening>, BoxError> {
        let ends = Arc::clone(&self.0);
        ctx.scope().spawn_as("serve", Ending::Finite, async move {
            ends.notified().await;
            Ok(())
        });
        Ok(Vec::new())
    }

    fn finite(&self) -> bool {
        true
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_may_end_by_itself_counts_like_a_job() {
    for is_server_last in [false, true] {
        let record = Record::default();
        let (builder, _signals) = app(&record);
        let (server, job) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let ends = Arc::clone(&job);
        let app = builder
            .server(Finite(Arc::clone(&server)))
            .job("import", move |_| {
                let ends = Arc::clone(&ends);
                async move {
                    ends.notified().await;
                    Ok(())
                }
            })
            .build();
        let handle = app.handle();
        let (report, ()) = tokio::join!(app.run(), async {
            handle.started().await.unwrap();
            let (first, last) = if is_server_last {
                (job, server)
            } else {
                (server, job)
            };
            first.notify_one();
            sleep(Duration::from_secs(60)).await;
            assert!(handle.is_ready(), "the other one goes on");
            last.notify_one();
        });
        assert_eq!(report.unwrap().cause, every_component_is_done());
    }
}

#[tokio::test(start_paused = true)]
async fn every_component_keeps_an_app_running_but_those_that_are_auxiliary() {
    let auxiliary = WorkerOptions::new().auxiliary();
    let ignored = WorkerOptions::new().policy(Policy::Ignore);
    type With = Box<dyn Fn(AppBuilder) -> AppBuilder>;
    let cases: [(With, bool); 5] = [
        (Box::new(|app| app.server(Fake::new("http"))), true),
        (
            Box::new(|app| app.worker("outbox", runs([End::Cancelled]))),
            true,
        ),
        (
            Box::new(|app| app.every("tick", Duration::from_secs(1), |_| async { Ok(()) })),
            true,
        ),
        (
            Box::new(move |app| app.worker_with("own", auxiliary, runs([End::Cancelled]))),
            false,
        ),
        // It has ended, as the job has.
        (
            Box::new(move |app| app.worker_with("nice", ignored, runs([End::Err]))),
            false,
        ),
    ];
    for (index, (with, keeps)) in cases.into_iter().enumerate() {
        let record = Record::default();
        let (builder, _signals) = app(&record);
        let app = builder.apply(with).job("import", runs([End::Ok])).build();
        let handle = app.handle();
        let (report, ()) = tokio::join!(app.run(), async {
            handle.started().await.unwrap();
            sleep(Duration::from_secs(600)).await;
            assert_eq!(handle.is_ready(), keeps, "case {index}");
            handle.stop("enough");
        });
        let cause = report.unwrap().cause;
        assert_eq!(
            cause == every_component_is_done(),
            !keeps,
            "case {index}: {cause:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_app_of_auxiliary_workers_alone_goes_on() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let auxiliary = WorkerOptions::new().auxiliary();
    let app = builder.job_with("own", auxiliary, runs([End::Ok])).build();
    let handle = app.handle();
    let (report, ()) = tokio::join!(app.run(), async {
        handle.started().await.unwrap();
        sleep(Duration::from_secs(600)).await;
        assert!(handle.is_ready());
        handle.stop("enough");
    });
    report.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_parent_that_is_cancelled_stops_workers_and_jobs() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let parent = StopToken::new();
    let app = builder
        .parent(parent.clone())
        .worker("outbox", runs([End::Cancelled]))
        .job("import", runs([End::Cancelled]))
        .build();
    let handle = app.handle();
    let (report, ()) = tokio::join!(app.run(), async {
        handle.started().await.unwrap();
        parent.cancel(Cause::Requested("the outer program ends".to_owned()));
    });
    let report = report.unwrap();
    let cause = Cause::Requested("the outer program ends".to_owned());
    assert_eq!(report.cause, Some(cause));
    assert_nothing_alive();
}

#[tokio::test(start_paused = true)]
async fn a_job_can_have_a_phase_to_itself() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let options = WorkerOptions::new().phase(Phase::new(50));
    let app = builder
        .worker("outbox", runs([End::Cancelled]))
        .job_with("import", options, runs([End::Ok]))
        .build();
    crate::fakes::run_and_stop(app).await.unwrap();
    record.assert_order(&[
        "import started",
        "outbox starting",
        "outbox stopped",
        "import stopping",
    ]);
}

/// On the real clock, whose timers take up to a millisecond.
#[tokio::test]
async fn a_job_whose_start_has_succeeded_runs_although_a_stop_comes_at_once() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let work = record.clone();
    let app = builder
        .job("import", move |_| {
            let work = work.clone();
            async move {
                sleep(Duration::from_millis(5)).await;
                work.add("imported");
                Ok(())
            }
        })
        .after_start("stop", |app| async move {
            app.handle().stop("at once");
            Ok(())
        })
        .build();
    app.run().await.unwrap();
    record.assert_order(&["import started", "stop asked", "imported", "import stopped"]);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_returns_well_is_done_although_a_task_of_it_has_failed() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let app = builder
        .job("import", |ctx| async move {
            let helper = async { Err::<(), _>("no route".into()) };
            let helped = ctx.scope().spawn("helper", helper).await;
            assert!(helped.is_err());
            Ok(())
        })
        .build();
    let report = app.run().await.unwrap();
    assert_eq!(report.cause, every_component_is_done());
    record.assert_order(&[
        "task app/import/run/helper failed: no route",
        "app/import ended",
        "stopped 0",
    ]);
}
