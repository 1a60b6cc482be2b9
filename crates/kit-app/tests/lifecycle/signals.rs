//! The first signal, the second, and none.

use std::future::pending;
use std::time::Duration;

use kit_app::{App, Cause, Error, Signals};
use tokio::time::{Instant, sleep};

use crate::fakes::{Answer, Fake, FakeRegistry, Record, app, assert_nothing_alive};

#[tokio::test(start_paused = true)]
async fn a_second_signal_ends_everything_within_half_a_second_with_128_and_its_number() {
    let record = Record::default();
    let (builder, signals) = app(&record);
    let app = builder
        .server(Fake {
            drain: Duration::MAX,
            ..Fake::new("http")
        })
        .registrar("fake", FakeRegistry::default())
        .before_stop("hangs", |_| pending())
        .before_stop("skipped", |_| async { Ok(()) })
        .after_stop("sweep", |_| async { Ok(()) })
        .build();
    let handle = app.handle();
    let (error, second) = tokio::join!(async { (app.run().await, Instant::now()) }, async {
        handle.started().await.unwrap();
        signals.send(15);
        sleep(Duration::from_millis(500)).await;
        signals.send(2);
        Instant::now()
    });
    let (error, end) = error;
    let error = error.unwrap_err();
    assert_eq!(error.exit_code(), 130);
    assert!(
        matches!(error.error(), Error::Forced { signal: 2 }),
        "{error}"
    );
    assert!(
        end - second <= Duration::from_millis(500),
        "{:?}",
        end - second
    );
    record.assert_order(&[
        "forced",
        "before_stop hangs failed",
        "deregistered fake",
        "http stopped",
    ]);
    record.assert_order(&["http stopped", "after_stop sweep ended", "stopped 130"]);
    assert!(!record.has("before_stop skipped starts"));
    assert_nothing_alive();
}

#[tokio::test(start_paused = true)]
async fn a_forced_stop_gives_deregistration_200_ms_beside_the_components() {
    let record = Record::default();
    let (builder, signals) = app(&record);
    let registry = FakeRegistry {
        deregister: Answer::Never,
        ..FakeRegistry::default()
    };
    let app = builder
        .server(Fake {
            drain: Duration::MAX,
            ..Fake::new("http")
        })
        .registrar("fake", registry)
        .build();
    let handle = app.handle();
    let (ended, second) = tokio::join!(async { (app.run().await, Instant::now()) }, async {
        handle.started().await.unwrap();
        signals.send(15);
        sleep(Duration::from_millis(500)).await;
        signals.send(15);
        Instant::now()
    });
    assert_eq!(ended.0.unwrap_err().exit_code(), 143);
    let took = ended.1 - second;
    assert!(
        took >= Duration::from_millis(200) && took <= Duration::from_millis(300),
        "{took:?}"
    );
    record.assert_order(&["http stopped", "deregistration fake failed"]);
    assert_nothing_alive();
}

#[tokio::test(start_paused = true)]
async fn a_signal_is_not_lost_whenever_it_comes() {
    // Before the first hook: the handlers stand before anything else is done.
    let record = Record::default();
    let (builder, signals) = app(&record);
    let sender = signals.clone();
    let app = builder
        .server(Fake::new("http"))
        .observer(move |event| {
            if matches!(event.event, kit_app::Event::SignalsReady) {
                sender.send(15);
            }
        })
        .before_start("never", |_| async { Ok(()) })
        .build();
    let report = app.run().await.unwrap();
    assert_eq!(report.cause, Some(Cause::Signal(15)));
    assert!(!record.has("before_start never starts"));
    assert!(
        !signals.send(15),
        "when the app has ended, nobody takes a signal"
    );
    assert_nothing_alive();
}

#[tokio::test(start_paused = true)]
async fn an_embedded_app_leaves_the_signals_alone() {
    let app = App::builder("app")
        .signals(Signals::none())
        .server(Fake::new("http"))
        .build();
    let handle = app.handle();
    let (report, ()) = tokio::join!(app.run(), async {
        handle.started().await.unwrap();
        handle.stop("done");
    });
    report.unwrap();
}
