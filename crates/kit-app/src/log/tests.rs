//! The lines that are few, and those that are missed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use kit_test_support::Lines;
use tokio::time::Instant;

use super::observer;
use crate::{
    AfterFailure, App, Delivery, Event, Info, Policy, Restarts, Signals, Stamped, WorkerOptions,
};

/// The lines of a subscriber, which takes those from the level of information on.
fn lines() -> (Lines, impl tracing::Subscriber + Send + Sync) {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    (lines, subscriber)
}

/// The lines about missed events, after events with these numbers.
fn missed(numbers: &[u64]) -> Vec<String> {
    let (lines, subscriber) = lines();
    let [id, name, version] = ["1", "app", "0.1.0"].map(str::to_owned);
    let log = observer(Info::new(id, name, version, BTreeMap::new()));
    tracing::subscriber::with_default(subscriber, || {
        for number in numbers {
            (log.observe)(&Stamped {
                number: *number,
                at: Instant::now(),
                event: Event::RunDropped,
            });
        }
    });
    let after = |line: String| Some(line.split_once("missed=")?.1.to_owned());
    lines.all().into_iter().filter_map(after).collect()
}

#[test]
fn a_gap_in_the_numbers_has_a_line_before_the_next_event() {
    assert_eq!(missed(&[1, 2, 3]), [""; 0]);
    assert_eq!(missed(&[1, 2, 6, 7, 9]), ["3", "1"]);
    assert_eq!(missed(&[3, 4]), ["2"]);
}

/// A worker whose runs fail at once, with this delay between them, until it has been restarted as often as
/// this. Gives the lines about its restarts, and the number of events of them.
async fn lines_of_restarts(limit: usize, delay: Duration) -> (Vec<String>, usize) {
    let (lines, subscriber) = lines();
    let _logged = tracing::subscriber::set_default(subscriber);
    let events = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&events);
    let restarts = Restarts::at_most(limit, Duration::from_secs(3600));
    let policy = Policy::Restart(restarts.delays(delay, delay).without_jitter());
    let options = WorkerOptions::new().policy(policy);
    let app = App::builder("app")
        .signals(Signals::none())
        .event_delivery(Delivery::Inline)
        .observer(move |stamped| {
            let Event::WorkerFailed { then, .. } = &stamped.event else {
                return;
            };
            let is_restart = matches!(then, AfterFailure::Restart { .. });
            seen.fetch_add(usize::from(is_restart), Ordering::Relaxed);
        })
        .worker_with("outbox", options, |_| async { Err("no route".into()) })
        .build();
    app.run().await.unwrap_err();
    let lines = lines.all().into_iter();
    let about = |line: String| Some(line.split_once("a worker has failed")?.1.to_owned());
    let about = lines.filter_map(about).collect();
    (about, events.load(Ordering::Relaxed))
}

#[tokio::test(start_paused = true)]
async fn restarts_without_a_delay_are_one_line_and_an_event_each() {
    let (lines, events) = lines_of_restarts(500, Duration::ZERO).await;
    let expected = [": it begins anew in 0.0ns worker=\"app/outbox\" why=no route"];
    assert_eq!(lines, expected);
    assert_eq!(events, 500);
}

#[tokio::test(start_paused = true)]
async fn restarts_that_go_on_have_a_line_ever_more_rarely() {
    let (lines, events) = lines_of_restarts(1_000, Duration::from_millis(100)).await;
    let counts: Vec<_> = lines
        .iter()
        .map(|line| line.split_once(": it begins").unwrap().0)
        .collect();
    let expected = [
        "",
        " (101 times in 10s)",
        " (301 times in 30s)",
        " (701 times in 70s)",
    ];
    assert_eq!(counts, expected);
    assert_eq!(events, 1_000);
}

/// The lines of an app with this drain delay, which stops at once; its stop has 20 s.
async fn lines_with_drain_delay(seconds: u64) -> Vec<String> {
    let (lines, subscriber) = lines();
    let _logged = tracing::subscriber::set_default(subscriber);
    let app = App::builder("app")
        .signals(Signals::none())
        .event_delivery(Delivery::Inline)
        .drain_delay(Duration::from_secs(seconds))
        .after_start("ends", async |hook| {
            hook.handle().stop("done");
            Ok(())
        })
        .build();
    app.run().await.unwrap();
    lines.all()
}

#[tokio::test(start_paused = true)]
async fn a_drain_delay_that_does_not_fit_the_stop_is_a_warning_at_the_start() {
    for (seconds, level, says) in [
        (0, "INFO", "no drain delay, draining"),
        (5, "INFO", "drain delay 5s, draining"),
        (
            30,
            "WARN",
            "drain delay 10s (half of it, cut from 30s), draining",
        ),
    ] {
        let lines = lines_with_drain_delay(seconds).await;
        let plan = lines.iter().find(|line| line.contains("a stop takes"));
        let plan = plan.unwrap();
        assert!(plan.contains(level) && plan.contains(says), "{plan}");
    }
}

#[test]
fn a_dump_is_a_line_each_and_the_first_names_the_signal() {
    let (lines, subscriber) = lines();
    tracing::subscriber::with_default(subscriber, || {
        let dumped = Event::Dumped {
            signal: crate::Signal::USR1,
            components: Vec::new(),
            tree: "app\n  http\n".to_owned(),
        };
        super::log(&dumped, &super::RestartLines::default());
    });
    let lines = lines.all();
    assert_eq!(lines.len(), 3, "{lines:#?}");
    assert!(lines[0].contains("the components and the task tree: signal=SIGUSR1"));
    assert!(lines[1].ends_with(" app") && lines[2].ends_with("   http"));
}

#[tokio::test(start_paused = true)]
async fn a_job_has_a_line_when_it_begins_and_one_when_it_ends_with_its_time() {
    let (lines, subscriber) = lines();
    let _logged = tracing::subscriber::set_default(subscriber);
    let app = |name: &str| {
        App::builder(name)
            .signals(Signals::none())
            .event_delivery(Delivery::Inline)
    };
    let work = |_| async {
        tokio::time::sleep(Duration::from_secs(3)).await;
        Ok(())
    };
    let migrates = app("app").job("migrate", work).build();
    migrates.run().await.unwrap();
    let about = |what: &str| {
        let lines = lines.all().into_iter();
        lines.filter(|line| line.contains(what)).collect::<Vec<_>>()
    };
    let migrate = about("migrate");
    assert!(migrate[0].contains("INFO") && migrate[0].contains("job begins"));
    assert!(migrate[1].contains("INFO") && migrate[1].contains("job ended"));
    assert!(
        migrate[1].contains("job=\"app/migrate\" took=3s"),
        "{migrate:#?}"
    );
    assert_eq!(about("started component=\"migrate\""), [""; 0]);

    let fails = app("svc").job("jf", |_| async { Err("no route".into()) });
    let error = fails.build().run().await.unwrap_err();
    assert_eq!(error.to_string(), "job svc/jf failed: no route");
    assert_eq!(about("worker svc/jf"), [""; 0]);
}
