//! `stop_all` and `ignore`, through the public door; `restart.rs` has the third policy.

use std::future::{pending, ready};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kit_sync::policy::{Failure, GaveUp, Restart, caught, ignore, stop_all};
use kit_sync::{BoxError, Cause, CloseReport, Scope, TaskError, TaskTree, error_chain};
use tokio::time::Instant;

async fn close(tree: &TaskTree) -> CloseReport {
    tree.close(Instant::now() + Duration::from_secs(60)).await
}

// === stop all ===

/// A scope with one task that ends when cancelled, and one more that is wrapped.
fn stopped_by<F>(scope: &Scope, future: F) -> kit_sync::Task<()>
where
    F: Future<Output = Result<(), BoxError>> + Send + 'static,
{
    let stop = scope.token().clone();
    scope.spawn("other", async move { stop.cancelled().await });
    scope.spawn("feed", stop_all(scope, "feed", future))
}

#[tokio::test(start_paused = true)]
async fn an_error_tells_the_scope_and_stays_the_outcome() {
    let tree = TaskTree::new("app");
    let scope = tree.scope().child("prices");
    let failed = stopped_by(&scope, async { Err("no feed".into()) });
    let ended = failed.await;
    let Some(Cause::Failed { task, location }) = scope.token().cause() else {
        panic!("{:?}", scope.token().cause());
    };
    assert_eq!(task, "app/prices/feed");
    assert!(location.contains("tests/policy.rs:"), "{location}");
    assert!(matches!(ended, Err(TaskError::Failed(error)) if error.to_string() == "no feed"));
    assert!(!tree.scope().is_cancelled(), "the scope above goes on");
    assert!(close(&tree).await.on_time());
}

#[tokio::test(start_paused = true)]
async fn a_panic_tells_the_scope_and_goes_on_with_its_place() {
    kit_sync::panic::install_hook();
    let tree = TaskTree::new("app");
    let line = line!() + 1;
    let panicked = stopped_by(tree.scope(), async { panic!("boom") });
    let ended = panicked.await;
    let here = format!("policy.rs:{line}:");
    let Some(Cause::Panicked {
        task,
        message,
        location,
    }) = tree.scope().token().cause()
    else {
        panic!("{:?}", tree.scope().token().cause());
    };
    assert_eq!((&*task, &*message), ("app/feed", "boom"));
    assert!(location.contains(&here), "{location}");
    assert!(
        matches!(&ended, Err(TaskError::Panicked { location: Some(at), .. }) if at.contains(&here)),
        "{ended:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_end_or_an_abort_is_no_failure() {
    let tree = TaskTree::new("app");
    let value = stop_all(tree.scope(), "done", async { Ok(7) });
    assert_eq!(tree.scope().spawn("done", value).await.unwrap(), 7);
    let mut dropped = Box::pin(stop_all(tree.scope(), "aborted", pending::<()>()));
    tokio::select! {
        biased;
        _ = &mut dropped => {}
        () = ready(()) => drop(dropped),
    }
    assert!(!tree.scope().is_cancelled());
}

#[tokio::test(start_paused = true)]
async fn a_scope_that_was_cancelled_before_keeps_its_cause() {
    let tree = TaskTree::new("app");
    let token = tree.scope().token().clone();
    let failed = stopped_by(tree.scope(), async move {
        token.cancelled().await;
        Err("late".into())
    });
    tree.scope().cancel(Cause::Signal(15));
    assert!(failed.await.is_err());
    assert_eq!(tree.scope().token().cause(), Some(Cause::Signal(15)));
}

#[tokio::test(start_paused = true)]
async fn work_that_is_restarted_too_often_stops_all() {
    let tree = TaskTree::new("app");
    let mut runs = 0;
    let work = Restart::at_most(2, Duration::from_secs(60)).run(tree.scope().token(), move |_| {
        runs += 1;
        ready(Err(format!("failure {runs}").into()))
    });
    let failed = stopped_by(tree.scope(), work);
    assert!(matches!(failed.await, Err(TaskError::Failed(error)) if error.is::<GaveUp>()));
    assert!(tree.scope().is_cancelled());
}

// === ignore ===

#[tokio::test(start_paused = true)]
async fn an_ignored_failure_is_handed_over_and_counts_as_completed() {
    let tree = TaskTree::new("app");
    let failures = Arc::new(Mutex::new(Vec::new()));
    for fails in [true, false] {
        let failures = Arc::clone(&failures);
        let future = async move {
            assert!(!fails, "a panic");
            Err::<(), _>("an error".into())
        };
        let keep = move |failure: Failure| failures.lock().unwrap().push(error_chain(&failure));
        tree.scope()
            .spawn("cache", ignore(future, keep))
            .await
            .unwrap();
    }
    assert_eq!(close(&tree).await.failures, []);
    let failures = failures.lock().unwrap();
    assert!(
        failures[0].starts_with("panicked") && failures[0].ends_with(": a panic"),
        "{failures:?}"
    );
    assert_eq!(failures[1..], ["an error"]);
}

#[tokio::test(start_paused = true)]
async fn no_failure_is_handed_over_when_work_ends_well() {
    ignore(async { Ok(()) }, |failure| panic!("{failure}")).await;
    ignore(async {}, |failure| panic!("{failure}")).await;
}

// === caught ===

#[tokio::test]
async fn a_failure_is_a_value_with_its_place_also_when_the_call_itself_panics() {
    fn call(fails: bool) -> std::future::Ready<Result<u32, BoxError>> {
        assert!(!fails, "before its first poll");
        ready(Ok(7))
    }
    kit_sync::panic::install_hook();
    assert_eq!(caught(async { call(false).await }).await.unwrap(), 7);
    let failed = caught(async { Err::<(), BoxError>("refused".into()) }).await;
    assert!(matches!(failed, Err(Failure::Failed(error)) if error.to_string() == "refused"));
    let ended = caught(async { call(true).await }).await;
    let Err(Failure::Panicked { message, location }) = ended else {
        panic!("{ended:?}");
    };
    assert_eq!(message, "before its first poll");
    assert!(location.unwrap().contains("tests/policy.rs:"));
}

// === count ===

#[tokio::test(start_paused = true)]
async fn a_count_holds_no_more_than_the_limit_and_one() {
    let mut count = Restart::at_most(1, Duration::from_secs(60)).count();
    let failure = || Failure::Failed("refused".into());
    assert!(count.record(failure(), Duration::ZERO).is_ok());
    for _ in 0..100 {
        let gave_up = count.record(failure(), Duration::ZERO).unwrap_err();
        assert_eq!(gave_up.failures, 2, "one more than the limit");
    }
}
