use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

use super::{Ending, Outcome, TaskError, TaskTree};
use crate::{BoxError, Cause};

const SOON: Duration = Duration::from_secs(5);

fn soon() -> Instant {
    Instant::now() + SOON
}

#[tokio::test]
async fn a_task_gives_its_value_and_its_error() {
    let tree = TaskTree::new("app");
    let value = tree.scope().spawn("value", async { Ok(7) });
    let error = tree.scope().spawn("error", async {
        Err::<(), _>(BoxError::from("out of paper"))
    });
    assert_eq!(value.await.unwrap(), 7);
    let TaskError::Failed(error) = error.await.unwrap_err() else {
        panic!("another end")
    };
    assert_eq!(error.to_string(), "out of paper");
    let report = tree.close(soon()).await;
    assert!(report.tasks.is_empty(), "both ended before the stop");
    assert_eq!(report.failures.len(), 1);
    assert_eq!(report.failures[0].path(), "app/error");
    assert!(report.failures[0].spawned_at().contains("tests.rs"));
}

#[tokio::test]
async fn a_panic_is_caught_and_named() {
    let tree = TaskTree::new("app");
    let task = tree.scope().child("part").spawn("bad", async {
        if true {
            panic!("no luck");
        }
    });
    assert!(matches!(task.await, Err(TaskError::Panicked { message, .. }) if message == "no luck"));
    let report = tree.close(soon()).await;
    assert_eq!(
        report.failures[0].path(),
        "app/part/bad",
        "records go up from scopes that are gone"
    );
}

#[tokio::test]
async fn a_panic_in_an_unnamed_member_is_among_the_failures() {
    let tree = TaskTree::new("app");
    let scope = tree.scope().child("http");
    assert!(scope.track(async { panic!("bad connection") }).is_ok());
    let report = scope.close(soon()).await;
    // It may have panicked before or after the scope was cancelled: a failure either way.
    assert_eq!(report.failures.len(), 1);
    assert_eq!(report.failures[0].path(), "app/http/(unnamed)");
}

#[tokio::test]
async fn close_cancels_waits_and_reports_the_tasks_that_were_present() {
    let tree = TaskTree::new("app");
    let scope = tree.scope().child("worker");
    let stop = scope.clone();
    scope.spawn("obeys", async move {
        stop.cancelled().await;
        assert!(matches!(stop.token().cause(), Some(Cause::Signal(15))));
    });
    tree.scope().cancel(Cause::Signal(15));
    let report = tree.close(soon()).await;
    assert!(report.on_time());
    assert_eq!(report.tasks.len(), 1);
    assert_eq!(report.tasks[0].path(), "app/worker/obeys");
    assert_eq!(*report.tasks[0].outcome(), Outcome::Completed);
    assert!(scope.is_ended());
}

#[tokio::test(start_paused = true)]
async fn what_does_not_obey_is_aborted_at_the_deadline_and_named() {
    let tree = TaskTree::new("app");
    let scope = tree.scope().child("worker");
    let task = scope.spawn("deaf", std::future::pending::<()>());
    assert!(scope.track(std::future::pending()).is_ok());
    let begun = Instant::now();
    let report = tree.close(begun + SOON).await;
    assert_eq!(begun.elapsed().as_secs(), SOON.as_secs());
    assert!(!report.on_time());
    assert_eq!(*report.tasks[0].outcome(), Outcome::Aborted);
    assert_eq!(report.aborted_members, 1);
    assert!(matches!(task.await, Err(TaskError::Aborted)));
    assert_eq!(scope.live(), 0);
}

#[tokio::test]
async fn a_cancelled_scope_still_spawns_and_an_ended_one_refuses() {
    let tree = TaskTree::new("app");
    let scope = tree.scope().child("http");
    let (stay, leave) = oneshot::channel::<()>();
    scope.spawn("drain", async move { leave.await.map_err(BoxError::from) });
    scope.cancel(Cause::Deadline);
    assert!(scope.spawn("late stream", async { Ok(1) }).await.is_ok());
    stay.send(()).unwrap();
    scope.close(soon()).await;
    assert!(scope.try_spawn("too late", async {}).is_err());
    assert!(matches!(
        scope.spawn("too late", async {}).await,
        Err(TaskError::Refused)
    ));
    assert!(scope.track(async {}).is_err());
    assert!(scope.hold(|| ()).is_err());
    assert!(
        scope
            .child("below")
            .try_spawn("too late", async {})
            .is_err()
    );
}

#[tokio::test]
async fn a_scope_that_is_kept_open_takes_tasks_after_its_cancel_until_the_hold_is_dropped() {
    let tree = TaskTree::new("app");
    let scope = tree.scope().child("streams");
    let open = scope.keep_open().unwrap();
    scope.cancel(Cause::Deadline);
    assert!(scope.spawn("late stream", async { Ok(1) }).await.is_ok());
    assert!(!scope.is_ended());
    drop(open);
    assert!(scope.is_ended());
    assert!(scope.try_spawn("too late", async {}).is_err());
    assert!(scope.keep_open().is_err());
}

#[tokio::test(start_paused = true)]
async fn a_scope_that_is_kept_open_ends_at_the_deadline_and_the_hold_is_counted() {
    let tree = TaskTree::new("app");
    let _open = tree.scope().keep_open().unwrap();
    let begun = Instant::now();
    let report = tree.close(soon()).await;
    assert_eq!(begun.elapsed().as_secs(), SOON.as_secs());
    assert_eq!(report.stuck_holds, 1);
    assert!(tree.scope().is_ended());
}

#[tokio::test]
async fn a_parent_ends_after_its_children() {
    let tree = TaskTree::new("app");
    let outer = tree.scope().child("outer");
    let inner = outer.child("inner");
    let (stay, leave) = oneshot::channel::<()>();
    let obeyed = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&obeyed);
    inner.spawn("last", async move {
        let _ = leave.await;
        seen.store(true, Ordering::Relaxed);
    });
    outer.cancel(Cause::Deadline);
    assert!(inner.is_cancelled() && !outer.is_ended());
    stay.send(()).unwrap();
    outer.close(soon()).await;
    assert!(inner.is_ended());
    assert!(
        obeyed.load(Ordering::Relaxed),
        "a task's end happens before close returns"
    );
}

#[tokio::test]
async fn how_a_task_ends_is_part_of_its_spawn() {
    let tree = TaskTree::new("app");
    let scope = tree.scope().child("mixed");
    let finish = Arc::new(Notify::new());
    let finite = Arc::clone(&finish);
    scope.spawn_as(
        "finite",
        Ending::Finite,
        async move { finite.notified().await },
    );
    scope.spawn_as(
        "droppable",
        Ending::MayBeDropped,
        std::future::pending::<()>(),
    );
    let reason = "its answer is not needed";
    let left = Ending::MayBeLeftBehind {
        reason: reason.into(),
    };
    scope.spawn_as("left", left, std::future::pending::<()>());
    finish.notify_one();
    let report = scope.close(soon()).await;
    assert!(report.on_time());
    let outcome = |name: &str| {
        let end = |task: &&super::TaskReport| task.path().ends_with(name);
        report
            .tasks
            .iter()
            .find(end)
            .map(|task| task.outcome().clone())
    };
    assert_eq!(outcome("finite"), Some(Outcome::Completed));
    assert_eq!(outcome("droppable"), Some(Outcome::Cancelled));
    assert_eq!(
        outcome("left"),
        Some(Outcome::LeftBehind {
            reason: reason.to_owned()
        })
    );
}

#[tokio::test]
async fn a_hold_keeps_its_scope_alive_and_is_called_at_the_deadline() {
    let tree = TaskTree::new("app");
    let scope = tree.scope().child("upgraded");
    let (call, called) = mpsc::channel();
    let hold = scope.hold(move || call.send(()).unwrap()).unwrap();
    scope.cancel(Cause::Deadline);
    assert!(!scope.is_ended());
    let report = scope.close(Instant::now()).await;
    assert!(called.try_recv().is_ok());
    assert!(report.tasks.is_empty());
    drop(hold);
    assert_eq!(scope.live(), 0);
}

#[tokio::test]
async fn a_thread_is_cancelled_waited_for_and_joined() {
    let tree = TaskTree::new("app");
    let scope = tree.scope().child("threads");
    let (wake, woken) = mpsc::channel::<()>();
    scope
        .spawn_thread("reader", move |token| {
            woken.recv()?;
            assert!(token.is_cancelled());
            Ok(())
        })
        .unwrap();
    scope.cancel(Cause::Signal(15));
    assert!(!scope.is_ended());
    wake.send(()).unwrap();
    let report = scope.close(soon()).await;
    assert_eq!(*report.tasks[0].outcome(), Outcome::Completed);
}

#[tokio::test]
async fn a_thread_that_does_not_end_is_reported_as_stuck() {
    let tree = TaskTree::new("app");
    let (end, wait) = mpsc::channel::<()>();
    let (begin, begun) = mpsc::channel();
    let body = move |_| {
        begin.send(()).unwrap();
        let _ = wait.recv();
    };
    tree.scope().spawn_thread("deaf", body).unwrap();
    // A thread that begins after the abort does not run its body.
    begun.recv().unwrap();
    let report = tree.close(Instant::now()).await;
    assert!(matches!(report.tasks[0].outcome(), Outcome::Stuck { .. }));
    assert!(!report.on_time());
    drop(end);
}

#[tokio::test]
async fn a_supervisor_sees_the_last_task_end_and_the_first_failure() {
    let tree = TaskTree::new("app");
    let (scope, supervisor) = tree.scope().supervised_child("http");
    assert!(!supervisor.has_spawned());
    let (end, wait) = oneshot::channel::<()>();
    scope
        .child("below")
        .spawn("other", async move { wait.await.map_err(BoxError::from) });
    let _ = scope
        .spawn("bad", async { Err::<(), _>(BoxError::from("gone")) })
        .await;
    end.send(()).unwrap();
    let report = supervisor.all_ended().await;
    assert_eq!(report.path(), "app/http/bad");
    assert!(report.outcome().is_failure());
}

#[tokio::test]
async fn dropping_the_tree_cancels_and_aborts_everything() {
    let tree = TaskTree::new("app");
    let scope = tree.scope().child("orphan");
    let task = scope.spawn("deaf", std::future::pending::<()>());
    drop(tree);
    assert!(matches!(task.await, Err(TaskError::Aborted)));
    assert_eq!(scope.token().cause(), Some(Cause::Dropped));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_alive_after_close_however_spawns_and_the_stop_race() {
    for round in 0..200 {
        let tree = TaskTree::new("race");
        let scope = tree.scope().child("busy");
        let spawner = scope.clone();
        let alive = Arc::new(());
        let mark = Arc::clone(&alive);
        let driver = tree.scope().spawn("driver", async move {
            for n in 0..50 {
                let child = spawner.child("child");
                let mark = Arc::clone(&mark);
                let stop = child.token().clone();
                let member = async move {
                    stop.cancelled().await;
                    drop(mark);
                };
                let taken = if n % 2 == 0 {
                    child.track(member).is_ok()
                } else {
                    child.try_spawn("named", member).is_ok()
                };
                if !taken {
                    return;
                }
                tokio::task::yield_now().await;
            }
        });
        for _ in 0..round % 7 {
            tokio::task::yield_now().await;
        }
        let report = scope.close(soon()).await;
        assert!(report.on_time(), "{report:?}");
        let _ = driver.await;
        assert_eq!(scope.live(), 0);
        assert_eq!(Arc::strong_count(&alive), 1, "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_record_is_lost_at_the_deadline() {
    for _ in 0..2000 {
        let tree = TaskTree::new("app");
        for name in ["one", "two", "three", "four"] {
            let scope = tree.scope().child("outer").child("inner");
            scope.spawn(name, std::future::pending::<()>());
        }
        let report = tree.close(Instant::now()).await;
        assert_eq!(report.tasks.len(), 4, "{report:#?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_close_may_be_dropped_in_its_grace_and_called_again() {
    let tree = TaskTree::new("app");
    let scope = tree.scope().child("http");
    let below = scope.child("conn");
    below.spawn("deaf", std::future::pending::<()>());
    scope.spawn("deaf too", std::future::pending::<()>());
    let deadline = Instant::now() + SOON;
    let dropped = tokio::time::timeout_at(deadline, scope.close(deadline)).await;
    assert!(dropped.is_err());
    let report = scope.close(deadline).await;
    assert_eq!(report.cut().count(), 2, "{report:#?}");
    assert!(
        report
            .tasks
            .iter()
            .all(|task| *task.outcome() == Outcome::Aborted)
    );
}

#[tokio::test]
async fn a_task_left_behind_in_a_scope_below_is_reported() {
    let tree = TaskTree::new("app");
    let left = Ending::MayBeLeftBehind {
        reason: "best effort".into(),
    };
    let child = tree.scope().child("part");
    child.spawn_as("flush", left, std::future::pending::<()>());
    let report = tree.close(soon()).await;
    assert_eq!(report.tasks[0].path(), "app/part/flush");
}

#[tokio::test(start_paused = true)]
async fn a_close_that_was_given_up_leaves_the_records_to_the_parent() {
    let tree = TaskTree::new("app");
    let child = tree.scope().child("part");
    let stop = child.token().clone();
    child.spawn("slow", async move {
        stop.cancelled().await;
        tokio::time::sleep(2 * SOON).await;
        Err::<(), _>(BoxError::from("bad"))
    });
    let closing = child.close(Instant::now() + 9 * SOON);
    assert!(tokio::time::timeout(SOON, closing).await.is_err());
    let report = tree.close(Instant::now() + 9 * SOON).await;
    assert!(report.tasks[0].outcome().is_failure());
}

#[tokio::test(start_paused = true)]
async fn a_hold_that_is_held_after_the_deadline_is_counted() {
    let tree = TaskTree::new("app");
    let _hold = tree.scope().hold(|| ()).unwrap();
    let report = tree.close(soon()).await;
    assert_eq!(report.stuck_holds, 1);
    assert!(!report.on_time());
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_a_hold_keeps_nothing_else_from_ending() {
    let tree = TaskTree::new("app");
    let _hold = tree.scope().hold(|| panic!("bad end")).unwrap();
    let deaf = tree
        .scope()
        .child("below")
        .spawn("deaf", std::future::pending::<()>());
    let report = tree.close(soon()).await;
    assert!(report.failures[0].outcome().is_failure());
    let held_at = report.failures[0].spawned_at();
    assert!(held_at.contains("tests.rs"), "where it was held: {held_at}");
    assert!(matches!(deaf.await, Err(TaskError::Aborted)));
}

#[tokio::test]
async fn a_supervisor_sees_below_another_supervisor() {
    let tree = TaskTree::new("app");
    let (outer, sees) = tree.scope().supervised_child("outer");
    let (inner, _) = outer.supervised_child("inner");
    inner.spawn("task", async {}).await.unwrap();
    assert_eq!(sees.all_ended().await.path(), "app/outer/inner/task");
}
