//! What a worker has taken on and not finished when a stop begins.

use std::time::Duration;

use kit_app::{
    App, AppBuilder, BoxError, ComponentEnd, Policy, Restarts, WorkerOptions, WorkerState,
};
use kit_sync::Ending;
use kit_transport::Context;
use tokio::time::sleep;

use crate::fakes::{Fake, Record, app, assert_nothing_alive, run_and_stop};

const SECOND: Duration = Duration::from_secs(1);

/// Begins a task that takes this long from the end of the intake on, as for a message that was pulled.
fn hold(ctx: &Context, record: &Record, takes: Duration) {
    let (intake, record) = (ctx.intake().clone(), record.clone());
    ctx.scope().spawn_as("message", Ending::Finite, async move {
        intake.closed().await;
        sleep(takes).await;
        record.add("message acknowledged");
    });
}

/// The drain of its server takes 8 s, and 20 s are there for the stop. The worker holds a message for
/// this long, and returns when the intake has ended.
fn consumer(record: &Record, policy: Policy, takes: Duration) -> App {
    let (builder, _signals) = app(record);
    let mut http = Fake::new("http");
    http.drain = SECOND * 8;
    let held = record.clone();
    let work = move |ctx: Context| {
        hold(&ctx, &held, takes);
        async move {
            ctx.intake().closed().await;
            Ok::<_, BoxError>(())
        }
    };
    builder
        .stop_timeout(SECOND * 20)
        .server(http)
        .worker_with("outbox", WorkerOptions::new().policy(policy), work)
        .build()
}

fn policies() -> [Policy; 3] {
    let restarts = Restarts::at_most(5, SECOND * 60);
    [Policy::Stop, Policy::Restart(restarts), Policy::Ignore]
}

#[tokio::test(start_paused = true)]
async fn what_a_consumer_holds_when_it_returns_in_the_stop_has_until_the_deadline() {
    for policy in policies() {
        let record = Record::default();
        let report = run_and_stop(consumer(&record, policy, SECOND * 7)).await;
        let report = report.unwrap();
        assert_eq!(report.remarks, [""; 0], "{policy:?}");
        record.assert_order(&["app/outbox ended", "message acknowledged", "http stopped"]);
        let outbox = report.components.iter().find(|part| part.name == "outbox");
        assert_eq!(outbox.unwrap().workers[0].state, WorkerState::Ended);
        assert_nothing_alive();
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_consumer_holds_beyond_the_deadline_is_cut_by_name_with_exit_code_1() {
    for policy in policies() {
        let record = Record::default();
        let result = run_and_stop(consumer(&record, policy, SECOND * 3600)).await;
        let error = result.unwrap_err();
        assert_eq!(error.exit_code(), 1, "{policy:?}");
        let message = error.to_string();
        assert!(message.contains("app/outbox/run/message"), "{message}");
        let components = &error.report().components;
        let outbox = components.iter().find(|part| part.name == "outbox");
        assert_eq!(outbox.unwrap().end, ComponentEnd::Cut, "{policy:?}");
        assert!(!record.has("message acknowledged"));
    }
}

/// The stop comes 1 s after the failure, and the message takes 7 s from then on.
#[tokio::test(start_paused = true)]
async fn what_a_failed_run_holds_when_a_stop_comes_has_until_the_deadline() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let mut http = Fake::new("http");
    http.drain = SECOND * 8;
    let held = record.clone();
    let restarts = Policy::Restart(Restarts::at_most(5, SECOND * 60));
    let app = builder
        .stop_timeout(SECOND * 20)
        .server(http)
        .worker_with(
            "outbox",
            WorkerOptions::new().policy(restarts),
            move |ctx| {
                hold(&ctx, &held, SECOND * 7);
                async { Err("no route".into()) }
            },
        )
        .build();
    let handle = app.handle();
    let (report, ()) = tokio::join!(app.run(), async {
        handle.started().await.unwrap();
        sleep(SECOND).await;
        handle.stop("done");
    });
    let report = report.unwrap();
    assert_eq!(report.remarks, [""; 0]);
    record.assert_order(&["message acknowledged", "http stopped"]);
    let outbox = report.components.iter().find(|part| part.name == "outbox");
    let worker = &outbox.unwrap().workers[0];
    assert_eq!((worker.state, worker.failures), (WorkerState::Ended, 1));
    let begun = record.all();
    let begun = begun.iter().filter(|line| *line == "app/outbox started");
    assert!(begun.count() <= 1, "nothing begins anew");
    assert_nothing_alive();
}

// === the run whose failure stops the app ===

/// A worker that fails for good 1 s after its beginning, with two tasks: one ends as soon as it is
/// cancelled, and one listens to nothing. The drain of the server takes 8 s.
fn fails_for_good(record: &Record, policy: Policy) -> AppBuilder {
    let (builder, _signals) = app(record);
    let mut http = Fake::new("http");
    http.drain = SECOND * 8;
    let says = record.clone();
    let options = WorkerOptions::new()
        .policy(policy)
        .restart_limit(SECOND * 3);
    builder
        .server(http)
        .worker_with("outbox", options, move |ctx| {
            let says = says.clone();
            async move {
                let scope = ctx.scope().clone();
                ctx.scope().spawn("polite", async move {
                    scope.cancelled().await;
                    says.add("polite ends");
                });
                let deaf = std::future::pending::<()>();
                ctx.scope().spawn_as("deaf", Ending::Finite, deaf);
                sleep(SECOND).await;
                Err("no route".into())
            }
        })
}

#[tokio::test(start_paused = true)]
async fn the_run_whose_failure_stops_the_app_has_the_limit_of_a_restart() {
    let restarts = Restarts::at_most(1, SECOND * 60).delays(SECOND, SECOND);
    for policy in [Policy::Stop, Policy::Restart(restarts)] {
        let record = Record::default();
        let app = fails_for_good(&record, policy).build();
        let error = app.run().await.unwrap_err();
        let report = error.report();
        assert_eq!(report.failures.len(), 1, "{:?}", report.failures);
        assert!(report.failures[0].starts_with("worker app/outbox failed"));
        let named = |line: &&String| {
            line.contains("(app/outbox/run/deaf") && line.contains("had not ended 3s after its run")
        };
        let runs = if policy == Policy::Stop { 1 } else { 2 };
        assert_eq!(report.remarks.iter().filter(named).count(), runs);
        let polite = |line: &&String| *line == "polite ends";
        assert_eq!(record.all().iter().filter(polite).count(), runs);
        // The server's drain, and not the deadline.
        assert_eq!(report.took, SECOND * 8, "{policy:?}");
        let outbox = report.components.iter().find(|of| of.name == "outbox");
        assert_eq!(outbox.unwrap().workers[0].state, WorkerState::Failed);
        if policy == Policy::Stop {
            record.assert_order(&["polite ends", "http stopped"]);
        }
        assert_nothing_alive();
    }
}

/// The limit is longer than the stop. Nothing of Kit is among what is cut.
#[tokio::test(start_paused = true)]
async fn what_the_last_run_has_left_is_cut_at_a_deadline_that_is_sooner_than_the_limit() {
    let record = Record::default();
    let app = fails_for_good(&record, Policy::Stop).stop_timeout(SECOND * 2);
    let error = app.build().run().await.unwrap_err();
    let report = error.report();
    let cut = report
        .failures
        .iter()
        .find(|line| line.contains("outbox: "));
    let cut = cut.unwrap_or_else(|| panic!("{:?}", report.failures));
    assert!(
        cut.starts_with("outbox: 1 task (app/outbox/run/deaf"),
        "{cut}"
    );
    assert!(report.took <= SECOND * 2 + SECOND / 10, "{:?}", report.took);
    assert_nothing_alive();
}
