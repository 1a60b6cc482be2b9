//! What `tree()` shows, in a program's own words.

use std::future::pending;
use std::time::Duration;

use kit_sync::{Cause, Ending, Kind, ScopeState, TaskTree};
use tokio::sync::oneshot;
use tokio::task::yield_now;
use tokio::time::{Instant, advance};

#[tokio::test(start_paused = true)]
async fn a_task_is_shown_with_its_place_its_age_and_its_polls() {
    let tree = TaskTree::new("app");
    let scope = tree.scope().child("worker");
    scope.spawn("tick", async {
        for _ in 0..1_000 {
            yield_now().await;
        }
    });
    for _ in 0..4 {
        yield_now().await;
    }
    advance(Duration::from_secs(3)).await;
    let shown = tree.tree();
    assert_eq!(
        (shown.name.as_str(), shown.state),
        ("app", ScopeState::Open)
    );
    let task = &shown.scopes[0].tasks[0];
    assert_eq!((task.name.as_str(), task.kind), ("tick", Kind::Future));
    assert!(task.spawned_at.contains("snapshot.rs:"), "{task:?}");
    assert_eq!(task.age, Duration::from_secs(3));
    assert!(task.polls >= 4 && !task.polling, "{task:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_inside_a_poll_is_shown_as_that() {
    let tree = TaskTree::new("app");
    let (inside, is_inside) = oneshot::channel();
    let (leave, left) = std::sync::mpsc::channel::<()>();
    let named = tree.scope().spawn("blocks", async move {
        inside.send(()).unwrap();
        let _ = left.recv();
        Ok(())
    });
    is_inside.await.unwrap();
    let shown = tree.tree();
    assert!(shown.tasks[0].polling);
    assert!(shown.to_string().contains("1 poll, IN A POLL"), "{shown}");
    leave.send(()).unwrap();
    named.await.unwrap();
    assert!(tree.tree().is_empty());
}

#[tokio::test(start_paused = true)]
async fn members_are_counted_by_place_with_the_ages_of_the_oldest() {
    let tree = TaskTree::new("app");
    let http = tree.scope().child("http");
    for _ in 0..5 {
        http.track(pending()).map_err(drop).unwrap();
        yield_now().await;
        advance(Duration::from_secs(1)).await;
    }
    http.track(pending()).map_err(drop).unwrap();
    let shown = http.tree();
    assert_eq!(shown.fresh_members, 1, "the last was not polled yet");
    assert_eq!(shown.members.len(), 1, "one place");
    assert_eq!(shown.members[0].count, 5);
    assert_eq!(shown.members[0].oldest, [5, 4, 3].map(Duration::from_secs));
}

#[tokio::test(start_paused = true)]
async fn a_scope_shows_why_it_was_cancelled_and_goes_once_it_is_over() {
    let tree = TaskTree::new("app");
    let scope = tree.scope().child("worker");
    scope.spawn("deaf", pending::<()>());
    scope.cancel(Cause::Signal(15));
    let shown = tree.tree();
    assert_eq!(shown.scopes[0].state, ScopeState::Cancelled);
    assert_eq!(shown.scopes[0].cause, Some(Cause::Signal(15)));
    assert!(
        shown.to_string().contains("worker (cancelled: SIGTERM)"),
        "{shown}"
    );
    scope.close(Instant::now()).await;
    assert!(tree.tree().scopes.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_of_a_hundred_thousand_is_short_and_fits_a_terminal() {
    let tree =
        TaskTree::new("an application with a name that is much longer than a line is wide, and on");
    for _ in 0..500 {
        let scope = tree.scope().child("a scope\nwith a line break in its name");
        for _ in 0..200 {
            scope.spawn("a task", pending::<()>());
        }
    }
    let left = Ending::MayBeLeftBehind {
        reason: "a reason that is given at such length that no terminal could ever show it".into(),
    };
    tree.scope().spawn_as("left", left, pending::<()>());
    let shown = tree.tree();
    assert_eq!((shown.scopes.len(), shown.more_scopes), (32, 468));
    assert_eq!(
        (shown.scopes[0].tasks.len(), shown.scopes[0].more_tasks),
        (16, 184)
    );
    let text = shown.to_string();
    assert!(text.lines().count() < 600, "{} lines", text.lines().count());
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
    assert!(text.contains("… and 184 more tasks") && text.contains("… and 468 more scopes"));
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_is_bounded_in_depth_and_in_all() {
    let tree = TaskTree::new("app");
    let mut deepest = tree.scope().clone();
    let scopes: Vec<_> = (0..3_000)
        .map(|_| {
            deepest = deepest.child("deeper");
            for _ in 0..2 {
                deepest.spawn("task", pending::<()>());
            }
            deepest.clone()
        })
        .collect();
    for scope in &scopes[..10] {
        for _ in 0..100 {
            scope.child("wide").spawn("task", pending::<()>());
        }
    }
    let text = tree.tree().to_string();
    assert!(text.lines().count() < 2_000, "{}", text.lines().count());
    assert!(text.contains("more scope"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_task_left_behind_is_shown_below_a_scope_that_has_ended() {
    let tree = TaskTree::new("app");
    let left = Ending::MayBeLeftBehind {
        reason: "best effort".into(),
    };
    let child = tree.scope().child("part");
    child.spawn_as("flush", left, pending::<()>());
    tree.close(Instant::now() + Duration::from_secs(5)).await;
    let shown = tree.tree();
    assert!(!shown.is_empty());
    assert_eq!(shown.scopes[0].tasks[0].name, "flush");
}

#[tokio::test]
async fn branches_show_what_belongs_where() {
    let tree = TaskTree::new("app");
    let inner = tree.scope().child("outer").child("inner");
    inner.spawn("deep", pending::<()>());
    let _hold = tree.scope().hold(|| ()).unwrap();
    tree.scope().spawn("flat", pending::<()>());
    let text = tree.tree().to_string();
    let starts = [
        "app",
        "├─ flat  ",
        "├─ 1 hold",
        "└─ outer",
        "   └─ inner",
        "      └─ deep  ",
    ];
    assert_eq!(text.lines().count(), starts.len(), "{text}");
    for (line, start) in text.lines().zip(starts) {
        assert!(line.starts_with(start), "{line:?} in\n{text}");
    }
}

#[tokio::test]
async fn blocking_work_is_shown_and_cancelled_like_the_rest() {
    let tree = TaskTree::new("app");
    let (ready, is_ready) = std::sync::mpsc::channel();
    let also = ready.clone();
    let wait = |token: kit_sync::StopToken| {
        while !token.is_cancelled() {
            std::thread::yield_now();
        }
        Ok(7)
    };
    let blocking = tree.scope().spawn_blocking("import", move |token| {
        ready.send(()).unwrap();
        wait(token)
    });
    let thread = tree
        .scope()
        .spawn_thread("signals", move |token| {
            also.send(()).unwrap();
            wait(token)
        })
        .unwrap();
    is_ready.recv().unwrap();
    is_ready.recv().unwrap();
    let shown = tree.tree();
    let kind = |name: &str| {
        shown
            .tasks
            .iter()
            .find(|task| task.name == name)
            .unwrap()
            .kind
    };
    assert_eq!(
        (kind("import"), kind("signals")),
        (Kind::Blocking, Kind::Thread)
    );
    let report = tree.close(Instant::now() + Duration::from_secs(5)).await;
    assert!(report.on_time(), "{report:?}");
    assert_eq!((blocking.await.unwrap(), thread.await.unwrap()), (7, 7));
}

#[cfg(feature = "serde")]
#[tokio::test]
async fn a_snapshot_can_be_serialized() {
    let tree = TaskTree::new("app");
    tree.scope().spawn("task", pending::<()>());
    let json = serde_json::to_value(tree.tree()).unwrap();
    assert_eq!(json["state"], "open");
    assert_eq!(json["tasks"][0]["kind"], "future");
    assert_eq!(json["tasks"][0]["ending"], "when-cancelled");
}
