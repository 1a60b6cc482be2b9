//! Workers: their ends, by policy; restarts, and the scope of a run.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use kit_app::{
    App, AppBuilder, BoxError, Cause, ComponentEnd, ComponentState, Delivery, Error, Event, Policy,
    Restarts, Signals, WorkerOptions, WorkerState,
};
use kit_sync::Ending;
use kit_transport::Context;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};

use crate::fakes::{Fake, Record, app, assert_nothing_alive};

/// How a run ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum End {
    /// Too early, but well.
    Ok,
    Err,
    PanicInCall,
    PanicInFuture,
    /// When it is cancelled, well.
    Cancelled,
    /// When it is cancelled, with an error.
    CancelledErr,
    /// When the intake has ended, well.
    IntakeEnded,
}

impl End {
    /// The text of the failure.
    fn why(self) -> &'static str {
        match self {
            End::Ok => "it has ended, although a worker runs until it is cancelled",
            End::Err | End::CancelledErr => "no route",
            End::PanicInCall => "panicked: before its first poll",
            End::PanicInFuture => "panicked: bad luck",
            End::Cancelled | End::IntakeEnded => "no failure",
        }
    }

    /// The future of a run that ends so; a panic in the call happens here.
    pub(crate) fn run(self, ctx: Context) -> impl Future<Output = Result<(), BoxError>> + Send {
        assert!(self != End::PanicInCall, "before its first poll");
        async move {
            match self {
                End::Ok => {}
                End::Err => return Err("no route".into()),
                End::PanicInCall | End::PanicInFuture => panic!("bad luck"),
                End::Cancelled => ctx.scope().cancelled().await,
                End::CancelledErr => {
                    ctx.scope().cancelled().await;
                    return Err("no route".into());
                }
                End::IntakeEnded => {
                    ctx.intake().closed().await;
                    assert!(!ctx.scope().is_cancelled(), "before the drain");
                }
            }
            Ok(())
        }
    }
}

/// A worker whose runs end so, one after the other; the last one counts for all that follow.
pub(crate) fn runs<const N: usize>(
    ends: [End; N],
) -> impl FnMut(Context) -> std::pin::Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>>
+ Send
+ 'static {
    let mut next = 0;
    move |ctx| {
        let end = ends[next.min(N - 1)];
        next += 1;
        Box::pin(end.run(ctx))
    }
}

fn options(policy: Policy) -> WorkerOptions {
    WorkerOptions::new().policy(policy)
}

/// Exact delays of 1, 2, 4 and 8 s.
pub(crate) fn restarts(limit: usize) -> Restarts {
    Restarts::at_most(limit, Duration::from_secs(60))
        .delays(Duration::from_secs(1), Duration::from_secs(8))
        .without_jitter()
}

/// An app that takes no signals and says each event as a line.
fn with_lines(change: impl FnOnce(AppBuilder) -> AppBuilder) -> (App, Record) {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let app = builder.drain_delay(Duration::from_secs(1)).apply(change);
    (app.build(), record)
}

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

// === restarts ===

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
    assert!(message.contains("app/outbox/run/work"), "{message}");
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

// === options ===

#[tokio::test]
async fn options_that_are_of_no_use_are_refused_before_any_hook_runs() {
    let minute = Duration::from_secs(60);
    let at_most = |limit, period| Restarts::at_most(limit, period);
    let worker =
        |options| move |app: AppBuilder| app.worker_with("outbox", options, runs([End::Cancelled]));
    let policy = |restarts| worker(options(Policy::Restart(restarts)));
    type With = Box<dyn Fn(AppBuilder) -> AppBuilder>;
    let wrong: [(With, &str); 6] = [
        (
            Box::new(policy(at_most(0, minute))),
            "outbox cannot be started: option `Restarts::limit` is 0: it has to be at least 1; \
             without restarts, the policy is `Policy::Stop`",
        ),
        (
            Box::new(policy(at_most(1, Duration::ZERO))),
            "outbox cannot be started: option `Restarts::period` is 0ns: it has to be longer than \
             nothing and at most 365 days",
        ),
        (
            Box::new(policy(at_most(1, minute).delays(minute, minute / 2))),
            "outbox cannot be started: option `Restarts::longest_delay` is 30s: it has to be at \
             least as long as `Restarts::first_delay`",
        ),
        (
            Box::new(policy(at_most(1, minute).delays(minute, Duration::MAX))),
            "outbox cannot be started: option `Restarts::longest_delay` is",
        ),
        (
            Box::new(worker(WorkerOptions::new().restart_limit(Duration::ZERO))),
            "outbox cannot be started: option `WorkerOptions::restart_limit` is 0ns: it has to be \
             longer than nothing and at most 365 days",
        ),
        (
            Box::new(|app| app.job("", runs([End::Ok]))),
            "the name of a component is empty: give it a name, such as `orders`",
        ),
    ];
    for (with, expected) in wrong {
        refused(with, expected).await;
    }
    let twice = |app: AppBuilder| {
        app.worker("outbox", runs([End::Cancelled]))
            .job("outbox", runs([End::Ok]))
    };
    refused(twice, "there are two components named `outbox`").await;
}

/// Asserts that an app with these options is refused before its first hook.
pub(crate) async fn refused(with: impl FnOnce(AppBuilder) -> AppBuilder, expected: &str) {
    let app = App::builder("app")
        .signals(Signals::none())
        .before_start("never", |_| async { unreachable!("the start is refused") })
        .apply(with)
        .build();
    let error = app.run().await.unwrap_err().to_string();
    assert!(error.starts_with(expected), "{error}");
}
