//! One deadline for a stop, and no stage starved.

use std::future::pending;
use std::time::Duration;

use kit_app::{Error, Phase, Stage};
use tokio::time::{Instant, sleep};

use crate::fakes::{Answer, Fake, FakeRegistry, Record, Start, app, assert_nothing_alive, timed};

const SECOND: Duration = Duration::from_secs(1);

/// Runs the app, stops it when it is ready, and says how long the stop took.
async fn run_and_stop(app: kit_app::App) -> (Result<kit_app::Report, kit_app::RunError>, Duration) {
    let handle = app.handle();
    let (ended, stopped) = tokio::join!(async { (app.run().await, Instant::now()) }, async {
        handle.started().await.unwrap();
        handle.stop("done");
        Instant::now()
    });
    let (report, end) = ended;
    (report, end - stopped)
}

#[tokio::test(start_paused = true)]
async fn what_hangs_is_aborted_and_named_and_the_later_phases_have_their_time() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let app = builder
        .server(Fake {
            drain: Duration::MAX,
            ..Fake::new("http")
        })
        .server(Fake {
            phase: Phase::RESOURCES,
            drain: SECOND / 2,
            ..Fake::new("pool")
        })
        .after_stop("sweep", |_| async { Ok(()) })
        .build();
    let (error, took) = run_and_stop(app).await;
    let error = error.unwrap_err();
    assert_eq!(error.exit_code(), 1);
    assert!(
        matches!(error.error(), Error::Cut { what } if what.contains("app/http/serve")),
        "{error}"
    );
    // Two later stages keep a second each, and the pool used half of one.
    assert_eq!(took.as_millis() / 10, 1850);
    record.assert_order(&["http stopped", "pool stopped", "after_stop sweep ended"]);
    assert_nothing_alive();
}

#[tokio::test(start_paused = true)]
async fn before_stop_hooks_share_four_seconds_and_starve_no_later_stage() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let app = builder
        .server(Fake::new("http"))
        .registrar("fake", FakeRegistry::default())
        .drain_delay(Duration::ZERO)
        .before_stop("hangs", |_| pending())
        .before_stop("fine", |_| async {
            sleep(SECOND).await;
            Ok(())
        })
        .build();
    let (error, took) = run_and_stop(app).await;
    let error = error.unwrap_err();
    assert_eq!(
        error.to_string(),
        "before_stop hook `hangs` was dropped: it had not ended after 2.0s"
    );
    assert_eq!(took.as_millis() / 100, 30);
    record.assert_order(&[
        "before_stop hangs failed",
        "before_stop fine ended",
        "deregistered fake",
    ]);
    assert_nothing_alive();
}

#[tokio::test(start_paused = true)]
async fn a_deregistration_that_hangs_has_three_seconds_and_exits_0() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let registry = FakeRegistry {
        deregister: Answer::Never,
        ..FakeRegistry::default()
    };
    let app = builder
        .server(Fake::new("http"))
        .registrar("fake", registry)
        .build();
    let (report, took) = run_and_stop(app).await;
    let report = report.unwrap();
    assert!(
        report.remarks[0].contains("deregistration from fake not confirmed"),
        "{report}"
    );
    assert!(report.registrations[0].error.is_some());
    record.assert_order(&[
        "deregistration fake failed",
        "drain delay 1s",
        "http stopped",
    ]);
    assert_eq!(took.as_millis() / 100, 40);
    assert_nothing_alive();
}

#[tokio::test(start_paused = true)]
async fn the_drain_delay_is_cut_to_half_of_what_is_left() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let app = builder
        .server(Fake::new("http"))
        .stop_timeout(4 * SECOND)
        .drain_delay(10 * SECOND)
        .build();
    run_and_stop(app).await.0.unwrap();
    assert!(record.has("drain delay 2s of 10s"), "{:?}", record.all());
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_is_interrupted_is_cancelled_and_may_finish() {
    let record = Record::default();
    let (builder, signals) = app(&record);
    let events = record.clone();
    let app = builder
        .server(Fake::new("http"))
        .before_start("migrate", move |app| async move {
            app.scope().cancelled().await;
            sleep(5 * SECOND).await;
            events.add("the migration is whole");
            Err("interrupted".into())
        })
        .build();
    let running = async {
        while !record.has("before_start migrate starts") {
            tokio::task::yield_now().await;
        }
        signals.send(15);
    };
    let ((report, ()), took) = timed(async { tokio::join!(app.run(), running) }).await;
    let report = report.unwrap();
    assert_eq!(took.as_secs(), 5);
    assert!(record.has("the migration is whole") && !record.has("http starting"));
    assert_eq!(
        report.remarks,
        ["before_start hook `migrate` failed: interrupted"]
    );
    assert_nothing_alive();
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_does_not_listen_is_dropped_at_the_deadline_and_exits_1() {
    let record = Record::default();
    let (builder, signals) = app(&record);
    let app = builder
        .before_start("deaf", |_| pending())
        .after_stop("sweep", |_| async { Ok(()) })
        .build();
    let running = async {
        while !record.has("before_start deaf starts") {
            tokio::task::yield_now().await;
        }
        signals.send(15);
    };
    let (error, ()) = tokio::join!(app.run(), running);
    let error = error.unwrap_err();
    assert!(
        matches!(error.error(), Error::HookDropped { name, .. } if name == "deaf"),
        "{error}"
    );
    assert!(record.has("after_stop sweep ended"));
    assert_nothing_alive();
}

#[tokio::test(start_paused = true)]
async fn a_start_that_is_called_off_is_a_clean_stop() {
    let record = Record::default();
    let (builder, signals) = app(&record);
    let app = builder
        .server(Fake {
            start: Start::FailsWhenCancelled,
            ..Fake::new("slow")
        })
        .server(Fake::new("http"))
        .build();
    let handle = app.handle();
    let running = async {
        while !record.has("http started") {
            tokio::task::yield_now().await;
        }
        signals.send(15);
        handle.started().await.unwrap_err();
    };
    let (report, ()) = tokio::join!(app.run(), running);
    let report = report.unwrap();
    assert_eq!(report.exit_code, 0);
    assert!(!report.was_ready);
    assert_eq!(report.remarks.len(), 1);
    assert_nothing_alive();
}

#[tokio::test(start_paused = true)]
async fn tasks_of_a_hook_are_cancelled_on_a_stop_and_after_stop_has_a_live_scope() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let (events, live) = (record.clone(), record.clone());
    let app = builder
        .after_start("poll", move |app| async move {
            let scope = app.scope().clone();
            app.scope().spawn("poller", async move {
                scope.cancelled().await;
                events.add("poller cancelled");
            });
            Ok(())
        })
        .after_stop("sweep", move |app| async move {
            assert!(!app.scope().is_cancelled());
            let swept = app.scope().spawn("sweeper", async { Ok(7) }).await?;
            live.add(format!("swept {swept}"));
            Ok(())
        })
        .build();
    let (report, _) = run_and_stop(app).await;
    report.unwrap();
    record.assert_order(&["entered lame duck", "poller cancelled", "swept 7"]);
    assert_nothing_alive();
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_hook_leaves_the_hooks_of_the_stop_their_time() {
    let record = Record::default();
    let (builder, signals) = app(&record);
    let app = builder
        .server(Fake::new("http"))
        .server(Fake {
            phase: Phase::RESOURCES,
            ..Fake::new("pool")
        })
        .before_start("migrate", |_| pending())
        .before_stop("tell", |_| async {
            sleep(SECOND / 2).await;
            Ok(())
        })
        .build();
    let (error, ()) = tokio::join!(app.run(), async {
        sleep(SECOND).await;
        signals.send(15);
    });
    assert_eq!(error.unwrap_err().report().failures.len(), 1);
    assert!(record.has("before_stop tell ended"), "{:?}", record.all());
}

#[tokio::test(start_paused = true)]
async fn a_short_stop_with_many_phases_leaves_every_stage_some_time() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let app = builder
        .server(Fake {
            phase: Phase::RESOURCES,
            ..Fake::new("pool")
        })
        .server(Fake {
            phase: Phase::WORKERS,
            ..Fake::new("outbox")
        })
        .server(Fake::new("http"))
        .stop_timeout(Duration::from_millis(200))
        .before_stop("tell", |_| async { Ok(()) })
        .build();
    run_and_stop(app).await.0.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_stop_that_was_asked_for_long_before_the_run_has_its_whole_time() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let app = builder.after_stop("sweep", |_| async { Ok(()) }).build();
    app.handle().stop("early");
    sleep(30 * SECOND).await;
    app.run().await.unwrap();
    assert!(record.has("after_stop sweep ended"));
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_was_cancelled_can_still_use_its_scope() {
    let record = Record::default();
    let (builder, signals) = app(&record);
    let app = builder
        .before_start("migrate", |app| async move {
            sleep(2 * SECOND).await;
            app.scope().spawn("step two", async { Ok(()) }).await?;
            Ok(())
        })
        .build();
    let (report, ()) = tokio::join!(app.run(), async {
        sleep(SECOND).await;
        signals.send(15);
    });
    let report = report.unwrap();
    assert!(report.remarks.is_empty(), "{:?}", report.remarks);
}

#[tokio::test(start_paused = true)]
async fn an_unnamed_task_of_a_hook_that_is_cut_is_a_failure() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let app = builder
        .before_start("cache", |app| async move {
            assert!(app.scope().track(pending()).is_ok());
            Ok(())
        })
        .build();
    let error = run_and_stop(app).await.0.unwrap_err();
    assert_eq!(
        error.to_string(),
        "hooks: 1 unnamed task had to be cut at the deadline"
    );
}

#[tokio::test(start_paused = true)]
async fn a_task_of_a_hook_that_fails_is_named_and_stops_nothing() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let app = builder
        .after_start("poll", |app| async move {
            let failing = async { Err::<(), _>(kit_app::BoxError::from("poll failed")) };
            let _ = app.scope().spawn("poller", failing).await;
            Ok(())
        })
        .build();
    let report = run_and_stop(app).await.0.unwrap();
    assert!(report.remarks[0].contains("poller") && report.remarks[0].contains("poll failed"));
}

#[tokio::test(start_paused = true)]
async fn an_observer_that_panics_changes_nothing() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let panics = |stamped: &kit_app::Stamped| {
        assert!(
            !matches!(stamped.event, kit_app::Event::Ready { .. }),
            "a bad observer"
        );
    };
    let app = builder.server(Fake::new("http")).observer(panics).build();
    assert_eq!(run_and_stop(app).await.0.unwrap().exit_code, 0);
    assert_nothing_alive();
}

#[tokio::test(start_paused = true)]
async fn a_component_whose_phase_begins_after_the_deadline_is_asked_before_it_is_failed() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let app = builder
        .server(Fake::new("http"))
        .server(Fake {
            phase: Phase::RESOURCES,
            ..Fake::new("pool")
        })
        .drain_delay(5 * SECOND)
        .build();
    let handle = app.handle();
    let mut stages = handle.stages();
    let (report, ()) = tokio::join!(app.run(), async {
        handle.started().await.unwrap();
        handle.stop("done");
        let lame_duck = |stage: &Stage| *stage == Stage::LameDuck;
        stages.wait_for(lame_duck).await.unwrap();
        // A container that is paused: no thread runs, and the clock goes on.
        tokio::time::advance(60 * SECOND).await;
    });
    let report = report.unwrap();
    assert_eq!(report.exit_code, 0);
    assert!(report.components.iter().all(|part| part.tasks.on_time()));
}
