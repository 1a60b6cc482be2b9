//! Pings, which are bound to the progress of the runtime.

use std::time::Duration;

use kit_app::{Event, RuntimeOptions, WatchdogEvent, WatchdogOptions};

use super::{Manager, app, has, wait_for_go};

/// A fifth of a second: pings come ten times a second.
const WATCHDOG: (&str, &str) = ("WATCHDOG_USEC", "200000");

#[test]
fn a_blocked_runtime_sends_no_ping_and_one_that_is_back_does() {
    let manager = Manager::new();
    // The id of the process is that of the shell that it replaces.
    let shell = ["sh", "-c", r#"WATCHDOG_PID=$$ exec "$0" "$@""#];
    let mut program = manager.start_with(&shell, "notified_blocks", &[WATCHDOG]);
    manager.until(|message| has(message, "READY=1"));
    for _ in 0..3 {
        manager.until(|message| message == "WATCHDOG=1");
    }
    program.signal("HUP");
    let (go, _) = manager.go.accept().unwrap();
    manager.until(|message| {
        has(
            message,
            "STATUS=not live: the runtime has polled nothing for 1.",
        )
    });
    // Two seconds and more of the blocked runtime, in which twenty pings would have come.
    program.wait_for("silent");
    program.wait_for("silent for long");
    drop(go);
    let blocked = manager.until(|message| has(message, "READY=1"));
    // The end of the reload has its message at once; the runtime may be seen to be back a moment before.
    let pings = blocked.iter().filter(|message| *message == "WATCHDOG=1");
    assert!(pings.count() <= 2, "{blocked:#?}");
    manager.until(|message| message == "WATCHDOG=1");
    program.signal("TERM");
    program.main_gave(0);
}

#[test]
fn a_watchdog_that_is_meant_for_another_process_hears_nothing() {
    let manager = Manager::new();
    let mut program = manager.start_with(
        &[],
        "notified_without_hooks",
        &[WATCHDOG, ("WATCHDOG_PID", "1")],
    );
    let mut all = manager.until(|message| has(message, "READY=1"));
    program.wait_for("ready");
    program.signal("HUP");
    all.extend(manager.until(|message| has(message, "READY=1")));
    program.signal("TERM");
    all.extend(manager.to_the_end("STATUS=stopped with exit code 0"));
    assert!(
        !all.iter().any(|message| has(message, "WATCHDOG")),
        "{all:#?}"
    );
    program.main_gave(0);
}

pub(super) fn notified_blocks() {
    let runtime = RuntimeOptions {
        current_thread: true,
        ..RuntimeOptions::default()
    };
    let watchdog = WatchdogOptions {
        poll_limit: Duration::from_secs(3),
        tick_limit: Duration::from_secs(2),
        ..WatchdogOptions::default()
    };
    let app = app()
        .runtime(runtime)
        .watchdog(watchdog)
        .observer(|event| match &event.event {
            Event::Watchdog(WatchdogEvent::RuntimeSilent { .. }) => println!("silent"),
            Event::Watchdog(WatchdogEvent::StuckPoll(_)) => println!("silent for long"),
            _ => {}
        })
        .on_reload("block", async |_| Ok(wait_for_go()?));
    println!("ended: {:?}", app.build().main());
}
