//! The admin server tells the truth about a runtime that is blocked.

use std::net::SocketAddr;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use kit_app::{Admin, CheckOptions, Event};
use tokio::runtime::Runtime;

use crate::client::{PATIENCE, get};
use crate::fixture::{Running, app, one_thread, two_threads};

#[expect(clippy::disallowed_methods, reason = "no runtime is here")]
fn now() -> Instant {
    Instant::now()
}

/// Asks for the status of `path` until it is `status`. An answer that waited for the blocked runtime would
/// not come at all.
#[track_caller]
fn until_status(admin: SocketAddr, path: &str, status: u16) {
    let begun = now();
    loop {
        let answer = get(admin, path);
        if answer.status == status {
            return;
        }
        let passed = begun.elapsed();
        assert!(
            passed < PATIENCE,
            "{path} is {} after {passed:?}",
            answer.status
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn liveness_follows_the_runtime(runtime: Runtime, threads: usize) {
    let (block, blocks) = mpsc::channel::<mpsc::Receiver<()>>();
    let (blocked, is_blocked) = mpsc::channel();
    let app = app().after_start("blocks", move |app| async move {
        let spawn = move || {
            // One task for each thread of the runtime, that waits for its receiver.
            let blocks = std::sync::Arc::new(std::sync::Mutex::new(blocks));
            for _ in 0..threads {
                let (blocks, blocked) = (std::sync::Arc::clone(&blocks), blocked.clone());
                app.scope()
                    .spawn_as("blocks", kit_sync::Ending::Finite, async move {
                        tokio::time::sleep(Duration::from_millis(300)).await;
                        let until = blocks.lock().unwrap().recv().unwrap();
                        blocked.send(()).unwrap();
                        let _ = until.recv();
                    });
            }
        };
        spawn();
        Ok(())
    });
    let running = Running::with(runtime, app, Admin::new("127.0.0.1:0"));
    running.until_ready();
    let admin = running.admin;
    assert_eq!(get(admin, "/livez").status, 200);

    let mut ends = Vec::new();
    for _ in 0..threads {
        let (end, until) = mpsc::channel();
        block.send(until).unwrap();
        ends.push(end);
    }
    for _ in 0..threads {
        is_blocked.recv().unwrap();
    }
    until_status(admin, "/livez", 503);
    until_status(admin, "/readyz", 503);
    let answer = get(admin, "/livez?verbose");
    assert!(
        answer
            .body
            .contains("[-] runtime: it has polled nothing for "),
        "{answer:?}"
    );
    for path in ["/startupz", "/info", "/tasks", "/lifecycle"] {
        until_status(admin, path, 200);
    }
    drop(ends);
    until_status(admin, "/livez", 200);
    until_status(admin, "/readyz", 200);
    running.stop();
}

#[test]
fn a_blocked_current_thread_runtime_is_not_live_and_comes_back() {
    liveness_follows_the_runtime(one_thread(), 1);
}

#[test]
fn blocked_threads_of_a_runtime_are_not_live_and_come_back() {
    liveness_follows_the_runtime(two_threads(), 2);
}

#[test]
fn a_check_that_blocks_its_thread_has_failed() {
    let (block, blocks) = mpsc::channel::<()>();
    let blocks = std::sync::Mutex::new(Some(blocks));
    let options = CheckOptions::new()
        .period(Duration::from_millis(100))
        .timeout(Duration::from_millis(100))
        .failure_threshold(1);
    let app = app().check_with("disk", options, move |_| {
        let blocks = blocks.lock().unwrap().take();
        async move {
            if let Some(blocks) = blocks {
                let _ = blocks.recv();
            }
            Ok(())
        }
    });
    // One thread: the check's own task is blocked, too.
    let running = Running::with(one_thread(), app, Admin::new("127.0.0.1:0"));
    until_status(running.admin, "/readyz", 503);
    let begun = now();
    loop {
        let body = get(running.admin, "/readyz?verbose").body;
        if body.contains("check disk: failing: its run has not ended after ") {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "{body}");
        std::thread::sleep(Duration::from_millis(5));
    }
    drop(block);
    running.until_ready();
    until_status(running.admin, "/readyz", 200);
    running.stop();
}

#[test]
fn a_check_that_still_blocks_its_thread_at_the_stop_is_named() {
    let (block, blocks) = mpsc::channel::<()>();
    let blocks = std::sync::Mutex::new(Some(blocks));
    let options = CheckOptions::new()
        .period(Duration::from_millis(50))
        .timeout(Duration::from_millis(50))
        .failure_threshold(1);
    let (failing, fails) = mpsc::channel();
    let app = app()
        .check_with("disk", options, move |_| {
            let blocks = blocks.lock().unwrap().take();
            async move {
                let _ = blocks.unwrap().recv();
                Ok(())
            }
        })
        .observer(move |event| {
            if let Event::CheckFailed { name, .. } = &event.event {
                let _ = failing.send(name.clone());
            }
        });
    let running = Running::with(two_threads(), app, Admin::new("127.0.0.1:0"));
    // Its run has had its limit, and could not be dropped.
    assert_eq!(fails.recv().unwrap(), "disk");
    running.until_ready();
    running.handle.stop("the test is over");
    let handle = running.handle.clone();
    let remark = "the check disk has not ended";
    let remarked = |event: &std::sync::Arc<kit_app::Stamped>| matches!(&event.event, Event::Remark { what } if what.contains(remark));
    let begun = now();
    while !handle.events().iter().any(remarked) {
        assert!(begun.elapsed() < PATIENCE, "{:#?}", handle.events());
        std::thread::yield_now();
    }
    drop(block);
    let report = running.end();
    let remarks = report.remarks.iter().filter(|line| line.contains("disk"));
    let remarks: Vec<_> = remarks.collect();
    assert_eq!(remarks.len(), 1, "{:?}", report.remarks);
    assert!(remarks[0].contains("blocks its thread"), "{remarks:?}");
    assert_eq!(report.exit_code, 0);
}
