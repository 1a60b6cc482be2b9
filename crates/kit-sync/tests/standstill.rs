//! A deadline gets back the time in which the process did not run, and no other.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use kit_sync::{Deadline, Standstill, TaskTree};
use tokio::time::Instant;

const SECOND: Duration = Duration::from_secs(1);

/// Stands still for 1.5 s, with a deadline of 1 s.
#[tokio::test]
#[ignore = "a program for the other tests"]
async fn program() {
    let tree = TaskTree::new("stop");
    let standstill = Standstill::watch(tree.scope()).unwrap();
    let begun = Instant::now();
    let deadline = standstill.deadline(begun + SECOND);
    println!("ready");
    deadline.passed().await;
    println!("passed after {} ms", begun.elapsed().as_millis());
    println!("missed {} ms", standstill.missed().as_millis());
}

#[cfg(unix)]
#[test]
fn a_process_that_was_stopped_gets_the_time_back() {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["program", "--exact", "--ignored", "--nocapture"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut line = |start: &str| loop {
        let line = lines.next().expect("it goes on").unwrap();
        if let Some(rest) = line.split(start).nth(1) {
            return rest.to_owned();
        }
    };
    line("ready");
    let kill = |signal: &str| {
        let pid = child.id().to_string();
        assert!(
            Command::new("kill")
                .args([signal, &pid])
                .status()
                .unwrap()
                .success()
        );
    };
    kill("-STOP");
    // The test is about the length of the standstill.
    std::thread::sleep(SECOND + SECOND / 2);
    kill("-CONT");
    let number = |text: String| -> u64 { text.trim_end_matches(" ms").parse().unwrap() };
    let passed = number(line("passed after "));
    let missed = number(line("missed "));
    assert!(child.wait().unwrap().success());
    assert!((1300..=1700).contains(&missed), "missed {missed} ms");
    assert!(passed >= 1000 + missed, "{passed} ms, {missed} missed");
}

#[tokio::test]
async fn a_blocked_runtime_gets_nothing_back() {
    let tree = TaskTree::new("stop");
    let standstill = Standstill::watch(tree.scope()).unwrap();
    let deadline = standstill.deadline(Instant::now() + SECOND / 10);
    std::thread::sleep(SECOND);
    assert!(deadline.has_passed().await);
    assert_eq!(standstill.missed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn without_a_thread_a_deadline_is_fixed() {
    let begun = Instant::now();
    let deadline = Standstill::unwatched().deadline(begun + SECOND);
    assert!(!deadline.has_passed().await);
    deadline.passed().await;
    assert_eq!(begun.elapsed(), SECOND);
    let sooner = deadline.at(begun + SECOND / 2);
    assert_eq!(sooner.clone().sooner(deadline.clone()), sooner);
    assert_eq!(sooner.clone().later(deadline.clone()), deadline);
    assert_eq!(deadline.earlier_by(SECOND / 2), sooner);
    assert_eq!(Deadline::from(begun + SECOND), deadline);
}

#[tokio::test]
async fn the_thread_ends_with_its_scope_at_once() {
    let tree = TaskTree::new("stop");
    let standstill = Standstill::watch(tree.scope()).unwrap();
    let deadline = standstill.deadline(Instant::now());
    let report = tree.close(Instant::now() + 60 * SECOND).await;
    assert!(report.on_time());
    assert!(deadline.has_passed().await, "nothing is waited for");
}

#[tokio::test]
async fn a_scope_is_closed_by_a_deadline_that_moves() {
    let tree = TaskTree::new("stop");
    tree.scope().spawn("stays", std::future::pending::<()>());
    let report = tree.scope().close_by(&Deadline::from(Instant::now())).await;
    assert_eq!(report.cut().count(), 1);
    let report = tree.scope().close_by(&Deadline::from(Instant::now())).await;
    assert!(report.on_time(), "it has ended");
}
