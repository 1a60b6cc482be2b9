//! The tasks and latches of a run.

use kit_app::{ComponentEnd, Policy, WorkerState};

use super::{options, restarts, with_lines};
use crate::fakes::assert_nothing_alive;

#[tokio::test(start_paused = true)]
async fn a_task_of_a_run_that_fails_is_an_event_and_not_the_workers_failure() {
    let (app, record) = with_lines(|app| {
        app.worker("outbox", |ctx| async move {
            ctx.scope()
                .spawn("helper", async { Err::<(), _>("no route".into()) });
            ctx.scope().cancelled().await;
            Ok(())
        })
    });
    let report = crate::fakes::run_and_stop(app).await.unwrap();
    assert!(record.has("task app/outbox/run/helper failed: no route"));
    assert_eq!(report.components[0].workers[0].failures, 0);
}

#[tokio::test(start_paused = true)]
async fn a_task_of_a_run_that_fails_in_the_drain_is_judged_by_the_policy() {
    for policy in [Policy::Stop, Policy::Restart(restarts(2)), Policy::Ignore] {
        let (app, record) = with_lines(|app| {
            app.worker_with("outbox", options(policy), |ctx| async move {
                let scope = ctx.scope().clone();
                ctx.scope().spawn("helper", async move {
                    scope.cancelled().await;
                    Err::<(), _>("no route".into())
                });
                ctx.scope().cancelled().await;
                Ok(())
            })
        });
        let report = crate::fakes::run_and_stop(app).await;
        if policy == Policy::Ignore {
            let report = report.unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(report.components[0].end, ComponentEnd::Drained);
            assert!(record.has("task app/outbox/run/helper failed: no route"));
        } else {
            let error = report.unwrap_err();
            let message = error.to_string();
            assert!(message.contains("app/outbox/run/helper"), "{message}");
            assert_eq!(error.report().components[0].end, ComponentEnd::Failed);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_does_not_end_is_aborted_at_the_deadline_and_named() {
    let (app, _record) = with_lines(|app| app.worker("outbox", |_| std::future::pending()));
    let error = crate::fakes::run_and_stop(app).await.unwrap_err();
    let message = error.to_string();
    // The line of its author, and not one of Kit's.
    let place = format!("app/outbox/run/work (spawned at {}:", file!());
    assert!(message.contains(&place), "{message}");
    let [worker] = &error.report().components[0].workers[..] else {
        panic!("{:?}", error.report());
    };
    assert_eq!(worker.state, WorkerState::Aborted);
    assert_nothing_alive();
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_gives_up_its_latch_fails_the_start_with_its_own_failure() {
    let (app, record) = with_lines(|app| {
        app.worker("outbox", |ctx| async move {
            let _latch = ctx.latch("the outbox");
            tokio::task::yield_now().await;
            Err("no route".into())
        })
    });
    let error = app.run().await.unwrap_err();
    assert_eq!(error.to_string(), "worker app/outbox failed: no route");
    assert_eq!(
        error.report().failures.len(),
        1,
        "{:?}",
        error.report().failures
    );
    assert!(!record.has("ready"));
    assert!(record.has("remark: `the outbox` was given up before it was ready"));
}
