//! What happens to the events, and to an app that is dropped.

use std::sync::{Arc, Mutex, mpsc};

use kit_app::{App, AppHandle, Delivery, Event, Signals, Stage};
use kit_transport::Context;

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

/// The events of the app so far, without those of components.
fn events(handle: &AppHandle) -> Vec<String> {
    let all = handle.events();
    let line = |event: &Event| match event {
        Event::Entered { stage } => Some(format!("entered {stage}")),
        Event::StopAsked { .. } => Some("stop asked".to_owned()),
        Event::Ready { .. } => Some("ready".to_owned()),
        Event::RunDropped => Some("run dropped".to_owned()),
        Event::Stopped { .. } => Some("stopped".to_owned()),
        _ => None,
    };
    all.iter()
        .filter_map(|stamped| line(&stamped.event))
        .collect()
}

#[tokio::test]
async fn a_stop_that_was_asked_for_is_followed_by_no_step_of_the_start() {
    for delivery in [Delivery::default(), Delivery::Inline] {
        let app = App::builder("app")
            .signals(Signals::none())
            .event_delivery(delivery)
            .worker("outbox", |ctx: Context| async move {
                let latch = ctx.latch("the cache");
                ctx.get::<AppHandle>()?.stop("changed its mind");
                latch.open();
                ctx.scope().cancelled().await;
                Ok(())
            })
            .build();
        let handle = app.handle();
        app.run().await.unwrap();
        let expected = [
            "entered starting",
            "stop asked",
            "entered lame duck",
            "entered draining",
            "entered stopped",
            "stopped",
        ];
        assert_eq!(events(&handle), expected, "{delivery:?}");
    }
}

#[tokio::test]
async fn the_event_comes_before_the_app_is_ready() {
    let was_ready = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&was_ready);
    let observed: Arc<Mutex<Option<AppHandle>>> = Arc::default();
    let handle_of = Arc::clone(&observed);
    let app = App::builder("app")
        .signals(Signals::none())
        .event_delivery(Delivery::Inline)
        .server(Fake::new("http"))
        .observer(move |stamped| {
            if let Event::Ready { .. } = stamped.event {
                let handle = handle_of.lock().unwrap().clone().unwrap();
                seen.lock().unwrap().push(handle.startup().passes);
            }
        })
        .build();
    *observed.lock().unwrap() = Some(app.handle());
    run_and_stop(app).await.unwrap();
    assert_eq!(*was_ready.lock().unwrap(), [false]);
    observed.lock().unwrap().take();
}

#[tokio::test]
async fn a_stop_after_the_run_has_no_event() {
    let app = App::builder("app")
        .signals(Signals::none())
        .server(Fake::new("http"))
        .build();
    let handle = app.handle();
    tokio::select! {
        _ = app.run() => unreachable!("nothing stops it"),
        started = handle.started() => started.unwrap(),
    }
    let before = handle.events().len();
    handle.stop("late");
    assert_eq!(handle.events().len(), before);
    assert_eq!(events(&handle).last().unwrap(), "entered stopped");
}
