//! Every point of an app's life and every kind of failure: the error of the run, the order of the rollback, its
//! time, and the exit code. `table/failures.txt` is the table; its head says how to read it.

mod app;
mod expected;
mod fault;
mod outcome;
pub(crate) mod point;

use std::time::Duration;

use kit_app::Stage;
use tokio::time::{Instant, sleep, timeout};

use crate::fakes::{Record, assert_nothing_alive};
use expected::{Cell, cells};
use outcome::Outcome;
use point::{Kind, Point};

#[tokio::test(start_paused = true)]
async fn every_point_and_every_kind_of_failure_ends_as_the_table_says() {
    let mut differ = Vec::new();
    for (at, kind, cell) in cells() {
        let Cell::Ends(expected) = cell else {
            continue;
        };
        let found = run(at, kind, false).await;
        if found.to_string() != expected {
            let [name, _] = at.names();
            differ.push(format!("{name}\n  {}: {found}", kind.name()));
        }
    }
    assert!(
        differ.is_empty(),
        "{} cells differ; found is\n{}",
        differ.len(),
        differ.join("\n")
    );
}

#[tokio::test(start_paused = true)]
async fn no_later_failure_hides_an_earlier_one() {
    for (at, kind, cell) in cells() {
        if !matches!(cell, Cell::Ends(_)) {
            continue;
        }
        let alone = run(at, kind, false).await;
        let with_another = run(at, kind, true).await;
        let numberless = |lines: &[String]| -> Vec<String> {
            let digits = |letter: char| letter.is_ascii_digit() || letter == '.';
            lines.iter().map(|line| line.replace(digits, "")).collect()
        };
        let mut expected = numberless(&alone.failures);
        let mut found = numberless(&with_another.failures);
        if let Some(first) = expected.first() {
            assert_eq!(first, &found[0], "{at:?} {kind:?}");
        }
        // A forced stop may have no time for it.
        let others = found.len();
        found.retain(|line| !line.starts_with("after_stop hook `late` "));
        assert_eq!(others, found.len() + 1, "{at:?} {kind:?}");
        // Tasks that had to be cut are known at the end.
        expected.sort();
        found.sort();
        assert_eq!(expected, found, "{at:?} {kind:?}");
    }
}

/// Runs the app of one cell to its end. With `is_followed` another hook fails after it.
async fn run(at: Point, kind: Kind, is_followed: bool) -> Outcome {
    let record = Record::default();
    let (builder, fault) = app::with_fault(at, kind, &record);
    let app = builder
        .apply(|app| match is_followed {
            true => app.after_stop("late", async |_| Err("too late".into())),
            false => app,
        })
        .build();
    let handle = app.handle();
    let stopping = async {
        if handle.started().await.is_err() {
            return;
        }
        match at {
            Point::Reload => {
                handle.reload("shown");
            }
            Point::ServerRuns
            | Point::WorkerRuns
            | Point::JobRuns
            | Point::PeriodicRuns
            | Point::HookTask => fault.go.notify_one(),
            _ => {
                fault.signals.send(15);
                return;
            }
        }
        // What changes nothing is followed by a stop.
        sleep(Duration::from_secs(60)).await;
        fault.signals.send(15);
    };
    let running = async {
        let ended = timeout(Duration::from_secs(3600), app.run()).await;
        (ended.expect("the app ends"), Instant::now())
    };
    let ((ended, end), ()) = tokio::join!(running, stopping);
    assert_eq!(handle.stage(), Stage::Stopped);
    assert_nothing_alive();
    let reached = fault.reached.get().expect("the app comes to the point");
    Outcome::of(ended, &record.all(), end - *reached)
}
