//! What happens when a part fails: everything else is rolled back, and the cause stays the cause.

use std::sync::Arc;
use std::time::Duration;

use kit_app::{App, BoxError, Error, Phase, Signals, Stage};
use tokio::time::sleep;

use crate::fakes::{
    Answer, Fake, FakeRegistry, Record, Start, Starts, app, assert_nothing_alive, run_and_stop,
};

#[tokio::test(start_paused = true)]
async fn a_start_failure_rolls_back_what_had_started_and_names_the_root_cause() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let app = builder
        .server(Fake {
            phase: Phase::RESOURCES,
            ..Fake::new("pool")
        })
        .server(Fake::new("http"))
        .server(Fake {
            start: Start::Fails,
            ..Fake::new("grpc")
        })
        .server(Fake {
            start: Start::FailsWhenCancelled,
            ..Fake::new("slow")
        })
        .registrar(
            "fake",
            FakeRegistry {
                record: record.clone(),
                ..FakeRegistry::default()
            },
        )
        .before_stop("part", |_| async { Ok(()) })
        .after_stop("sweep", |_| async { Ok(()) })
        .build();
    let handle = app.handle();
    let (error, started) = tokio::join!(app.run(), handle.started());
    let error = error.unwrap_err();
    assert!(started.is_err());
    assert_eq!(error.to_string(), "grpc could not start: address in use");
    assert_eq!(error.exit_code(), 1);
    assert_eq!(error.report().failures.len(), 1, "consequences are remarks");
    assert_eq!(
        error.report().remarks,
        ["slow could not start: cancelled while it connected"]
    );
    record.assert_order(&["http stopped", "pool stopping", "pool stopped"]);
    record.assert_order(&[
        "before_stop part ended",
        "entered draining",
        "after_stop sweep ended",
    ]);
    assert!(!record.all().iter().any(|entry| entry.contains("regist")));
    assert_nothing_alive();
}

/// On this runtime all starts have ended before the app looks at the first of them.
#[tokio::test(start_paused = true)]
async fn of_starts_that_end_at_the_same_time_none_is_lost_when_one_fails() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let app = builder
        .server(Fake::new("first"))
        .server(Fake {
            start: Start::Fails,
            ..Fake::new("second")
        })
        .server(Fake::new("third"))
        .server(Fake {
            start: Start::Fails,
            ..Fake::new("fourth")
        })
        .build();
    let error = app.run().await.unwrap_err();
    assert_eq!(error.to_string(), "second could not start: address in use");
    let report = error.report();
    assert_eq!(report.failures.len(), 1, "{report}");
    assert_eq!(
        report.remarks,
        ["fourth could not start: address in use"],
        "the second failure is no reason of the stop, and is named"
    );
    let ends: Vec<_> = report
        .components
        .iter()
        .map(|it| (&*it.name, it.ready_in.is_some()))
        .collect();
    let expected = [
        ("first", true),
        ("second", false),
        ("third", true),
        ("fourth", false),
    ];
    assert_eq!(ends, expected, "{report}");
    record.assert_order(&["first started", "stop asked", "third started"]);
    record.assert_order(&["third stopping", "third stopped"]);
    assert_nothing_alive();
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_a_start_is_an_error_of_that_component() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let app = builder
        .server(Fake {
            start: Start::Panics,
            ..Fake::new("http")
        })
        .build();
    let error = app.run().await.unwrap_err();
    assert!(matches!(error.error(), Error::Start { component, .. } if component == "http"));
    assert!(error.to_string().contains("bad luck"), "{error}");
    assert_nothing_alive();
}

#[tokio::test(start_paused = true)]
async fn a_start_that_hangs_is_dropped_after_the_start_timeout() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let app = builder
        .server(Fake {
            start: Start::Hangs,
            ..Fake::new("http")
        })
        .build();
    let error = app.run().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "http could not start: it was not done after 15.0s"
    );
    assert_nothing_alive();
}

#[tokio::test(start_paused = true)]
async fn a_failing_hook_ends_the_start_and_skips_no_other_hook_of_the_stop() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let app = builder
        .server(Fake::new("http"))
        .before_start("migrate", |_| async { Err("no such table".into()) })
        .before_start("never", |_| async { Ok(()) })
        .before_stop("one", |_| async { Err("one is broken".into()) })
        .before_stop("two", |_| async { panic!("two is broken") })
        .after_stop("three", |_| async { Err("three is broken".into()) })
        .after_stop("four", |_| async { Ok(()) })
        .build();
    let error = app.run().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "before_start hook `migrate` failed: no such table\n  \
         also: before_stop hook `one` failed: one is broken\n  \
         also: before_stop hook `two` failed: it panicked: two is broken\n  \
         also: after_stop hook `three` failed: three is broken"
    );
    assert_eq!(
        error.report().failures.len(),
        4,
        "{:?}",
        error.report().failures
    );
    assert!(!record.has("http starting") && !record.has("before_start never starts"));
    record.assert_order(&[
        "before_stop two failed",
        "after_stop three failed",
        "after_stop four ended",
    ]);
    assert_nothing_alive();
}

#[tokio::test(start_paused = true)]
async fn a_registration_failure_stops_the_servers_and_says_how_long_it_tried() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let registry = FakeRegistry {
        register: Answer::No,
        ..FakeRegistry::default()
    };
    let app = builder
        .server(Fake::new("http"))
        .registrar("store at h:1", registry)
        .build();
    let error = app.run().await.unwrap_err();
    let line = error.to_string();
    assert!(
        line.starts_with(
            "the instance could not be registered in store at h:1: gave up after 8s: "
        ),
        "{line}"
    );
    assert!(record.has("http stopped") && !record.has("ready"));
    assert_nothing_alive();
}

#[tokio::test(start_paused = true)]
async fn an_after_start_failure_deregisters() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let app = builder
        .server(Fake::new("http"))
        .registrar("fake", FakeRegistry::default())
        .after_start("warm", |_| async { Err("cold".into()) })
        .build();
    app.run().await.unwrap_err();
    // Clients have found it, although it was never ready.
    record.assert_order(&[
        "registered fake",
        "deregistered fake",
        "drain delay 1s",
        "http stopped",
    ]);
    assert_nothing_alive();
}

#[tokio::test(start_paused = true)]
async fn a_start_that_ends_before_it_was_shown_has_no_drain_delay_and_one_that_was_shown_has() {
    let fails = async |is_shown: bool| {
        let record = Record::default();
        let (builder, _signals) = app(&record);
        let hidden = FakeRegistry {
            register: Answer::Never,
            ..FakeRegistry::default()
        };
        let builder = builder
            .server(Fake::new("http"))
            .registrar("hidden", hidden);
        let builder = if is_shown {
            builder.registrar("fake", FakeRegistry::default())
        } else {
            builder
        };
        // One of the registries does not answer in time.
        builder.build().run().await.unwrap_err();
        assert_nothing_alive();
        record
    };
    assert!(!fails(false).await.has("drain delay 1s"));
    let shown = fails(true).await;
    shown.assert_order(&["registered fake", "drain delay 1s", "http stopping"]);
}

#[tokio::test(start_paused = true)]
async fn a_component_that_dies_is_deregistered_at_once_beside_the_hooks() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let grpc = Fake::new("grpc");
    let dies = Arc::clone(&grpc.dies);
    let app = builder
        .server(Fake::new("http"))
        .server(grpc)
        .registrar("fake", FakeRegistry::default())
        .before_stop("slow", |_| async {
            sleep(Duration::from_secs(2)).await;
            Ok(())
        })
        .build();
    let handle = app.handle();
    let (error, ()) = tokio::join!(app.run(), async {
        handle.started().await.unwrap();
        dies.notify_one();
    });
    let error = error.unwrap_err();
    assert!(matches!(error.error(), Error::Ended { component, .. } if component == "grpc"));
    assert!(error.to_string().contains("app/grpc/serve"), "{error}");
    assert!(error.to_string().contains("the socket is gone"), "{error}");
    record.assert_order(&[
        "deregistered fake",
        "before_stop slow ended",
        "http stopped",
    ]);
    assert_nothing_alive();
}

#[tokio::test(start_paused = true)]
async fn a_latch_that_is_given_up_fails_the_start() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let app = builder.server(GivesUp).build();
    let error = app.run().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the app cannot become ready: `the cache` was given up before it was ready"
    );
}

struct GivesUp;

#[async_trait::async_trait]
impl kit_transport::Server for GivesUp {
    fn name(&self) -> &str {
        "cache"
    }

    async fn start(
        &self,
        ctx: &kit_transport::Context,
    ) -> Result<Vec<kit_transport::Listening>, kit_app::BoxError> {
        drop(ctx.latch("the cache"));
        Ok(Vec::new())
    }
}

#[tokio::test(start_paused = true)]
async fn bad_input_is_named_with_its_value_and_what_would_be_right() {
    let run = |app: kit_app::AppBuilder| app.signals(Signals::none()).build().run();
    let error = run(App::builder("a/b")).await.unwrap_err().to_string();
    assert!(
        error.contains("name") && error.contains("a/b") && error.contains("without '/'"),
        "{error}"
    );
    let error = run(App::builder("")).await.unwrap_err().to_string();
    assert!(error.contains("at least one character"), "{error}");
    let error = run(App::builder("a").stop_timeout(Duration::ZERO))
        .await
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "option `stop_timeout` is 0s: it has to be from 1ms to 1d"
    );
    let forever = App::builder("a").start_timeout(Duration::MAX);
    let error = run(forever).await.unwrap_err().to_string();
    assert!(
        error.contains("start_timeout") && error.contains("at most 1d"),
        "{error}"
    );
    let error = run(App::builder("a").registry("zk://h:1"))
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("zk") && error.contains("memory"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_latch_that_a_failing_task_held_does_not_mask_the_task() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let cache = Starts("cache", |ctx: &kit_transport::Context| {
        let latch = ctx.latch("the cache");
        ctx.scope().spawn("warm", async move {
            let _held = latch;
            Err::<(), _>(BoxError::from("no route to the database"))
        });
    });
    let error = builder.server(cache).build().run().await.unwrap_err();
    assert!(matches!(error.error(), Error::Ended { .. }), "{error}");
    assert!(
        error.to_string().contains("no route to the database"),
        "{error}"
    );
    assert_eq!(error.report().failures.len(), 1);
    assert!(record.has("remark: `the cache` was given up before it was ready"));
}

#[tokio::test(start_paused = true)]
async fn a_task_that_fails_while_its_component_drains_is_a_failure() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let http = Starts("http", |ctx: &kit_transport::Context| {
        let token = ctx.scope().token().clone();
        ctx.scope().spawn("serve", async move {
            token.cancelled().await;
            Err::<(), _>(BoxError::from("the queue was not flushed"))
        });
    });
    let error = run_and_stop(builder.server(http).build())
        .await
        .unwrap_err();
    assert_eq!(error.exit_code(), 1);
    assert!(
        error.to_string().contains("the queue was not flushed"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_component_that_dies_in_a_requested_stop_hastens_deregistration() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let http = Starts("http", |ctx: &kit_transport::Context| {
        let mut life = ctx.lifecycle();
        ctx.scope().spawn("serve", async move {
            life.wait_for(|life| life.stage >= Stage::LameDuck).await?;
            sleep(Duration::from_millis(100)).await;
            Err::<(), _>(BoxError::from("died"))
        });
    });
    let app = builder
        .server(http)
        .registrar("fake", FakeRegistry::default())
        .before_stop("slow", |_| async {
            sleep(Duration::from_secs(3)).await;
            Ok(())
        })
        .build();
    let error = run_and_stop(app).await.unwrap_err();
    assert!(matches!(error.error(), Error::Ended { .. }), "{error}");
    record.assert_order(&["stop asked", "deregistered fake", "before_stop slow ended"]);
}

#[tokio::test(start_paused = true)]
async fn every_start_that_hangs_is_dropped_at_the_limit() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let hangs = |name| Fake {
        start: Start::Hangs,
        ..Fake::new(name)
    };
    let app = builder.server(hangs("one")).server(hangs("two")).build();
    let error = app.run().await.unwrap_err();
    let lines = &error.report().failures;
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(
        lines
            .iter()
            .all(|line| line.ends_with("not done after 15.0s")),
        "{lines:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn started_gives_up_when_the_app_is_refused_or_dropped() {
    let refused = App::builder("bad/name").signals(Signals::none()).build();
    let handle = refused.handle();
    let error = refused.run().await.unwrap_err();
    assert_eq!(error.report().failures.len(), 1);
    assert!(handle.started().await.is_err());
    assert_eq!(handle.stage(), Stage::Stopped);

    let dropped = App::builder("good").build();
    let handle = dropped.handle();
    drop(dropped);
    assert!(handle.started().await.is_err());
}

#[tokio::test(start_paused = true)]
async fn an_error_of_a_part_that_watches_the_ended_parent_is_a_consequence() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let parent = tokio_util::sync::CancellationToken::new();
    let watched = parent.clone();
    let app = builder
        .parent(kit_sync::StopToken::from(parent.clone()))
        .before_start("connect", move |_| async move {
            watched.cancelled().await;
            Err("cancelled".into())
        })
        .build();
    let (report, ()) = tokio::join!(app.run(), async {
        while !record.has("before_start connect starts") {
            tokio::task::yield_now().await;
        }
        parent.cancel();
    });
    assert_eq!(
        report.unwrap().remarks,
        ["before_start hook `connect` failed: cancelled"]
    );
}

#[test]
fn a_stuck_thread_of_a_registry_is_named() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let (end, wait) = std::sync::mpsc::channel::<()>();
    let wait = std::sync::Mutex::new(Some(wait));
    let app = App::builder("app")
        .signals(Signals::none())
        .schemes(|schemes| {
            schemes.add("x", move |_, scope| {
                let wait = wait.lock().unwrap().take().expect("opened once");
                scope
                    .spawn_thread("stuck", move |_| {
                        let _ = wait.recv();
                    })
                    .unwrap();
                kit_registry::Schemes::default().open("memory:", scope)
            });
        })
        .registry("x:")
        .build();
    let report = runtime.block_on(run_and_stop(app)).unwrap();
    assert!(
        report.remarks.iter().any(|remark| remark.contains("stuck")),
        "{report:?}"
    );
    drop(end);
}
