//! Drains by request: beside the stages, and back again.

use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use kit_app::{AppHandle, RegisterAtStart, Stage};
use kit_transport::Context;
use tokio::time::{Instant, sleep};

use crate::fakes::{Answer, Fake, FakeRegistry, Record, Starts, app, assert_nothing_alive};

fn registry(record: &Record) -> FakeRegistry {
    FakeRegistry {
        record: record.clone(),
        ..FakeRegistry::default()
    }
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn count(record: &Record, what: &str) -> usize {
    record.all().iter().filter(|line| *line == what).count()
}

#[tokio::test(start_paused = true)]
async fn a_drain_goes_and_comes_back_without_a_stage() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let server = Fake::new("http");
    let app = builder
        .server(server.clone())
        .registrar("fake", registry(&record))
        .drain_delay(seconds(5))
        .build();
    let handle = app.handle();
    let is_healthy = || server.seen.lock().unwrap().last().unwrap().healthy;
    let (report, ()) = tokio::join!(app.run(), async {
        handle.started().await.unwrap();
        assert!(!handle.is_drained() && handle.undrain() == Ok(false));

        assert!(handle.drain("maintenance"));
        assert!(handle.is_drained() && !handle.is_ready(), "at once");
        assert!(!handle.drain("again"));
        sleep(seconds(6)).await;
        assert!(!is_healthy() && handle.stage() == Stage::Running);
        assert_eq!(handle.registrations()[0].state.to_string(), "deregistered");

        assert_eq!(handle.undrain(), Ok(true));
        assert!(!handle.is_drained() && handle.is_ready());
        sleep(seconds(1)).await;
        assert!(is_healthy());
        assert_eq!(handle.registrations()[0].state.to_string(), "registered");
        handle.stop("done");
        assert!(handle.undrain().is_err() && !handle.drain("too late"));
    });
    let report = report.unwrap();
    assert_eq!(report.registrations.len(), 1);
    record.assert_order(&[
        "ready",
        "drain began: maintenance",
        "deregistered fake",
        "drained after 5s",
        "drain ended",
        "stop asked",
        "drain delay 5s",
    ]);
    assert_eq!(count(&record, "deregister"), 2);
    assert_eq!(count(&record, "registered fake"), 2);
    assert_nothing_alive();
}

#[tokio::test(start_paused = true)]
async fn the_intake_follows_a_drain_until_the_stop() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let kept = Arc::new(OnceLock::new());
    let keep = Arc::clone(&kept);
    let consumer = Starts("outbox", move |ctx: &Context| {
        keep.set(ctx.intake().clone()).unwrap();
    });
    let app = builder.server(consumer).build();
    let handle = app.handle();
    let (report, ()) = tokio::join!(app.run(), async {
        handle.started().await.unwrap();
        let intake = kept.get().unwrap();
        for _ in 0..3 {
            assert!(intake.is_open());
            handle.drain("maintenance");
            intake.closed().await;
            assert_eq!(handle.stage(), Stage::Running);
            handle.undrain().unwrap();
            intake.opened().await.unwrap();
        }
        handle.drain("maintenance");
        intake.closed().await;
        handle.stop("done");
        assert!(intake.opened().await.is_err());
    });
    report.unwrap();
}

/// Runs an app that is drained for `drained` and then stopped. Gives the time of the stop.
async fn stopped_after(drained: Duration, record: &Record) -> Duration {
    let (builder, _signals) = app(record);
    let app = builder
        .server(Fake::new("http"))
        .registrar("fake", registry(record))
        .drain_delay(seconds(5))
        .build();
    let handle = app.handle();
    let (report, ()) = tokio::join!(app.run(), async {
        handle.started().await.unwrap();
        handle.drain("maintenance");
        sleep(drained).await;
        handle.stop("done");
    });
    report.unwrap().took
}

#[tokio::test(start_paused = true)]
async fn what_a_drain_has_done_is_not_done_again_by_the_stop() {
    let record = Record::default();
    let took = stopped_after(seconds(60), &record).await;
    assert_eq!(took, Duration::from_millis(10), "the drain of the server");
    assert_eq!(count(&record, "deregister"), 1);
    assert_eq!(count(&record, "deregistered fake"), 1);
    assert!(
        !record
            .all()
            .iter()
            .any(|line| line.starts_with("drain delay"))
    );

    let record = Record::default();
    let took = stopped_after(seconds(2), &record).await;
    assert_eq!(took, Duration::from_millis(3_010), "the rest of the delay");
    assert!(record.has("drain delay 3s"));

    // The stop comes before the drain could do anything.
    let record = Record::default();
    let took = stopped_after(Duration::ZERO, &record).await;
    assert_eq!(took, Duration::from_millis(5_010));
    assert_eq!(count(&record, "deregistered fake"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_drain_that_a_registry_does_not_confirm_is_left_to_the_stop() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let app = builder
        .registrar(
            "fake",
            FakeRegistry {
                deregister: Answer::Never,
                ..registry(&record)
            },
        )
        .drain_delay(seconds(5))
        .build();
    let handle = app.handle();
    let (report, ()) = tokio::join!(app.run(), async {
        handle.started().await.unwrap();
        handle.drain("maintenance");
        sleep(seconds(60)).await;
        // Taken back, and asked for again, while the registry keeps still.
        assert_eq!(handle.undrain(), Ok(true));
        assert!(handle.is_ready());
        sleep(seconds(1)).await;
        assert!(handle.drain("maintenance again"));
        sleep(seconds(1)).await;
        handle.stop("done");
    });
    let report = report.unwrap();
    assert_eq!(
        report.took,
        seconds(3 + 5),
        "its limit, and the whole delay"
    );
    assert_eq!(count(&record, "registered fake"), 1);
    record.assert_order(&[
        "drain began: maintenance",
        "waiting for fake to confirm the deregistration (2s)",
        "drain ended",
        "drain began: maintenance again",
        "stop asked",
        "deregistration fake failed",
    ]);
    assert_nothing_alive();
}

/// Drains in a hook of the start, and takes it back when the app is ready.
async fn drained_at_start(handle: AppHandle, record: &Record) {
    handle.started().await.unwrap();
    assert!(handle.is_drained() && !handle.is_ready());
    sleep(seconds(1)).await;
    assert_eq!(count(record, "registered fake"), 0);
    handle.undrain().unwrap();
    assert!(handle.is_ready());
    sleep(seconds(1)).await;
    assert_eq!(count(record, "registered fake"), 1);
    handle.stop("done");
}

#[tokio::test(start_paused = true)]
async fn a_drain_that_comes_before_the_registration_holds_it_back() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let server = Fake::new("http");
    let app = builder
        .server(server.clone())
        .registrar("fake", registry(&record))
        .before_start("drain", |app| async move {
            app.handle().drain("not yet");
            Ok(())
        })
        .build();
    let handle = app.handle();
    let (report, ()) = tokio::join!(app.run(), drained_at_start(handle, &record));
    report.unwrap();
    // Healthy only after the drain was taken back.
    let seen = server.seen.lock().unwrap();
    assert_eq!(seen.iter().filter(|life| life.healthy).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_drain_that_is_taken_back_early_does_not_register_before_its_time() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let app = builder
        .server(Fake::new("http"))
        .registrar("fake", registry(&record))
        .before_start("drain", |app| async move {
            app.handle().drain("not yet");
            sleep(seconds(1)).await;
            app.handle().undrain().unwrap();
            sleep(seconds(1)).await;
            Ok(())
        })
        .build();
    let handle = app.handle();
    let (report, ()) = tokio::join!(app.run(), async {
        handle.started().await.unwrap();
        assert!(handle.is_ready());
        handle.stop("done");
    });
    report.unwrap();
    record.assert_order(&["drain ended", "http started", "registered fake", "ready"]);
    assert_eq!(count(&record, "registered fake"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_drain_while_the_start_waits_for_a_registry_is_no_failure_of_it() {
    for policy in [RegisterAtStart::Required, RegisterAtStart::Background] {
        let record = Record::default();
        let (builder, _signals) = app(&record);
        let app = builder
            .registrar(
                "fake",
                FakeRegistry {
                    register: Answer::Never,
                    ..registry(&record)
                },
            )
            .register_at_start(policy)
            .build();
        let handle = app.handle();
        let begun = Instant::now();
        let (report, ()) = tokio::join!(app.run(), async {
            sleep(seconds(1)).await;
            handle.drain("not now");
            handle.started().await.unwrap();
            assert_eq!(begun.elapsed(), seconds(1));
            handle.stop("done");
        });
        report.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_drain_and_back_while_the_start_waits_for_a_registry_is_no_failure_of_it() {
    for policy in [RegisterAtStart::Required, RegisterAtStart::Background] {
        let record = Record::default();
        let (builder, _signals) = app(&record);
        let registry = FakeRegistry {
            register: Answer::Never,
            ..registry(&record)
        };
        let app = builder
            .registrar("fake", registry)
            .register_at_start(policy)
            .build();
        let handle = app.handle();
        let registering = |all: &[String]| {
            let registering = all.iter().filter(|line| line.starts_with("register "));
            registering.count()
        };
        let mut run = pin!(app.run());
        tokio::select! {
            _ = &mut run => panic!("it has ended"),
            _ = record.until(|all| registering(all) == 1) => {}
        }
        // Both are done before the start is polled again.
        assert!(handle.drain("not now"));
        while handle.registrations()[0].state.to_string() != "deregistered" {
            tokio::task::yield_now().await;
        }
        assert_eq!(handle.undrain(), Ok(true));
        let (report, ()) = tokio::join!(run, async {
            handle.started().await.unwrap();
            assert!(handle.is_ready());
            record.until(|all| registering(all) == 2).await;
            handle.stop("done");
        });
        report.unwrap();
        assert_nothing_alive();
    }
}
