//! A failure is observed when it happens.

use std::sync::mpsc;
use std::time::Duration;

use kit_sync::{BoxError, Outcome, Scope, TaskReport, TaskTree};
use tokio::time::Instant;

/// The path and the outcome of each failure that the scope's observer was called with.
fn observed(scope: &Scope) -> mpsc::Receiver<(String, Outcome)> {
    let (sent, failures) = mpsc::channel();
    let observe = move |task: &TaskReport| {
        sent.send((task.path(), task.outcome().clone())).unwrap();
    };
    assert!(scope.observe_failures(observe), "the first");
    failures
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(1)
}

#[tokio::test]
async fn errors_and_panics_of_tasks_members_threads_and_blocking_work_are_observed() {
    kit_sync::panic::install_hook();
    let tree = TaskTree::new("app");
    let scope = tree.scope().child("http").child("hooks");
    let failures = observed(tree.scope());
    let failed = |path: &str, error: &str| {
        let error = error.to_owned();
        (path.to_owned(), Outcome::Failed { error })
    };

    let task = scope.spawn("task", async { Err::<(), BoxError>("no route".into()) });
    task.await.unwrap_err();
    assert_eq!(
        failures.recv().unwrap(),
        failed("app/http/hooks/task", "no route")
    );

    let thread = scope.spawn_thread("thread", |_| Err::<(), BoxError>("no file".into()));
    thread.unwrap().await.unwrap_err();
    assert_eq!(
        failures.recv().unwrap(),
        failed("app/http/hooks/thread", "no file")
    );

    let blocking = scope.spawn_blocking("blocking", |_| Err::<(), BoxError>("no disk".into()));
    blocking.await.unwrap_err();
    assert_eq!(
        failures.recv().unwrap(),
        failed("app/http/hooks/blocking", "no disk")
    );

    let member = async { panic!("bad luck") };
    scope.track(member).unwrap_or_else(|_| unreachable!("open"));
    tree.close(soon()).await;
    let (path, outcome) = failures.try_recv().expect("before close returns");
    assert_eq!(path, "app/http/hooks/(unnamed)");
    let Outcome::Panicked { message, location } = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(message, "bad luck");
    assert!(location.unwrap().contains("tests/failures.rs"));
    assert!(failures.try_recv().is_err(), "each once");
}

#[tokio::test]
async fn the_nearest_observer_is_called_and_the_first_of_a_scope_stays() {
    let tree = TaskTree::new("app");
    let http = tree.scope().child("http");
    let (of_tree, of_http) = (observed(tree.scope()), observed(&http));
    assert!(!http.observe_failures(|_| unreachable!("the second")));
    let fails = async || Err::<(), BoxError>("no".into());
    let grpc = tree.scope().child("grpc");
    grpc.spawn("task", fails()).await.unwrap_err();
    http.child("connection")
        .spawn("task", fails())
        .await
        .unwrap_err();
    assert_eq!(of_tree.try_iter().next().unwrap().0, "app/grpc/task");
    assert_eq!(
        of_http.try_iter().next().unwrap().0,
        "app/http/connection/task"
    );
    assert_eq!(of_tree.try_iter().count(), 0);
}

#[tokio::test]
async fn a_task_that_ends_well_or_is_aborted_is_no_failure() {
    let tree = TaskTree::new("app");
    let failures = observed(tree.scope());
    tree.scope().spawn("done", async {}).await.unwrap();
    tree.scope().spawn("stays", std::future::pending::<()>());
    tree.close(Instant::now()).await;
    assert_eq!(failures.try_iter().count(), 0);
}

#[tokio::test]
async fn an_observer_that_panics_changes_nothing() {
    let tree = TaskTree::new("app");
    tree.scope().observe_failures(|_| panic!("a bad observer"));
    let task = tree
        .scope()
        .spawn("task", async { Err::<(), BoxError>("no".into()) });
    task.await.unwrap_err();
    let report = tree.close(soon()).await;
    assert_eq!(report.failures.len(), 1);
}
