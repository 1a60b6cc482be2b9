//! The end of a worker, which is judged by its policy.

use std::time::Duration;

use kit_app::{Cause, Error, Policy, WorkerState};
use tokio::time::timeout;

use super::{End, options, restarts, runs, with_lines};
use crate::fakes::{Fake, Record, app, assert_nothing_alive};

#[tokio::test(start_paused = true)]
async fn the_end_of_a_worker_is_judged_by_its_policy() {
    let restart = Policy::Restart(restarts(2));
    let ends = [End::Ok, End::Err, End::PanicInCall, End::PanicInFuture];
    for policy in [Policy::Stop, restart, Policy::Ignore] {
        for end in ends {
            let case = format!("{policy:?} {end:?}");
            let record = Record::default();
            let (builder, _signals) = app(&record);
            let app = builder
                .server(Fake::new("http"))
                .worker_with("outbox", options(policy), runs([end]))
                .build();
            let handle = app.handle();
            let limit = Duration::from_secs(3600);
            let (report, ()) = tokio::join!(timeout(limit, app.run()), async {
                if policy == Policy::Ignore {
                    handle.started().await.unwrap();
                    let outbox = &handle.components()[0];
                    assert_eq!(outbox.workers[0].state, WorkerState::Failed, "{case}");
                    handle.stop("done");
                }
            });
            let report = report.unwrap_or_else(|_| panic!("{case}: the app goes on"));
            let why = end.why();
            let failed = |then: &str| format!("app/outbox failed: {why}: {then}");
            let report = match policy {
                Policy::Ignore => {
                    assert!(record.has(&failed("the app goes on without it")), "{case}");
                    report.unwrap_or_else(|error| panic!("{case}: {error}"))
                }
                policy => {
                    let error = report.unwrap_err();
                    assert!(
                        matches!(error.error(), Error::Worker { path, .. } if path == "app/outbox")
                    );
                    let message = error.to_string();
                    assert!(
                        message.starts_with("worker app/outbox failed: "),
                        "{message}"
                    );
                    assert!(message.ends_with(why), "{message}");
                    assert_eq!(error.exit_code(), 1, "{case}");
                    let report = error.report().clone();
                    assert_eq!(report.failures.len(), 1, "{:?}", report.failures);
                    let panicked = matches!(report.cause, Some(Cause::Panicked { .. }));
                    let panics = [End::PanicInCall, End::PanicInFuture].contains(&end);
                    assert_eq!(panicked, panics, "{case}: {:?}", report.cause);
                    if policy == Policy::Stop {
                        assert!(record.has(&failed("the app stops")), "{:#?}", record.all());
                    } else {
                        assert!(record.has(&failed("it begins anew in 1.0s")), "{case}");
                        assert!(record.has(&failed("it begins anew in 2.0s")), "{case}");
                    }
                    report
                }
            };
            let outbox = report.components.iter().find(|part| part.name == "outbox");
            let [worker] = &outbox.unwrap().workers[..] else {
                panic!("{case}: {:?}", outbox.unwrap().workers);
            };
            let (failures, restarts) = if policy == restart { (3, 2) } else { (1, 0) };
            assert_eq!(worker.state, WorkerState::Failed, "{case}");
            assert_eq!(
                (worker.failures, worker.restarts),
                (failures, restarts),
                "{case}"
            );
            assert!(
                worker.last_failure.as_ref().unwrap().ends_with(why),
                "{worker}"
            );
            assert_nothing_alive();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_ends_when_the_stop_wants_it_to_has_not_failed() {
    for policy in [Policy::Stop, Policy::Restart(restarts(2)), Policy::Ignore] {
        for end in [End::Cancelled, End::IntakeEnded] {
            let (app, record) = with_lines(|app| {
                app.server(Fake::new("http"))
                    .worker_with("outbox", options(policy), runs([end]))
            });
            let report = crate::fakes::run_and_stop(app).await.unwrap();
            assert_eq!(report.failures, [""; 0], "{policy:?} {end:?}");
            let outbox = report.components.iter().find(|part| part.name == "outbox");
            let [worker] = &outbox.unwrap().workers[..] else {
                panic!("{outbox:?}");
            };
            assert_eq!((worker.state, worker.failures), (WorkerState::Ended, 0));
            // Workers are drained after servers; one that listens to its intake ends before.
            let ended = match end {
                End::Cancelled => ["http stopped", "outbox stopping", "app/outbox ended"],
                _ => ["entered lame duck", "app/outbox ended", "http stopping"],
            };
            record.assert_order(&ended);
            record.assert_order(&["outbox started", "http starting"]);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_during_the_stop_is_one_of_the_stop_unless_failures_are_ignored() {
    for policy in [Policy::Stop, Policy::Restart(restarts(2)), Policy::Ignore] {
        let (app, record) =
            with_lines(|app| app.worker_with("outbox", options(policy), runs([End::CancelledErr])));
        let report = crate::fakes::run_and_stop(app).await;
        let ignored = "app/outbox failed: no route: the app goes on without it";
        if policy == Policy::Ignore {
            assert_eq!(report.unwrap().failures, [""; 0]);
            assert!(record.has(ignored));
        } else {
            let error = report.unwrap_err();
            assert_eq!(error.to_string(), "worker app/outbox failed: no route");
            let cause = error.report().cause.clone();
            assert_eq!(cause, Some(Cause::Requested("done".to_owned())));
        }
    }
}
