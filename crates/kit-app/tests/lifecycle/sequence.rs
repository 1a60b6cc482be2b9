//! The two sequences, when all goes well.

use std::sync::Arc;
use std::time::Duration;

use kit_app::{Cause, Environment, Phase, RegisterAtStart, Stage};
use kit_sync::StopToken;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::fakes::{Answer, Fake, FakeRegistry, Record, app, assert_nothing_alive};

#[tokio::test(start_paused = true)]
async fn a_whole_life_goes_through_the_sequences_in_order() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let app = builder
        .server(Fake::new("http"))
        .registrar(
            "fake",
            FakeRegistry {
                record: record.clone(),
                ..FakeRegistry::default()
            },
        )
        .before_start("first", |_| async { Ok(()) })
        .before_start("second", |_| async { Ok(()) })
        .after_start("greet", |_| async { Ok(()) })
        .before_stop("part", |_| async { Ok(()) })
        .after_stop("sweep", |_| async { Ok(()) })
        .build();
    let handle = app.handle();
    let (report, ()) = tokio::join!(app.run(), async {
        handle.started().await.unwrap();
        assert_eq!(handle.stage(), Stage::Running);
        assert!(handle.stop("enough"));
        assert!(!handle.stop("again"), "the first request stands");
    });
    let report = report.unwrap();
    assert_eq!(report.cause, Some(Cause::Requested("enough".to_owned())));
    assert!(report.was_ready && report.failures.is_empty());
    assert_eq!(
        record.all(),
        [
            "entered starting",
            "before_start first starts",
            "before_start first ended",
            "before_start second starts",
            "before_start second ended",
            "http starting",
            "http started",
            "entered running",
            "register [\"http://127.0.0.1:80\"]",
            "registered fake",
            "after_start greet starts",
            "after_start greet ended",
            "ready",
            "stop asked",
            "entered lame duck",
            "before_stop part starts",
            "before_stop part ended",
            "deregister",
            "deregistered fake",
            "drain delay 1s",
            "entered draining",
            "http stopping",
            "http stopped",
            "after_stop sweep starts",
            "after_stop sweep ended",
            "entered stopped",
            "stopped 0",
        ]
    );
    assert_nothing_alive();
}

#[tokio::test(start_paused = true)]
async fn phases_start_in_ascending_and_stop_in_descending_order() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let app = builder
        .server(Fake::new("http"))
        .server(Fake {
            phase: Phase::RESOURCES,
            ..Fake::new("pool")
        })
        .server(Fake {
            phase: Phase::WORKERS,
            ..Fake::new("outbox")
        })
        .after_start("done", |app| async move {
            app.handle().stop("done");
            Ok(())
        })
        .build();
    app.run().await.unwrap();
    record.assert_order(&[
        "pool started",
        "outbox starting",
        "outbox started",
        "http starting",
    ]);
    record.assert_order(&[
        "http stopped",
        "outbox stopping",
        "outbox stopped",
        "pool stopping",
    ]);
}

#[tokio::test(start_paused = true)]
async fn a_component_sees_the_life_of_the_app() {
    let record = Record::default();
    let (builder, signals) = app(&record);
    let http = Fake::new("http");
    let seen = Arc::clone(&http.seen);
    let app = builder
        .server(http)
        .drain_delay(Duration::from_secs(2))
        .build();
    let handle = app.handle();
    let (report, ()) = tokio::join!(app.run(), async {
        handle.started().await.unwrap();
        assert!(signals.send(15));
    });
    report.unwrap();
    let seen = seen.lock().unwrap().clone();
    let stages: Vec<_> = seen.iter().map(|life| (life.stage, life.healthy)).collect();
    assert_eq!(
        stages,
        [
            (Stage::Starting, false),
            (Stage::Running, true),
            (Stage::LameDuck, false),
            (Stage::Draining, false),
        ]
    );
    let lame_duck = &seen[2];
    assert_eq!(lame_duck.drain_delay, Duration::from_secs(2));
    assert!(
        lame_duck.deadline.is_some(),
        "known from the beginning of a stop"
    );
}

#[tokio::test(start_paused = true)]
async fn readiness_waits_for_every_latch() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let warm = Arc::new(Notify::new());
    let app = builder
        .server(Fake {
            latch: Some(Arc::clone(&warm)),
            ..Fake::new("http")
        })
        .build();
    let handle = app.handle();
    let mut stages = handle.stages();
    let (report, ()) = tokio::join!(app.run(), async {
        stages
            .wait_for(|stage| *stage == Stage::Starting)
            .await
            .unwrap();
        while !record.has("http started") {
            tokio::task::yield_now().await;
        }
        assert_eq!(handle.stage(), Stage::Starting);
        warm.notify_one();
        handle.started().await.unwrap();
        handle.stop("done");
    });
    report.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_drain_delay_comes_from_the_profile_unless_it_is_given() {
    let kubernetes = Environment::from_lookup(|_| Some("10.0.0.1".to_owned()));
    for (given, expected) in [(None, "drain delay 5s"), (Some(700), "drain delay 700ms")] {
        let record = Record::default();
        let (builder, _signals) = app(&record);
        let app = builder
            .server(Fake::new("http"))
            .environment(kubernetes.clone())
            .drain_delay(given.map(Duration::from_millis))
            .build();
        let handle = app.handle();
        let (report, ()) = tokio::join!(app.run(), async {
            handle.started().await.unwrap();
            handle.stop("done");
        });
        report.unwrap();
        record.assert_order(&["entered lame duck", expected, "entered draining"]);
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_drain_delay_there_is_no_event_of_one() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let app = builder
        .server(Fake::new("http"))
        .drain_delay(Duration::ZERO)
        .build();
    let handle = app.handle();
    let (report, ()) = tokio::join!(app.run(), async {
        handle.started().await.unwrap();
        handle.stop("done");
    });
    report.unwrap();
    let all = record.all();
    assert!(record.has("entered draining"), "{all:?}");
    let is_delay = |what: &String| what.starts_with("drain delay");
    assert!(!all.iter().any(is_delay), "{all:?}");
}

#[tokio::test(start_paused = true)]
async fn an_ended_parent_token_stops_the_app() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let parent = CancellationToken::new();
    let app = builder
        .server(Fake::new("http"))
        .parent(StopToken::from(parent.clone()))
        .build();
    let handle = app.handle();
    let (report, ()) = tokio::join!(app.run(), async {
        handle.started().await.unwrap();
        parent.cancel();
    });
    assert_eq!(report.unwrap().cause, Some(Cause::ParentEnded));
    assert_nothing_alive();
}

#[tokio::test(start_paused = true)]
async fn a_registry_in_the_background_does_not_hold_the_start_up() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let registry = FakeRegistry {
        register: Answer::Never,
        ..FakeRegistry::default()
    };
    let app = builder
        .server(Fake::new("http"))
        .registrar("fake", registry)
        .register_at_start(RegisterAtStart::Background)
        .build();
    let handle = app.handle();
    let (report, ()) = tokio::join!(app.run(), async {
        handle.started().await.unwrap();
        handle.stop("done");
    });
    assert_eq!(report.unwrap().exit_code, 0);
    assert_nothing_alive();
}

#[tokio::test(start_paused = true)]
async fn an_app_of_jobs_ends_with_the_last_of_them() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let app = builder
        .server(Finite("first"))
        .server(Finite("second"))
        .server(Finite("third"))
        .build();
    let report = app.run().await.unwrap();
    assert_eq!(
        report.cause,
        Some(Cause::Requested(
            "every component is done that keeps the app running".to_owned()
        ))
    );
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_job_is_one_event() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let ends = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let seen = std::sync::Arc::clone(&ends);
    let app = builder
        .server(Finite("only"))
        .observer(move |stamped| {
            if matches!(stamped.event, kit_app::Event::ComponentEnded { .. }) {
                seen.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            }
        })
        .build();
    app.run().await.unwrap();
    assert_eq!(ends.load(std::sync::atomic::Ordering::Relaxed), 1);
}

struct Finite(&'static str);

#[async_trait::async_trait]
impl kit_transport::Server for Finite {
    fn name(&self) -> &str {
        self.0
    }

    async fn start(
        &self,
        ctx: &kit_transport::Context,
    ) -> Result<Vec<kit_transport::Listening>, kit_app::BoxError> {
        ctx.scope()
            .spawn("job", tokio::time::sleep(Duration::from_secs(3)));
        Ok(Vec::new())
    }

    fn finite(&self) -> bool {
        true
    }
}
