//! What happens to the events, and to an app that is dropped.

use std::sync::{Mutex, mpsc};

use kit_app::{App, Delivery, Signals, Stage};

use crate::fakes::{Fake, Record, app, run_and_stop};

#[tokio::test]
async fn an_observer_that_blocks_changes_nothing_and_is_named_in_the_report() {
    let (_never, blocked) = mpsc::channel::<()>();
    let blocked = Mutex::new(blocked);
    let app = App::builder("app")
        .signals(Signals::none())
        .stop_timeout(std::time::Duration::from_secs(1))
        .server(Fake::new("http"))
        .observer(move |_| _ = blocked.lock().unwrap().recv())
        .build();
    let report = run_and_stop(app).await.unwrap();
    assert_eq!(report.exit_code, 0);
    let [undelivered] = &report.undelivered[..] else {
        panic!("{:?}", report.undelivered);
    };
    assert!(undelivered.consumer.contains("events.rs"), "{undelivered}");
    assert!(undelivered.events > 5, "{undelivered}");
    let mut stuck = report.tasks.stuck();
    assert!(stuck.next().is_some(), "its thread is named, too");
}

#[tokio::test]
async fn an_observer_sees_every_event_in_order_before_run_returns() {
    let (sent, seen) = mpsc::channel();
    let app = App::builder("app")
        .signals(Signals::none())
        .server(Fake::new("http"))
        .observer(move |stamped| _ = sent.send((stamped.number, stamped.at)))
        .event_delivery(Delivery::default())
        .build();
    let report = run_and_stop(app).await.unwrap();
    assert_eq!(report.undelivered, []);
    let seen: Vec<_> = seen.try_iter().collect();
    assert!(
        seen.iter()
            .map(|(number, _)| *number)
            .eq(1..=seen.len() as u64)
    );
    assert!(seen.iter().map(|(_, at)| *at).is_sorted());
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_dropped_ends_the_states() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let app = builder.server(Fake::new("http")).build();
    let handle = app.handle();
    let mut stages = handle.stages();
    tokio::select! {
        _ = app.run() => unreachable!("nothing stops it"),
        started = handle.started() => started.unwrap(),
    }
    assert_eq!(handle.stage(), Stage::Stopped);
    assert_eq!(*stages.borrow_and_update(), Stage::Stopped);
    record.assert_order(&["ready", "run dropped", "entered stopped"]);
}

#[tokio::test]
async fn an_app_that_never_runs_is_stopped_once_it_is_dropped() {
    let app = App::builder("app").build();
    let handle = app.handle();
    drop(app);
    assert_eq!(handle.stage(), Stage::Stopped);
    handle.started().await.unwrap_err();
}
