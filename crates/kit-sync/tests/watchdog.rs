//! The events of a watchdog. Real threads and the real clock: the limits here are short, and every
//! test waits for the event itself.

use std::num::NonZeroU64;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

use kit_sync::{Scope, TaskTree, Watchdog, WatchdogEvent, WatchdogOptions, on_errand};
use tokio::time::Instant;

const LIMIT: Duration = Duration::from_millis(50);
const SOON: Duration = Duration::from_secs(20);

fn options() -> WatchdogOptions {
    WatchdogOptions {
        poll_limit: LIMIT,
        // A busy machine may hold a runtime up for a while: reported only where a test is about it.
        tick_limit: 10 * SOON,
        overdue_after: LIMIT,
        interval: Duration::from_millis(5),
    }
}

fn watch(home: &TaskTree, watched: &Scope) -> (Watchdog, Receiver<WatchdogEvent>) {
    watch_with(home, watched, options())
}

fn watch_with(
    home: &TaskTree,
    watched: &Scope,
    options: WatchdogOptions,
) -> (Watchdog, Receiver<WatchdogEvent>) {
    let (send, events) = mpsc::channel();
    let on_event = move |event: &WatchdogEvent| drop(send.send(event.clone()));
    let watchdog = Watchdog::start(home.scope(), watched, options, on_event);
    (watchdog.expect("a thread"), events)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poll_that_does_not_return_is_named_once_with_its_place() {
    let (home, app) = (TaskTree::new("home"), TaskTree::new("app"));
    let (_watchdog, events) = watch(&home, app.scope());
    let (leave, left) = mpsc::channel::<()>();
    app.scope().child("worker").spawn("import", async move {
        let _ = left.recv();
    });
    let WatchdogEvent::StuckPoll(stuck) = events.recv_timeout(SOON).unwrap() else {
        panic!("another event");
    };
    assert_eq!(stuck.path, "app/worker/import");
    assert!(stuck.spawned_at.contains("watchdog.rs:"), "{stuck}");
    assert!(stuck.since >= LIMIT, "{stuck}");
    assert!(stuck.thread.is_some(), "{stuck}");
    assert_eq!(
        events.recv_timeout(3 * LIMIT),
        Err(RecvTimeoutError::Timeout),
        "once"
    );
    leave.send(()).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_that_does_not_return_is_named_by_its_scope() {
    let (home, app) = (TaskTree::new("home"), TaskTree::new("app"));
    let (_watchdog, events) = watch(&home, app.scope());
    let (leave, left) = mpsc::channel::<()>();
    let blocks = async move {
        tokio::task::yield_now().await;
        let _ = left.recv();
    };
    app.scope()
        .child("http")
        .track(blocks)
        .map_err(drop)
        .unwrap();
    let WatchdogEvent::StuckPoll(stuck) = events.recv_timeout(SOON).unwrap() else {
        panic!("another event");
    };
    assert_eq!(stuck.path, "app/http/(unnamed)");
    assert!(stuck.spawned_at.contains("watchdog.rs:"), "{stuck}");
    leave.send(()).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_of_another_tree_is_none_of_its_business() {
    let (home, app, other) = (
        TaskTree::new("home"),
        TaskTree::new("app"),
        TaskTree::new("other"),
    );
    let (_watchdog, events) = watch(&home, app.scope());
    let (leave, left) = mpsc::channel::<()>();
    other.scope().spawn("blocks", async move {
        let _ = left.recv();
    });
    assert_eq!(
        events.recv_timeout(4 * LIMIT),
        Err(RecvTimeoutError::Timeout)
    );
    leave.send(()).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_runtime_that_answers_no_more_is_reported_and_its_return_too() {
    let (home, app) = (TaskTree::new("home"), TaskTree::new("app"));
    let short = WatchdogOptions {
        tick_limit: 4 * LIMIT,
        ..options()
    };
    let (_watchdog, events) = watch_with(&home, app.scope(), short);
    let (leave, left) = mpsc::channel::<()>();
    app.scope().spawn("blocks", async move {
        let _ = left.recv();
    });
    let silent = loop {
        match events.recv_timeout(SOON).unwrap() {
            WatchdogEvent::StuckPoll(_) => {}
            event => break event,
        }
    };
    let WatchdogEvent::RuntimeSilent { since, polls } = silent else {
        panic!("{silent}");
    };
    assert!(since >= 4 * LIMIT);
    assert_eq!(polls[0].path, "app/blocks");
    leave.send(()).unwrap();
    let back = events.recv_timeout(SOON).unwrap();
    assert!(
        matches!(back, WatchdogEvent::RuntimeBack { after } if after >= since),
        "{back}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_stop_that_is_overdue_is_reported_with_the_tree_and_its_first_suspect() {
    let (home, app) = (TaskTree::new("home"), TaskTree::new("app"));
    let (watchdog, events) = watch(&home, app.scope());
    let (leave, left) = mpsc::channel::<()>();
    app.scope().spawn("deaf", std::future::pending::<()>());
    app.scope().spawn("blocks", async move {
        let _ = left.recv();
    });
    watchdog.expect_end_by(Instant::now());
    let (polls, tree) = loop {
        match events.recv_timeout(SOON).unwrap() {
            WatchdogEvent::Overdue { polls, tree, since } => {
                assert!(since >= LIMIT);
                break (polls, tree);
            }
            other => drop(other),
        }
    };
    assert_eq!(polls[0].path, "app/blocks");
    assert_eq!(
        tree.tasks[0].name, "blocks",
        "tasks inside a poll come first:\n{tree}"
    );
    assert_eq!(tree.tasks.len(), 2);
    leave.send(()).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_interval_is_too_short_or_too_long_to_start_with() {
    for interval in [Duration::ZERO, Duration::from_micros(1)] {
        let (home, app) = (TaskTree::new("home"), TaskTree::new("app"));
        let options = WatchdogOptions {
            interval,
            ..options()
        };
        let (watchdog, events) = watch_with(&home, app.scope(), options);
        watchdog.expect_end_by(Instant::now());
        let event = events.recv_timeout(SOON).unwrap();
        assert!(matches!(event, WatchdogEvent::Overdue { .. }), "{event}");
    }
    let (home, app) = (TaskTree::new("home"), TaskTree::new("app"));
    let longest = WatchdogOptions {
        interval: Duration::MAX,
        ..options()
    };
    let (watchdog, events) = watch_with(&home, app.scope(), longest);
    drop(watchdog);
    assert_eq!(
        events.recv_timeout(SOON),
        Err(RecvTimeoutError::Disconnected)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_that_has_ended_is_not_overdue() {
    let (home, app) = (TaskTree::new("home"), TaskTree::new("app"));
    let (watchdog, events) = watch(&home, app.scope());
    watchdog.expect_end_by(Instant::now());
    watchdog.clear_deadline();
    assert_eq!(
        events.recv_timeout(4 * LIMIT),
        Err(RecvTimeoutError::Timeout)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_thread_ends_when_it_is_dropped_and_with_its_scope() {
    let (home, app) = (TaskTree::new("home"), TaskTree::new("app"));
    let (watchdog, events) = watch(&home, app.scope());
    drop(watchdog);
    // The closure that sends is gone with the thread.
    assert_eq!(
        events.recv_timeout(SOON),
        Err(RecvTimeoutError::Disconnected)
    );

    let (_watchdog, events) = watch(&home, app.scope());
    let report = home.close(Instant::now() + SOON).await;
    assert!(report.on_time(), "{report:?}");
    assert_eq!(
        events.recv_timeout(SOON),
        Err(RecvTimeoutError::Disconnected)
    );
}

fn number(number: u64) -> NonZeroU64 {
    NonZeroU64::new(number).expect("from 1")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_blocks_is_named_by_the_errand_that_it_is_on() {
    let (home, app) = (TaskTree::new("home"), TaskTree::new("app"));
    let (_watchdog, events) = watch(&home, app.scope());
    let scope = app.scope().child("http");
    scope.describe_errands(|number| Some(format!("GET /{number}")));
    let (leave, left) = mpsc::channel::<()>();
    let blocks = async move {
        on_errand(number(1), || ());
        on_errand(number(2), || {
            on_errand(number(3), || ());
            let _ = left.recv();
        });
        let _ = left.recv();
    };
    // Of a scope below, which has no words itself.
    let below = scope.child("connection");
    assert!(below.track(blocks).is_ok());
    let WatchdogEvent::StuckPoll(stuck) = events.recv_timeout(SOON).unwrap() else {
        panic!("another event");
    };
    assert_eq!(stuck.errand.as_deref(), Some("GET /2"));
    assert!(
        stuck.to_string().contains(", doing GET /2) has been"),
        "{stuck}"
    );
    drop(leave);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn every_thread_that_is_blocked_says_its_own_errand_when_a_stop_is_overdue() {
    let (home, app) = (TaskTree::new("home"), TaskTree::new("app"));
    let (watchdog, events) = watch(&home, app.scope());
    app.scope()
        .describe_errands(|number| (number.get() < 3).then(|| format!("errand {number}")));
    let mut leave = Vec::new();
    for errand in 1..=2 {
        let (go, gone) = mpsc::channel::<()>();
        leave.push(go);
        let blocks = async move {
            on_errand(number(errand), || {
                gone.recv().map_err(drop).unwrap_or_default();
            });
        };
        assert!(app.scope().track(blocks).is_ok());
    }
    let mut stuck = 0;
    while stuck < 2 {
        let event = events.recv_timeout(SOON).unwrap();
        stuck += usize::from(matches!(event, WatchdogEvent::StuckPoll(_)));
    }
    watchdog.expect_end_by(Instant::now());
    let event = events.recv_timeout(SOON).unwrap();
    let WatchdogEvent::Overdue { polls, .. } = &event else {
        panic!("{event}");
    };
    let mut errands: Vec<_> = polls
        .iter()
        .filter_map(|poll| poll.errand.clone())
        .collect();
    errands.sort();
    assert_eq!(errands, ["errand 1", "errand 2"]);
    assert!(event.to_string().contains("doing errand 1"), "{event}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_errand_that_is_over_or_was_never_described_is_left_out() {
    let (home, app) = (TaskTree::new("home"), TaskTree::new("app"));
    let (_watchdog, events) = watch(&home, app.scope());
    let (leave, left) = mpsc::channel::<()>();
    app.scope().spawn("blocks", async move {
        // Without the hook, whose backtrace takes longer than the limit.
        let panics = || on_errand(number(1), || std::panic::resume_unwind(Box::new(1)));
        assert!(std::panic::catch_unwind(panics).is_err());
        let _ = left.recv();
    });
    app.scope()
        .describe_errands(|number| Some(number.to_string()));
    let WatchdogEvent::StuckPoll(stuck) = events.recv_timeout(SOON).unwrap() else {
        panic!("another event");
    };
    assert_eq!(stuck.errand, None, "{stuck}");
    drop(leave);
}
