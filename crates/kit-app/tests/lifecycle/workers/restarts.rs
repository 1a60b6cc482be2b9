//! Restarts: their delays, their limit, their end at a stop.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use kit_app::{App, ComponentState, Delivery, Event, Policy, Restarts, Signals, WorkerState};
use kit_sync::Ending;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use super::{End, options, restarts, runs, with_lines};
use crate::fakes::{Record, assert_nothing_alive};

#[tokio::test(start_paused = true)]
async fn restarts_come_after_growing_delays_and_their_limit_is_the_end() {
    let begun = Arc::new(Mutex::new(Vec::new()));
    let times = Arc::clone(&begun);
    let (app, record) = with_lines(|app| {
        app.worker_with("outbox", options(Policy::Restart(restarts(4))), move |_| {
            times.lock().unwrap().push(Instant::now());
            async { Err("no route".into()) }
        })
    });
    let error = app.run().await.unwrap_err();
    let begun = begun.lock().unwrap();
    let gaps: Vec<_> = begun.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(gaps, [1, 2, 4, 8].map(Duration::from_secs));
    let message = error.to_string();
    assert_eq!(
        message,
        "worker app/outbox failed: gave up after 5 failures in 15.0s (at most 4 in 60s are \
         forgiven): no route"
    );
    assert!(
        record.has(&format!("failed: {message}")),
        "{:#?}",
        record.all()
    );
}

#[tokio::test(start_paused = true)]
async fn failures_that_are_far_apart_are_forgiven_without_end() {
    let (done, mut runs) = mpsc::unbounded_channel();
    let (app, _record) = with_lines(|app| {
        let policy = Policy::Restart(restarts(1));
        app.worker_with("outbox", options(policy), move |ctx| {
            let done = done.clone();
            async move {
                tokio::select! {
                    () = ctx.scope().cancelled() => return Ok(()),
                    () = sleep(Duration::from_secs(100)) => {}
                }
                let _ = done.send(());
                Err("no route".into())
            }
        })
    });
    let handle = app.handle();
    let (report, ()) = tokio::join!(app.run(), async {
        for _ in 0..20 {
            runs.recv().await.unwrap();
        }
        handle.stop("enough");
    });
    let report = report.unwrap();
    assert!(report.components[0].workers[0].failures >= 19);
    assert!(
        report.to_string().contains("app/outbox: ended, "),
        "{report}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_stop_ends_a_back_off_at_once_and_nothing_begins_anew() {
    let (calls, mut called) = mpsc::unbounded_channel();
    let hour = Duration::from_secs(3600);
    let policy = Policy::Restart(
        Restarts::at_most(3, hour)
            .delays(hour, hour)
            .without_jitter(),
    );
    let (app, record) = with_lines(|app| {
        app.worker_with("outbox", options(policy), move |_| {
            let _ = calls.send(());
            async { Err("no route".into()) }
        })
    });
    let handle = app.handle();
    let (report, ()) = tokio::join!(app.run(), async {
        handle.started().await.unwrap();
        called.recv().await.unwrap();
        let outbox = &handle.components()[0];
        assert_eq!(outbox.state, ComponentState::Running);
        assert_eq!(outbox.workers[0].state, WorkerState::Restarting);
        assert_eq!(outbox.workers[0].path, "app/outbox");
        assert_eq!(outbox.workers[0].last_failure.as_deref(), Some("no route"));
        handle.stop("enough");
    });
    let report = report.unwrap();
    assert_eq!(report.took, Duration::from_secs(1), "the drain delay alone");
    let worker = &report.components[0].workers[0];
    assert_eq!(worker.state, WorkerState::Ended);
    assert_eq!((worker.failures, worker.restarts), (1, 0), "called off");
    record.assert_order(&["app/outbox ended", "entered draining"]);
    assert!(called.try_recv().is_err(), "it was called once");
}

#[tokio::test(start_paused = true)]
async fn what_a_run_has_spawned_ends_before_the_next_run_begins() {
    let lines = Record::default();
    let says = lines.clone();
    let mut run = 0;
    let (app, record) = with_lines(|app| {
        let policy = options(Policy::Restart(restarts(2))).restart_limit(Duration::from_secs(3));
        app.worker_with("outbox", policy, move |ctx| {
            run += 1;
            let (says, run) = (says.clone(), run);
            async move {
                says.add(format!("run {run}"));
                let (scope, ends) = (ctx.scope().clone(), says.clone());
                ctx.scope().spawn("helper", async move {
                    scope.cancelled().await;
                    sleep(Duration::from_secs(2)).await;
                    ends.add(format!("helper {run} ended"));
                });
                if run == 2 {
                    // Listens to nothing.
                    ctx.scope()
                        .spawn_as("deaf", Ending::Finite, std::future::pending::<()>());
                }
                if run < 3 {
                    return Err("no route".into());
                }
                ctx.scope().cancelled().await;
                Ok(())
            }
        })
    });
    let handle = app.handle();
    let (report, ()) = tokio::join!(app.run(), async {
        handle.started().await.unwrap();
        lines
            .until(|all| all.iter().any(|line| line == "run 3"))
            .await;
        handle.stop("done");
    });
    let report = report.unwrap();
    let order = [
        "run 1",
        "helper 1 ended",
        "run 2",
        "helper 2 ended",
        "run 3",
    ];
    lines.assert_order(&order);
    let named = |line: &String| line.contains("app/outbox/run/deaf") && line.contains("3s after");
    assert!(report.remarks.iter().any(named), "{:?}", report.remarks);
    assert!(
        record
            .all()
            .iter()
            .any(|line| line
                .starts_with("waiting for the last run of app/outbox to end: helper, deaf")),
        "{:#?}",
        record.all()
    );
    assert_nothing_alive();
}

/// On several threads: the panic of one worker, and the other one goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_is_restarted_on_a_runtime_with_several_threads() {
    let (sender, mut events) = mpsc::unbounded_channel();
    let policy = Policy::Restart(
        Restarts::at_most(10, Duration::from_secs(60))
            .delays(Duration::from_millis(1), Duration::from_millis(1)),
    );
    let app = App::builder("app")
        .signals(Signals::none())
        .event_delivery(Delivery::Inline)
        .observer(move |stamped| _ = sender.send(stamped.event.clone()))
        .worker_with(
            "outbox",
            options(policy),
            runs([
                End::PanicInCall,
                End::PanicInFuture,
                End::Err,
                End::Cancelled,
            ]),
        )
        .build();
    let handle = app.handle();
    let (report, ()) = tokio::join!(app.run(), async {
        let mut begun = 0;
        while begun < 4 {
            let event = events.recv().await.unwrap();
            begun += usize::from(matches!(event, Event::WorkerStarted { .. }));
        }
        let ready = handle.readiness().to_string();
        let worker =
            "[+] worker app/outbox: running, 3 restarts, 3 failures, the last one: no route";
        assert!(ready.contains(worker), "{ready}");
        handle.stop("done");
    });
    let report = report.unwrap();
    let worker = &report.components[0].workers[0];
    assert_eq!((worker.failures, worker.restarts), (3, 3), "{worker}");
}
