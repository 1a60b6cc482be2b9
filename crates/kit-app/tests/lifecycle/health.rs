//! Checks, and what their results change.

use std::future::pending;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use kit_app::{
    AppHandle, BoxError, CheckOptions, CheckState, ComponentState, Policy, Stage, WorkerOptions,
};
use kit_transport::{Context, Listening, Server};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};

use crate::fakes::{Fake, FakeRegistry, Record, app, assert_nothing_alive};

/// A dependency that is there or not.
#[derive(Clone, Default)]
struct Dependency {
    is_gone: Arc<AtomicBool>,
    asked: Arc<AtomicUsize>,
}

impl Dependency {
    fn set_gone(&self, is_gone: bool) {
        self.is_gone.store(is_gone, Ordering::SeqCst);
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    fn ping(&self) -> Result<(), BoxError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if self.is_gone.load(Ordering::SeqCst) {
            return Err("connection refused".into());
        }
        Ok(())
    }
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn reasons(handle: &AppHandle) -> Vec<String> {
    let readiness = handle.readiness();
    readiness.reasons().map(ToString::to_string).collect()
}

#[tokio::test(start_paused = true)]
async fn a_required_check_that_fails_changes_readiness_and_health_and_nothing_else() {
    let record = Record::default();
    let registry = FakeRegistry {
        record: record.clone(),
        ..FakeRegistry::default()
    };
    let (builder, _signals) = app(&record);
    let (database, server) = (Dependency::default(), Fake::new("http"));
    let asked = database.clone();
    let app = builder
        .server(server.clone())
        .registrar("fake", registry)
        .resource(
            "database",
            |_| async { Ok(asked) },
            |_: Dependency| async { Ok(()) },
        )
        .check("database", |check| async move {
            let database: Dependency = check.get()?;
            database.ping()
        })
        .build();
    let handle = app.handle();
    let is_healthy = || server.seen.lock().unwrap().last().unwrap().healthy;
    let (report, ()) = tokio::join!(app.run(), async {
        handle.started().await.unwrap();
        assert!(handle.is_ready());
        sleep(seconds(1)).await;
        assert!(is_healthy());

        database.set_gone(true);
        // The runs at 10, 20 and 30 s fail; the third in a row counts.
        sleep(seconds(28)).await;
        assert!(handle.is_ready() && is_healthy());
        sleep(seconds(2)).await;
        assert!(!handle.is_ready() && !is_healthy());
        let reasons = reasons(&handle);
        assert_eq!(reasons.len(), 1, "{reasons:?}");
        assert!(
            reasons[0].starts_with("[-] check database: failing, 3 failures in a row, ")
                && reasons[0].ends_with(": connection refused"),
            "{reasons:?}"
        );
        assert_eq!(handle.stage(), Stage::Running);

        database.set_gone(false);
        sleep(seconds(10)).await;
        assert!(handle.is_ready() && is_healthy());
        let check = handle.checks().remove(0);
        assert_eq!((check.failures, check.reason), (0, None));
        handle.stop("done");
        assert!(!handle.is_ready(), "at once");
    });
    report.unwrap();
    record.assert_order(&[
        "http started",
        "check database passes",
        "entered running",
        "registered fake",
        "ready",
        "check database fails: connection refused",
        "stop asked",
        "deregister",
    ]);
    let deregistered = record
        .all()
        .iter()
        .filter(|line| *line == "deregister")
        .count();
    assert_eq!(deregistered, 1, "by the stop alone");
    assert_eq!(database.asked(), 5);
    assert_nothing_alive();
}

#[tokio::test(start_paused = true)]
async fn the_start_waits_for_first_results_and_goes_on_with_a_bad_one() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let server = Fake::new("http");
    let slow = CheckOptions::new().timeout(seconds(5));
    let app = builder
        .server(server.clone())
        .check_with("slow", slow, |_| async {
            sleep(seconds(4)).await;
            Err("no leader".into())
        })
        .check_with("extra", CheckOptions::new().informational(), |_| pending())
        .build();
    let handle = app.handle();
    let begun = Instant::now();
    let (report, ()) = tokio::join!(app.run(), async {
        handle.started().await.unwrap();
        assert_eq!(begun.elapsed(), seconds(4));
        assert!(handle.startup().passes && !handle.is_ready());
        let states: Vec<_> = handle.checks().iter().map(|check| check.state).collect();
        assert_eq!(states, [CheckState::Failing, CheckState::Failing]);
        handle.stop("done");
    });
    report.unwrap();
    assert!(server.seen.lock().unwrap().iter().all(|life| !life.healthy));
    record.assert_order(&[
        "check extra fails: it had not ended after 1s",
        "waiting for the first results of the checks slow (2s)",
        "check slow fails: no leader",
        "entered running",
        "ready",
    ]);
}

#[tokio::test(start_paused = true)]
async fn a_check_that_panics_or_hangs_has_failed_and_is_run_again() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&runs);
    let once = CheckOptions::new().failure_threshold(1);
    let app = builder
        .check_with("odd", once, move |_| {
            let run = counted.fetch_add(1, Ordering::SeqCst);
            // In the closure, before there is a future.
            assert!(run != 1, "no seat left");
            async move {
                if run == 2 {
                    pending::<()>().await;
                }
                Ok(())
            }
        })
        .build();
    let handle = app.handle();
    let (report, ()) = tokio::join!(app.run(), async {
        handle.started().await.unwrap();
        assert!(handle.is_ready());
        sleep(Duration::from_millis(10_100)).await;
        let reason = handle.checks()[0].reason.clone().unwrap();
        assert!(
            reason.contains("it panicked") && reason.ends_with("no seat left"),
            "{reason}"
        );
        assert!(!handle.is_ready());
        sleep(Duration::from_millis(11_000)).await;
        let reason = handle.checks()[0].reason.clone().unwrap();
        assert_eq!(reason, "it had not ended after 1s");
        sleep(seconds(10)).await;
        assert!(handle.is_ready());
        handle.stop("done");
    });
    assert_eq!(report.unwrap().exit_code, 0);
    assert!(!record.all().iter().any(|line| line.starts_with("task ")));
    assert_nothing_alive();
}

#[tokio::test(start_paused = true)]
async fn options_that_are_of_no_use_are_refused_before_anything_begins() {
    let no_time = CheckOptions::new().timeout(Duration::ZERO);
    let no_failure = CheckOptions::new().failure_threshold(0);
    let no_success = CheckOptions::new().success_threshold(0);
    let hasty = CheckOptions::new().period(Duration::from_millis(1));
    let good = CheckOptions::new();
    for (checks, line) in [
        (
            vec![("db", no_time)],
            "option `CheckOptions::timeout` is 0s for the check `db`: it has to be longer than 0s and at most 1d",
        ),
        (
            vec![("db", no_failure)],
            "option `CheckOptions::failure_threshold` is 0 for the check `db`: it has to be 1 or more",
        ),
        (
            vec![("db", no_success)],
            "option `CheckOptions::success_threshold` is 0 for the check `db`: it has to be 1 or more",
        ),
        (
            vec![("db", hasty)],
            "option `CheckOptions::period` is 1ms for the check `db`: it has to be from 10ms to 1d",
        ),
        (
            vec![("", good)],
            "the name of a check is empty: give it a name, such as `orders`",
        ),
        (
            vec![("a\nb", good)],
            "the name of a check is \"a\\nb\": it has to be visible text in one line, such as `orders`",
        ),
        (
            vec![("db", good), ("db", good)],
            "there are two checks named `db`: give one of them another name",
        ),
    ] {
        let record = Record::default();
        let (mut builder, _signals) = app(&record);
        for (name, options) in checks {
            builder = builder.check_with(name, options, |_| async { Ok(()) });
        }
        let error = builder.build().run().await.unwrap_err();
        assert_eq!(error.to_string(), line);
        assert!(!record.has("entered starting"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_job_that_is_done_is_good_and_one_that_has_failed_is_not() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let ignored = WorkerOptions::new().policy(Policy::Ignore);
    let app = builder
        .server(Fake::new("http"))
        .server(Finite)
        .job("warm", |_| async { Ok(()) })
        .job_with("extra", ignored, |_| async { Err("no route".into()) })
        .build();
    let handle = app.handle();
    let (report, ()) = tokio::join!(app.run(), async {
        handle.started().await.unwrap();
        sleep(seconds(1)).await;
        let components = handle.components();
        let states: Vec<_> = components.iter().map(|of| of.state).collect();
        let ended = states.iter().filter(|of| **of == ComponentState::Ended);
        assert_eq!(ended.count(), 3, "{components:#?}");
        let (facts, text) = (handle.readiness().facts, handle.readiness().to_string());
        let passes = |component: &str| {
            let name = format!("component {component}");
            facts.iter().find(|fact| fact.name == name).unwrap().passes
        };
        assert!(passes("http") && passes("finite"), "{text}");
        assert!(passes("warm") && !passes("extra"), "{text}");
        handle.stop("done");
    });
    report.unwrap();
}

/// A component without workers that ends by itself.
struct Finite;

#[async_trait::async_trait]
impl Server for Finite {
    fn name(&self) -> &str {
        "finite"
    }

    fn finite(&self) -> bool {
        true
    }

    async fn start(&self, ctx: &Context) -> Result<Vec<Listening>, BoxError> {
        ctx.scope()
            .spawn_as("once", kit_sync::Ending::Finite, async {});
        Ok(Vec::new())
    }
}

/// One connection, which a run of a check holds for as long as it lives.
#[derive(Clone)]
struct Pool(Arc<Semaphore>);

#[tokio::test(start_paused = true)]
async fn a_stop_drops_the_run_of_a_check_which_keeps_no_resource_from_closing() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let mut http = Fake::new("http");
    http.drain = seconds(2);
    let runs = Arc::new(AtomicUsize::new(0));
    let dropped: Arc<OnceLock<Instant>> = Arc::default();
    let put = Arc::clone(&dropped);
    let app = builder
        .server(http)
        .resource(
            "db",
            |_| async { Ok(Pool(Arc::new(Semaphore::new(1)))) },
            |pool: Pool| async move {
                let _all = pool.0.acquire().await?;
                Ok(())
            },
        )
        .check_with(
            "db",
            CheckOptions::new().timeout(seconds(1)).period(seconds(5)),
            move |check| {
                let is_first = runs.fetch_add(1, Ordering::SeqCst) == 0;
                let end = SetOnDrop(Arc::clone(&put));
                async move {
                    let pool: Pool = check.get()?;
                    let _one = pool.0.acquire().await?;
                    if is_first {
                        std::mem::forget(end);
                        return Ok(());
                    }
                    pending::<()>().await;
                    drop(end);
                    Ok(())
                }
            },
        )
        .build();
    let handle = app.handle();
    let (report, stopped) = tokio::join!(app.run(), async {
        handle.started().await.unwrap();
        // The second run has begun half a second ago.
        sleep(Duration::from_millis(5_500)).await;
        handle.stop("done");
        Instant::now()
    });
    let report = report.unwrap();
    assert_eq!(dropped.get(), Some(&stopped), "with its timeout");
    assert_eq!(report.took, seconds(2), "the drain of the server");
    assert_eq!(report.tasks.stuck().count(), 0, "{report}");
    record.assert_order(&["http stopped", "db closed", "stopped 0"]);
    assert_nothing_alive();
}

/// Notes when it was dropped.
struct SetOnDrop(Arc<OnceLock<Instant>>);

impl Drop for SetOnDrop {
    fn drop(&mut self) {
        let _ = self.0.set(Instant::now());
    }
}

/// The texts of the events from the first result of a check to the end of the start.
async fn end_of_start(
    with: impl FnOnce(kit_app::AppBuilder) -> kit_app::AppBuilder,
) -> Vec<String> {
    let texts = Record::default();
    let (builder, _signals) = app(&Record::default());
    let seen = texts.clone();
    let app = with(builder)
        .server(Fake::new("http"))
        .observer(move |stamped| seen.add(stamped.event.to_string()))
        .build();
    crate::fakes::run_and_stop(app).await.unwrap();
    let all = texts.all().into_iter();
    let ends = ["check", "ready", "started after"];
    let of_end = |text: &String| ends.iter().any(|end| text.starts_with(end));
    all.filter(of_end).collect()
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_start_says_why_the_app_is_not_ready_after_the_event_of_that() {
    let texts = end_of_start(|app| app.check("chk", async |_| Err("no route".into()))).await;
    assert_eq!(
        texts,
        [
            "check chk fails: no route",
            "started after 0.0ns, not ready: check chk fails"
        ]
    );
    let texts = end_of_start(|app| {
        app.after_start("drains", async |hook| {
            hook.handle().drain("a rollout");
            Ok(())
        })
    });
    let texts = texts.await;
    let drained = "started after 0.0ns, not ready: drained (a rollout)";
    assert_eq!(texts, [drained]);
    let texts = end_of_start(|app| app.check("chk", async |_| Ok(()))).await;
    assert_eq!(texts, ["check chk passes", "ready after 0.0ns"]);
}
