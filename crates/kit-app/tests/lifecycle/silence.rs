//! Failures are events when they happen, and waits while they last.

use std::sync::Arc;
use std::time::Duration;

use kit_app::{App, BoxError, Error, HookOptions};
use tokio::sync::Notify;
use tokio::time::sleep;

use crate::fakes::{Answer, Fake, FakeRegistry, Record, Starts, app, run_and_stop};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// Runs the app and stops it a minute after it was ready.
async fn run_for_a_minute(app: App) -> Result<kit_app::Report, kit_app::RunError> {
    let handle = app.handle();
    let (report, ()) = tokio::join!(app.run(), async {
        handle.started().await.unwrap();
        sleep(MINUTE).await;
        handle.stop("done");
    });
    report
}

#[tokio::test(start_paused = true)]
async fn a_task_that_fails_beside_a_living_one_is_an_event_at_once_and_changes_nothing() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let seen = record.clone();
    let two = Starts("two", |ctx: &kit_transport::Context| {
        let token = ctx.scope().token().clone();
        ctx.scope()
            .spawn("lives", async move { token.cancelled().await });
        ctx.scope()
            .spawn("fails", async { Err::<(), BoxError>("no route".into()) });
    });
    let app = builder
        .server(two)
        .after_start("look", move |_| async move {
            tokio::task::yield_now().await;
            assert!(seen.has("task app/two/fails failed: no route"));
            Ok(())
        })
        .build();
    let report = run_and_stop(app).await.unwrap();
    assert_eq!(report.exit_code, 0);
    assert_eq!(report.remarks.len(), 1, "{:?}", report.remarks);
    assert!(report.remarks[0].contains("app/two/fails"));
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_an_unnamed_task_and_a_failure_of_a_hooks_task_are_events_too() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let member = Starts("members", |ctx: &kit_transport::Context| {
        let token = ctx.scope().token().clone();
        ctx.scope()
            .spawn("lives", async move { token.cancelled().await });
        let panics = async { panic!("bad luck") };
        let _ = ctx.scope().track(panics);
    });
    let app = builder
        .server(member)
        .before_start("warm", |app| async move {
            app.scope()
                .spawn("refresh", async { Err::<(), BoxError>("no cache".into()) });
            Ok(())
        })
        .build();
    run_for_a_minute(app).await.unwrap();
    let all = record.all();
    let count = |what: &str| all.iter().filter(|line| line.contains(what)).count();
    assert_eq!(
        count("task app/hooks/before_start/warm/refresh failed: no cache"),
        1
    );
    assert_eq!(count("task app/members/(unnamed) panicked"), 1, "{all:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_task_whose_failure_ends_its_component_is_one_event_the_failure() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let http = Fake::new("http");
    let dies = Arc::clone(&http.dies);
    let app = builder.server(http).build();
    let handle = app.handle();
    let (report, ()) = tokio::join!(app.run(), async {
        handle.started().await.unwrap();
        dies.notify_one();
    });
    report.unwrap_err();
    let all = record.all();
    let lines: Vec<_> = all
        .iter()
        .filter(|line| line.contains("the socket is gone"))
        .collect();
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert!(lines[0].starts_with("failed: http ended before the stop"));
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_is_waited_for_is_named_after_two_seconds_and_then_every_ten() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let app = builder
        .before_start("migrate", |_| async {
            sleep(23 * SECOND).await;
            Ok(())
        })
        .build();
    run_and_stop(app).await.unwrap();
    let all = record.all();
    let waits: Vec<_> = all.iter().filter(|line| line.contains("waiting")).collect();
    assert_eq!(
        waits,
        [
            "waiting for before_start hook `migrate` to end (2s)",
            "waiting for before_start hook `migrate` to end (12s)",
            "waiting for before_start hook `migrate` to end (22s)",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_start_hook_has_five_minutes_and_then_until_the_deadline_of_the_stop() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let ended = record.clone();
    let app = builder
        .before_start("migrate", |app| async move {
            app.scope().cancelled().await;
            // Not cut in half.
            sleep(10 * SECOND).await;
            ended.add("migrated");
            Ok(())
        })
        .build();
    let error = app.run().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "before_start hook `migrate` had not ended after 300.0s"
    );
    record.assert_order(&[
        "failed: before_start hook `migrate` had not ended after 300.0s",
        "entered lame duck",
        "migrated",
        "before_start migrate ended",
        "stopped 1",
    ]);
}

#[tokio::test(start_paused = true)]
async fn a_hooks_own_timeout_wins_over_that_of_the_app() {
    for (of_app, own, ends) in [
        (MINUTE, 3600 * SECOND, true),
        (3600 * SECOND, MINUTE, false),
    ] {
        let record = Record::default();
        let (builder, _signals) = app(&record);
        let app = builder
            .hook_timeout(of_app)
            .after_start_with("migrate", HookOptions::new().timeout(own), |_| async {
                sleep(10 * MINUTE).await;
                Ok(())
            })
            .build();
        let handle = app.handle();
        let (report, ()) = tokio::join!(app.run(), async {
            let _ = handle.started().await;
            handle.stop("done");
        });
        assert_eq!(report.is_ok(), ends);
    }
}

#[tokio::test(start_paused = true)]
async fn a_latch_that_is_never_opened_is_named_while_it_is_waited_for_and_in_the_failure() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let warm = Fake {
        latch: Some(Arc::new(Notify::new())),
        ..Fake::new("http")
    };
    let app = builder.server(warm).gate_timeout(MINUTE).build();
    let error = app.run().await.unwrap_err();
    assert_eq!(
        error.report().failures[0],
        "the app is not ready after 60.0s: it waits for the cache"
    );
    assert!(
        matches!(error.error(), Error::GateTimeout { latches, .. } if latches[..] == ["the cache"])
    );
    record.assert_order(&[
        "waiting for the latches of the cache (2s)",
        "waiting for the latches of the cache (52s)",
        "failed: the app is not ready after 60.0s: it waits for the cache",
        "http stopped",
    ]);
}

#[tokio::test(start_paused = true)]
async fn starts_registrations_and_drains_that_are_waited_for_are_named() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let slow = Fake {
        drain: 5 * SECOND,
        ..Fake::new("http")
    };
    let app = builder
        .server(slow)
        .registrar(
            "fake",
            FakeRegistry {
                deregister: Answer::Never,
                ..FakeRegistry::default()
            },
        )
        .build();
    run_and_stop(app).await.unwrap();
    record.assert_order(&[
        "waiting for fake to confirm the deregistration (2s)",
        "waiting for http to drain: serve (2s)",
    ]);

    let record = Record::default();
    let (builder, _signals) = app_with_a_start_that_hangs(&record);
    builder.build().run().await.unwrap_err();
    record.position("waiting for http to start (2s)");

    let record = Record::default();
    let (builder, _signals) = app_that_cannot_register(&record);
    let error = builder.build().run().await.unwrap_err();
    assert!(matches!(error.error(), Error::Register { registry, .. } if registry == "fake"));
    record.position("waiting for fake to show the instance (2s)");
}

fn app_with_a_start_that_hangs(record: &Record) -> (kit_app::AppBuilder, kit_app::SignalSender) {
    let (builder, signals) = app(record);
    let hangs = Fake {
        start: crate::fakes::Start::Hangs,
        ..Fake::new("http")
    };
    (builder.server(hangs), signals)
}

fn app_that_cannot_register(record: &Record) -> (kit_app::AppBuilder, kit_app::SignalSender) {
    let (builder, signals) = app(record);
    let registry = FakeRegistry {
        register: Answer::Never,
        ..FakeRegistry::default()
    };
    (builder.registrar("fake", registry), signals)
}

#[tokio::test(start_paused = true)]
async fn what_a_component_finds_worth_a_look_is_an_event_and_in_the_report() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let remarks = Starts("http", |ctx: &kit_transport::Context| {
        ctx.remark("certificate 1 expires soon");
    });
    let report = run_and_stop(builder.server(remarks).build()).await.unwrap();
    assert_eq!(report.exit_code, 0);
    assert_eq!(report.remarks, ["http: certificate 1 expires soon"]);
    record.assert_order(&[
        "http starting",
        "remark: http: certificate 1 expires soon",
        "http started",
    ]);
}

#[tokio::test(start_paused = true)]
async fn a_wait_while_the_process_stood_still_has_one_event() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let limit = HookOptions::new().timeout(120 * MINUTE);
    let app = builder
        .before_start_with("migrate", limit, |_| async { std::future::pending().await })
        .build();
    let handle = app.handle();
    let (report, ()) = tokio::join!(app.run(), async {
        sleep(SECOND).await;
        // The clock jumps, as after a pause of the container.
        tokio::time::advance(60 * MINUTE).await;
        sleep(SECOND).await;
        let waiting = |line: &&String| line.starts_with("waiting for");
        let lines = record.all().iter().filter(waiting).count();
        assert!(lines <= 2, "{lines} lines at once");
        handle.stop("done");
    });
    report.unwrap_err();
}

/// Its tasks end at once, and its `stop` does not return.
struct StopHangs;

#[async_trait::async_trait]
impl kit_transport::Server for StopHangs {
    fn name(&self) -> &str {
        "pool"
    }

    async fn start(
        &self,
        ctx: &kit_transport::Context,
    ) -> Result<Vec<kit_transport::Listening>, BoxError> {
        let token = ctx.scope().token().clone();
        ctx.scope()
            .spawn("lives", async move { token.cancelled().await });
        Ok(Vec::new())
    }

    async fn stop(&self) -> Result<(), BoxError> {
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_that_does_not_return_is_what_is_waited_for() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let app = builder.server(StopHangs).build();
    run_and_stop(app).await.unwrap_err();
    let all = record.all();
    let lines = all.iter().find(|line| line.starts_with("waiting for pool"));
    let lines = lines.expect("an event of the wait");
    assert!(lines.contains("stop"), "{lines}");
    assert!(!lines.contains("nothing of it is alive"), "{lines}");
}

#[tokio::test(start_paused = true)]
async fn a_component_that_dies_at_once_has_one_line() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let dies = Starts("dies", |ctx: &kit_transport::Context| {
        ctx.scope()
            .spawn("fails", async { Err::<(), BoxError>("no route".into()) });
    });
    builder.server(dies).build().run().await.unwrap_err();
    let all = record.all();
    let lines: Vec<_> = all
        .iter()
        .filter(|line| line.contains("no route"))
        .collect();
    assert_eq!(lines.len(), 1, "{lines:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_task_that_fails_while_it_drains_is_one_failure_when_it_happens() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let fails = Starts("outbox", |ctx: &kit_transport::Context| {
        let token = ctx.scope().token().clone();
        ctx.scope().spawn("poll", async move {
            token.cancelled().await;
            Err::<(), BoxError>("the queue is gone".into())
        });
    });
    let error = run_and_stop(builder.server(fails).build())
        .await
        .unwrap_err();
    assert_eq!(error.exit_code(), 1);
    let all = record.all();
    let lines: Vec<_> = all
        .iter()
        .filter(|line| line.contains("queue is gone"))
        .collect();
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert!(lines[0].starts_with("failed: outbox failed while it stopped"));
    record.assert_order(&["outbox stopping", lines[0], "outbox stopped"]);
}
