//! Reload hooks: what is read again while the app goes on.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use kit_app::{App, AppHandle, BoxError, HookContext, Report, RunError, Signal, SignalSender};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

use crate::fakes::{Fake, Record, app, assert_nothing_alive, timed};

/// Runs an app, and what `with` does once it is ready, and stops it.
async fn run(app: App, with: impl AsyncFnOnce(&AppHandle)) -> Result<Report, RunError> {
    let handle = app.handle();
    let (report, ()) = tokio::join!(app.run(), async {
        handle.started().await.unwrap();
        with(&handle).await;
        handle.stop("done");
    });
    assert_nothing_alive();
    report
}

/// Until the lines of the record have come, in real or paused time.
async fn until(record: &Record, line: &str, count: usize) {
    let begun = Instant::now();
    let all = || record.all().into_iter().filter(|entry| entry == line);
    while all().count() < count {
        assert!(
            begun.elapsed() < Duration::from_secs(600),
            "{:#?}",
            record.all()
        );
        sleep(Duration::from_millis(1)).await;
    }
}

fn panics() -> Result<(), BoxError> {
    panic!("bad luck")
}

#[tokio::test(start_paused = true)]
async fn hooks_run_one_after_the_other_and_a_failure_keeps_the_app_running() {
    let record = Record::default();
    let (builder, signals) = app(&record);
    let running = Arc::new(AtomicUsize::new(0));
    let alone = Arc::clone(&running);
    let app = builder
        .resource("db", async |_| Ok("a pool"), async |_| Ok(()))
        .server(Fake::new("http"))
        .on_reload("slow", move |hook: HookContext| {
            let running = Arc::clone(&alone);
            async move {
                assert_eq!(hook.get::<&str>(), Ok("a pool"));
                assert_eq!(running.fetch_add(1, Ordering::AcqRel), 0);
                sleep(Duration::from_secs(1)).await;
                running.fetch_sub(1, Ordering::AcqRel);
                Ok(())
            }
        })
        .on_reload("fails", async |_| Err("no such file".into()))
        .on_reload("panics", async |_| panics())
        .on_reload("last", move |_| {
            let running = Arc::clone(&running);
            async move {
                assert_eq!(running.load(Ordering::Acquire), 0);
                Ok(())
            }
        })
        .build();
    let report = run(app, async |handle: &AppHandle| {
        signals.send(Signal::HUP);
        until(&record, "reloaded, 2 failed", 1).await;
        assert!(handle.is_ready());
        assert!(handle.reload("a file has changed"));
        until(&record, "reloaded, 2 failed", 2).await;
    });
    let report = report.await.unwrap();
    assert_eq!(
        (report.exit_code, report.failures, report.remarks),
        (0, vec![], vec![])
    );
    record.assert_order(&[
        "ready",
        "reloading (SIGHUP)",
        "reload slow ended",
        "reload fails failed: reload hook `fails` failed: no such file",
        "reload panics failed: reload hook `panics` failed: it panicked: bad luck",
        "reload last ended",
        "reloaded, 2 failed",
        "reloading (a file has changed)",
        "http stopped",
    ]);
}

/// An app whose only hook counts, and waits to be let go each time.
fn counting(record: &Record) -> (App, SignalSender, Arc<AtomicUsize>, Arc<Notify>) {
    let (builder, signals) = app(record);
    let (calls, go) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
    let (counted, wait) = (Arc::clone(&calls), Arc::clone(&go));
    let app = builder.on_reload("config", move |_| {
        counted.fetch_add(1, Ordering::AcqRel);
        let wait = Arc::clone(&wait);
        async move {
            wait.notified().await;
            Ok(())
        }
    });
    (app.build(), signals, calls, go)
}

#[tokio::test(start_paused = true)]
async fn requests_that_come_during_a_reload_are_one_more() {
    let record = Record::default();
    let (app, signals, calls, go) = counting(&record);
    let report = run(app, async |_: &AppHandle| {
        signals.send(Signal::HUP);
        until(&record, "reloading (SIGHUP)", 1).await;
        for _ in 0..5 {
            signals.send(Signal::HUP);
            sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(calls.load(Ordering::Acquire), 1, "one at a time");
        go.notify_one();
        until(&record, "reloading (SIGHUP)", 2).await;
        go.notify_one();
        until(&record, "reloaded, 0 failed", 2).await;
        sleep(Duration::from_secs(60)).await;
        assert_eq!(calls.load(Ordering::Acquire), 2);
    });
    report.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn requests_that_come_during_the_start_are_one_reload_when_the_app_is_ready() {
    let record = Record::default();
    let (builder, signals) = app(&record);
    let sender = signals.clone();
    let app = builder
        .before_start("asks", async move |hook| {
            sender.send(Signal::HUP);
            sender.send(Signal::HUP);
            assert!(hook.handle().reload("early"));
            sleep(Duration::from_secs(1)).await;
            Ok(())
        })
        .on_reload("config", async |_| Ok(()))
        .build();
    let report = run(app, async |_: &AppHandle| {
        until(&record, "reloaded, 0 failed", 1).await;
        sleep(Duration::from_secs(60)).await;
    });
    report.await.unwrap();
    record.assert_order(&["before_start asks ended", "reloading (SIGHUP)"]);
    let reloads = record
        .all()
        .into_iter()
        .filter(|line| line.starts_with("reloading"));
    assert_eq!(reloads.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_hangs_is_named_and_has_a_limit() {
    let record = Record::default();
    let (builder, signals) = app(&record);
    let app = builder
        .on_reload("hangs", async |_| pending().await)
        .on_reload("next", async |_| Ok(()))
        .build();
    let report = run(app, async |_: &AppHandle| {
        for count in 1..=2 {
            signals.send(Signal::HUP);
            until(&record, "reloaded, 1 failed", count).await;
        }
    });
    report.await.unwrap();
    record.assert_order(&[
        "waiting for reload hook `hangs` to end (2s)",
        "waiting for reload hook `hangs` to end (12s)",
        "reload hangs failed: reload hook `hangs` was dropped: it had not ended after 30.0s",
        "reload next ended",
        "reloaded, 1 failed",
    ]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_hook_that_blocks_its_thread_is_not_called_again_before_it_has_ended() {
    let record = Record::default();
    let (builder, signals) = app(&record);
    let (release, blocked) = std::sync::mpsc::channel::<()>();
    let (blocked, calls) = (
        Arc::new(std::sync::Mutex::new(blocked)),
        Arc::new(AtomicUsize::new(0)),
    );
    let counted = Arc::clone(&calls);
    let app = builder
        .reload_timeout(Duration::from_millis(50))
        .on_reload("blocks", move |_| {
            let (blocked, calls) = (Arc::clone(&blocked), Arc::clone(&counted));
            async move {
                if calls.fetch_add(1, Ordering::AcqRel) == 0 {
                    // Until the test lets go of the other end.
                    let _ = blocked.lock().unwrap().recv();
                }
                Ok(())
            }
        })
        .on_reload("next", async |_| Ok(()))
        .build();
    let handle = app.handle();
    // Not `run`: a task that has ended on another thread is counted as alive for a moment.
    let (report, ()) = tokio::join!(app.run(), async {
        handle.started().await.unwrap();
        for count in 1..=2 {
            signals.send(Signal::HUP);
            until(&record, "reload next ended", count).await;
            until(&record, "reloaded, 1 failed", count).await;
        }
        assert_eq!(calls.load(Ordering::Acquire), 1);
        drop(release);
        while !record.has("reload blocks ended") {
            handle.reload("once more");
            sleep(Duration::from_millis(1)).await;
        }
        assert!(calls.load(Ordering::Acquire) >= 2);
        handle.stop("done");
    });
    report.unwrap();
    let lines = record.all().join("\n");
    let stuck = "reload blocks failed: reload hook `blocks` could not be dropped: it blocks its thread, \
                 and had not ended after ";
    assert_eq!(lines.matches(stuck).count(), 1, "{lines}");
    let skipped = "reload blocks failed: reload hook `blocks` was not called: its last run blocks its \
                   thread since ";
    assert!(lines.contains(skipped), "{lines}");
}

#[tokio::test(start_paused = true)]
async fn a_reload_does_not_hold_up_a_stop_and_has_ended_when_the_resources_are_closed() {
    for ends in [true, false] {
        let record = Record::default();
        let (builder, signals) = app(&record);
        let app = builder
            .resource("db", async |_| Ok("a pool"), async |_| Ok(()))
            .server(Fake::new("http"))
            .on_reload("config", move |hook: HookContext| async move {
                hook.scope().spawn("left", pending::<()>());
                hook.scope().cancelled().await;
                if !ends {
                    pending::<()>().await;
                }
                Ok(())
            })
            .on_reload("never", async |_| Ok(()))
            .build();
        let (report, took) = timed(run(app, async |_: &AppHandle| {
            signals.send(Signal::HUP);
            until(&record, "reloading (SIGHUP)", 1).await;
        }))
        .await;
        let report = report.unwrap();
        assert!(took < Duration::from_millis(200), "{took:?}");
        let end = match ends {
            true => "reload config ended",
            false => {
                "reload config failed: reload hook `config` was dropped: it had not ended after 11.0ms"
            }
        };
        record.assert_order(&["stop asked", "http stopped", end, "db closing", "stopped 0"]);
        assert!(!record.has("reload never ended") && !record.has("reloaded, 0 failed"));
        let left = "a task of a reload was cut: app/reloads/config/left";
        assert!(
            report.remarks.len() == 1 && report.remarks[0].starts_with(left),
            "{report}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn during_a_stop_and_without_hooks_nothing_is_reloaded() {
    let record = Record::default();
    let (builder, signals) = app(&record);
    let app = builder
        .before_stop("asks", async move |hook| {
            signals.send(Signal::HUP);
            assert!(!hook.handle().reload("late"));
            sleep(Duration::from_secs(1)).await;
            Ok(())
        })
        .on_reload("config", async |_| Ok(()))
        .build();
    run(app, async |_: &AppHandle| ()).await.unwrap();
    record.assert_order(&["stop asked", "SIGHUP repeated", "before_stop asks ended"]);
    assert!(!record.has("reloading (SIGHUP)"));

    let app = app_without_hooks();
    run(app, async |handle: &AppHandle| {
        assert!(!handle.reload("no hook"));
    })
    .await
    .unwrap();
}

fn app_without_hooks() -> App {
    app(&Record::default()).0.build()
}

#[tokio::test(start_paused = true)]
async fn a_limit_of_nothing_is_refused_before_the_start() {
    let app = app(&Record::default()).0.reload_timeout(Duration::ZERO);
    let error = app.build().run().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "option `reload_timeout` is 0s: it has to be longer than 0s and at most 1d"
    );
}
