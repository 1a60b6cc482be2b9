//! Which signal does what in a stop, and none.

use std::future::pending;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use kit_app::{App, Cause, Delivery, Error, Event, RunError, Signal, SignalSender, Signals};
use kit_transport::Context;
use tokio::time::{Instant, sleep};

use crate::fakes::{Answer, Fake, FakeRegistry, Record, Starts, app, assert_nothing_alive};

#[tokio::test(start_paused = true)]
async fn a_forced_stop_ends_everything_within_half_a_second_with_128_and_the_number() {
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
        signals.send(Signal::INT);
        sleep(Duration::from_millis(500)).await;
        signals.send(Signal::INT);
        Instant::now()
    });
    let (error, end) = error;
    let error = error.unwrap_err();
    assert_eq!(error.exit_code(), 130);
    assert!(
        matches!(
            error.error(),
            Error::Forced {
                signal: Signal::INT
            }
        ),
        "{error}"
    );
    let failures = &error.report().failures;
    assert_eq!(failures[0], "the stop was forced (SIGINT)");
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
        signals.send(Signal::TERM);
        sleep(Duration::from_millis(500)).await;
        signals.send(Signal::QUIT);
        Instant::now()
    });
    assert_eq!(ended.0.unwrap_err().exit_code(), 131);
    let took = ended.1 - second;
    assert!(
        took >= Duration::from_millis(200) && took <= Duration::from_millis(300),
        "{took:?}"
    );
    record.assert_order(&["http stopped", "deregistration fake failed"]);
    assert_nothing_alive();
}

/// Runs an app that stops for three seconds, and sends it signals a second after each other. Gives
/// its exit code, and its events about signals.
async fn stopping(signals: &[Signal]) -> (u8, Vec<String>) {
    stopping_with(|all| all, signals, |_| ()).await
}

async fn stopping_with(
    roles: impl FnOnce(Signals) -> Signals,
    signals: &[Signal],
    before: impl FnOnce(&kit_app::AppHandle),
) -> (u8, Vec<String>) {
    let (all, sender) = Signals::manual();
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let observed = Arc::clone(&seen);
    let app = App::builder("app")
        .signals(roles(all))
        .observer(move |event| {
            let seen = match &event.event {
                Event::StopAsked { cause, .. } => format!("stops: {cause}"),
                Event::SignalRepeated { signal } => format!("{signal} repeats"),
                Event::NextForces { signal } => format!("{signal} warns"),
                Event::Forced { signal } => format!("{signal} forces"),
                Event::NothingToReload { signal } => format!("{signal} reloads nothing"),
                _ => return,
            };
            observed.lock().unwrap().push(seen);
        })
        .server(Fake {
            drain: Duration::from_secs(5),
            ..Fake::new("http")
        })
        .build();
    let handle = app.handle();
    let (ended, ()) = tokio::join!(app.run(), async {
        handle.started().await.unwrap();
        before(&handle);
        for signal in signals {
            sleep(Duration::from_secs(1)).await;
            sender.send(*signal);
        }
    });
    assert_nothing_alive();
    let code = ended.as_ref().map_or_else(RunError::exit_code, |_| 0);
    let seen = seen.lock().unwrap().clone();
    (code, seen)
}

#[tokio::test(start_paused = true)]
async fn sigterm_never_forces_however_often_it_comes() {
    let (code, seen) = stopping(&[Signal::TERM; 4]).await;
    assert_eq!(code, 0);
    let repeats = ["SIGTERM repeats"; 3];
    assert_eq!(seen, [&["stops: SIGTERM"], &repeats[..]].concat());

    let (code, seen) = stopping(&[Signal::INT, Signal::TERM]).await;
    assert_eq!((code, seen.len()), (0, 2), "{seen:?}");
}

#[tokio::test(start_paused = true)]
async fn the_second_sigint_forces_when_sigint_asked_for_the_stop() {
    let (code, seen) = stopping(&[Signal::INT, Signal::INT]).await;
    assert_eq!(code, 130);
    assert_eq!(seen, ["stops: SIGINT", "SIGINT forces"]);
}

#[tokio::test(start_paused = true)]
async fn after_another_request_the_first_sigint_warns_and_the_second_forces() {
    let (code, seen) = stopping(&[Signal::TERM, Signal::INT]).await;
    assert_eq!(code, 0);
    assert_eq!(seen, ["stops: SIGTERM", "SIGINT warns"]);

    let (code, seen) = stopping(&[Signal::TERM, Signal::INT, Signal::INT]).await;
    assert_eq!(code, 130);
    assert_eq!(seen, ["stops: SIGTERM", "SIGINT warns", "SIGINT forces"]);

    let interrupts = [Signal::INT, Signal::INT];
    let stop = |handle: &kit_app::AppHandle| assert!(handle.stop("enough"));
    let (code, seen) = stopping_with(|all| all, &interrupts, stop).await;
    assert_eq!(code, 130);
    assert_eq!(seen, ["stops: enough", "SIGINT warns", "SIGINT forces"]);
}

#[tokio::test(start_paused = true)]
async fn sigquit_stops_and_during_a_stop_forces() {
    let (code, seen) = stopping(&[Signal::QUIT]).await;
    assert_eq!((code, &seen[..]), (0, &["stops: SIGQUIT".to_owned()][..]));

    for first in [Signal::TERM, Signal::INT, Signal::QUIT] {
        let (code, seen) = stopping(&[first, Signal::QUIT]).await;
        assert_eq!(code, 131);
        assert_eq!(
            seen,
            [format!("stops: {first}"), "SIGQUIT forces".to_owned()]
        );
    }
}

#[tokio::test(start_paused = true)]
async fn sighup_is_a_line_and_nothing_more() {
    let (code, seen) = stopping(&[Signal::HUP, Signal::TERM, Signal::HUP]).await;
    assert_eq!(code, 0);
    let hup = "SIGHUP reloads nothing";
    assert_eq!(seen, [hup, "stops: SIGTERM", hup]);
}

#[tokio::test(start_paused = true)]
async fn which_signal_does_what_is_an_option() {
    let roles = |all: Signals| all.stop([] as [Signal; 0]).interrupt([2, 15]);
    let (code, seen) = stopping_with(roles, &[Signal::TERM, Signal::TERM], |_| ()).await;
    assert_eq!(code, 143);
    assert_eq!(seen, ["stops: SIGTERM", "SIGTERM forces"]);

    let roles = |all: Signals| all.stop([Signal::TERM, Signal::HUP]).reload([Signal::USR2]);
    let signals = [Signal::USR2, Signal::HUP];
    let (code, seen) = stopping_with(roles, &signals, |_| ()).await;
    assert_eq!(code, 0);
    assert_eq!(seen, ["SIGUSR2 reloads nothing", "stops: SIGHUP"]);
}

#[tokio::test(start_paused = true)]
async fn a_signal_with_two_roles_or_none_that_it_can_have_is_refused_before_the_start() {
    for (signals, says) in [
        (
            Signals::os().force([Signal::TERM]),
            "option `signals` is SIGTERM as stop and as force: it has to be one role for each signal",
        ),
        (
            Signals::manual().0.stop([9]),
            "option `signals` is SIGKILL as stop: it has to be a signal that can be caught",
        ),
    ] {
        let record = Record::default();
        let app = app(&record)
            .0
            .signals(signals)
            .before_start("never", |_| async { Ok(()) });
        let error = app.build().run().await.unwrap_err();
        assert_eq!((error.to_string(), error.exit_code()), (says.to_owned(), 1));
        assert!(!record.has("before_start never starts"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_dump_shows_the_apps_components_and_its_tree() {
    let (send, mut dumped) = tokio::sync::mpsc::unbounded_channel();
    let (signals, sender) = Signals::manual();
    let app = App::builder("app")
        .signals(signals)
        .observer(move |event| {
            if let Event::Dumped {
                signal,
                components,
                tree,
            } = &event.event
            {
                let components = components.iter().map(ToString::to_string);
                let components: Vec<_> = components.collect();
                send.send((*signal, components, tree.clone())).unwrap();
            }
        })
        .server(Fake::new("http"))
        .server(Starts("plain", |_: &Context| ()))
        .after_start("work", |hook| async move {
            let stop = hook.scope().token().clone();
            hook.scope()
                .spawn("sleeper", async move { stop.cancelled().await });
            Ok(())
        })
        .build();
    let handle = app.handle();
    let (report, ()) = tokio::join!(app.run(), async {
        handle.started().await.unwrap();
        for _ in 0..2 {
            sender.send(Signal::USR1);
            let (signal, components, tree) = dumped.recv().await.unwrap();
            assert_eq!(signal, Signal::USR1);
            let http = "http (servers): running, listening at http://127.0.0.1:80";
            assert_eq!(components, [http, "plain (servers): running"]);
            assert!(tree.contains("sleeper") && tree.contains("http"), "{tree}");
            assert!(!tree.contains("registrations"), "owners of nothing: {tree}");
        }
        handle.stop("done");
    });
    report.unwrap();
}

/// With events that are delivered where they are emitted an app has no threads, not even one for a dump.
#[tokio::test(start_paused = true)]
async fn a_dump_needs_no_thread_where_events_need_none() {
    let (send, mut dumped) = tokio::sync::mpsc::unbounded_channel();
    let (signals, sender) = Signals::manual();
    let app = App::builder("app")
        .signals(signals)
        .event_delivery(Delivery::Inline)
        .observer(move |event| {
            if let Event::Dumped { tree, .. } = &event.event {
                send.send((thread::current().id(), tree.clone())).unwrap();
            }
        })
        .server(Fake::new("http"))
        .build();
    let handle = app.handle();
    let (report, ()) = tokio::join!(app.run(), async {
        handle.started().await.unwrap();
        sender.send(Signal::USR1);
        let (made_by, tree) = dumped.recv().await.unwrap();
        assert_eq!(made_by, thread::current().id());
        assert!(tree.contains("http"), "{tree}");
        handle.stop("done");
    });
    report.unwrap();
    assert_nothing_alive();
}

#[tokio::test(start_paused = true)]
async fn a_signal_is_not_lost_whenever_it_comes() {
    // Before the first hook: the handlers stand before anything else is done.
    let record = Record::default();
    let (builder, signals): (_, SignalSender) = app(&record);
    let sender = signals.clone();
    let app = builder
        .server(Fake::new("http"))
        .observer(move |event| {
            if let Event::SignalsReady { stop } = &event.event {
                assert_eq!(stop, &[Signal::TERM, Signal::INT, Signal::QUIT]);
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
        "when the app has ended, a signal goes nowhere"
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

#[tokio::test]
async fn main_inside_a_runtime_is_refused() {
    let app = App::builder("app").signals(Signals::none()).build();
    let handle = app.handle();
    let code = app.main();
    assert_eq!(
        format!("{code:?}"),
        format!("{:?}", std::process::ExitCode::FAILURE)
    );
    assert!(handle.started().await.is_err());
}
