//! Latches that are given up, and the failures that are the reason for it, or are not.

use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use async_trait::async_trait;
use kit_app::{
    App, AppBuilder, BoxError, ComponentEnd, Error, GivenUp, Policy, RunError, WorkerGroup,
    WorkerOptions,
};
use kit_transport::{Context, Listening, Server};
use tokio::time::{sleep, timeout};

use crate::fakes::{Record, Starts, app, assert_nothing_alive};
use crate::workers::restarts;

/// The error of a start that fails, instead of waiting without end.
async fn failed(add: impl FnOnce(AppBuilder) -> AppBuilder) -> (RunError, Record) {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let app: App = builder.apply(add).build();
    let run = timeout(Duration::from_secs(3600), app.run()).await;
    let error = run.expect("the start ends").unwrap_err();
    assert_nothing_alive();
    assert!(!record.has("ready"));
    (error, record)
}

#[track_caller]
fn given_up(error: &RunError) -> &GivenUp {
    let failures = &error.report().failures;
    assert_eq!(failures.len(), 1, "{failures:#?}");
    let Error::NotReady(given_up) = error.error() else {
        panic!("{error}");
    };
    assert_eq!(given_up.latch.what, "the cache");
    given_up
}

/// Spawns a task that fails with the latch in its hands.
fn warm(ctx: &Context) {
    let latch = ctx.latch("the cache");
    ctx.scope().spawn("warm", async move {
        let _held = latch;
        tokio::task::yield_now().await;
        Err::<(), _>(BoxError::from("no route"))
    });
}

/// A worker that goes on, whatever becomes of its tasks.
async fn goes_on(ctx: Context) -> Result<(), BoxError> {
    warm(&ctx);
    ctx.scope().cancelled().await;
    Ok(())
}

#[track_caller]
fn assert_names_task(error: &RunError, path: &str) {
    let task = given_up(error).task.as_ref().expect("the task is known");
    assert_eq!(task.path(), path);
    let text = error.to_string();
    for part in [
        "the app cannot become ready: `the cache` was given up before it was ready: task ",
        path,
        "failed: no route",
    ] {
        assert!(text.contains(part), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_of_a_worker_that_goes_on_fails_the_start_with_its_latch() {
    for policy in [Policy::Stop, Policy::Restart(restarts(2)), Policy::Ignore] {
        let add = |app: AppBuilder| {
            app.worker_with("outbox", WorkerOptions::new().policy(policy), goes_on)
        };
        let (error, _) = failed(add).await;
        assert_names_task(&error, "app/outbox/run/warm");
    }
}

#[tokio::test(start_paused = true)]
async fn so_does_a_task_of_a_worker_of_a_group() {
    let group = WorkerGroup::one_for_all("group", restarts(2)).worker("outbox", goes_on);
    let (error, _) = failed(|app| app.worker_group(group)).await;
    assert_names_task(&error, "app/group/outbox/run/warm");
}

#[tokio::test(start_paused = true)]
async fn so_does_a_task_of_a_resource() {
    let open = |ctx: Context| async move {
        warm(&ctx);
        Ok(1_u8)
    };
    let (error, _) = failed(|app| app.resource("db", open, |_| async { Ok(()) })).await;
    assert_names_task(&error, "app/db/warm");
}

/// A server that may end by itself. One task of it goes on; another fails.
struct Finite;

#[async_trait]
impl Server for Finite {
    fn name(&self) -> &str {
        "finite"
    }

    fn finite(&self) -> bool {
        true
    }

    async fn start(&self, ctx: &Context) -> Result<Vec<Listening>, BoxError> {
        warm(ctx);
        serve(ctx);
        Ok(Vec::new())
    }
}

fn serve(ctx: &Context) {
    let token = ctx.scope().token().clone();
    ctx.scope()
        .spawn("serve", async move { token.cancelled().await });
}

#[tokio::test(start_paused = true)]
async fn a_component_that_goes_on_has_not_ended_with_its_task() {
    let (error, record) = failed(|app| app.server(Finite)).await;
    assert_names_task(&error, "app/finite/warm");
    record.assert_order(&["stop asked", "finite stopping"]);
    assert_eq!(error.report().components[0].end, ComponentEnd::Drained);
}

/// Gives the latch up a while later, in a task that does not fail.
fn cache(app: AppBuilder) -> AppBuilder {
    let open = |ctx: Context| async move {
        let latch = ctx.latch("the cache");
        ctx.scope().spawn("warm", async move {
            sleep(Duration::from_secs(1)).await;
            drop(latch);
        });
        Ok(1_u8)
    };
    app.resource("db", open, |_| async { Ok(()) })
}

fn clean_up(ctx: &Context) {
    ctx.scope()
        .spawn("clean up", async { Err::<(), _>("no harm".into()) });
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_has_nothing_to_do_with_the_latch_is_not_its_reason() {
    let http = Starts("http", |ctx: &Context| {
        clean_up(ctx);
        serve(ctx);
    });
    let worker = |ctx: Context| async move {
        clean_up(&ctx);
        ctx.scope().cancelled().await;
        Ok(())
    };
    let of_server = failed(|app| cache(app).server(http)).await;
    let of_worker = failed(|app| cache(app).worker("outbox", worker)).await;
    for (error, record) in [of_server, of_worker] {
        assert!(given_up(&error).task.is_none(), "{error}");
        let failed = |line: &String| line.contains("clean up failed: no harm");
        assert!(record.all().iter().any(failed), "it is an event");
    }
}

/// A start had returned before its worker took the first step, in which it takes its latch: of many, the last ones came
/// too late.
#[tokio::test(start_paused = true)]
async fn the_latch_that_the_last_of_many_workers_takes_in_its_first_step_holds_readiness_back() {
    let record = Record::default();
    let (mut builder, signals) = app(&record);
    for number in 0..300 {
        builder = builder.worker(format!("w{number}"), |ctx: Context| async move {
            ctx.scope().cancelled().await;
            Ok(())
        });
    }
    let opened = record.clone();
    let last = move |ctx: Context| {
        let opened = opened.clone();
        async move {
            let latch = ctx.latch("the cache");
            sleep(Duration::from_secs(1)).await;
            opened.add("opened");
            latch.open();
            ctx.scope().cancelled().await;
            Ok(())
        }
    };
    let stop = async {
        record
            .until(|lines| lines.iter().any(|line| line == "ready"))
            .await;
        signals.send(15);
    };
    let (ended, ()) = tokio::join!(builder.worker("last", last).build().run(), stop);
    ended.expect("it ends well");
    record.assert_order(&["opened", "ready"]);
}

/// A worker that blocks its thread keeps no app from starting.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_step_that_does_not_end_is_not_waited_for_without_end() {
    let record = Record::default();
    let (builder, signals) = app(&record);
    let (release, released) = mpsc::channel::<()>();
    let released = Arc::new(Mutex::new(released));
    let blocks = move |ctx: Context| {
        let released = Arc::clone(&released);
        async move {
            // An error, when the test has ended before.
            let _ = released.lock().expect("no panic").recv();
            ctx.scope().cancelled().await;
            Ok(())
        }
    };
    let stop = async {
        record
            .until(|lines| lines.iter().any(|line| line == "ready"))
            .await;
        drop(release);
        signals.send(15);
    };
    let (ended, ()) = tokio::join!(builder.worker("blocks", blocks).build().run(), stop);
    ended.expect("it ends well");
}
