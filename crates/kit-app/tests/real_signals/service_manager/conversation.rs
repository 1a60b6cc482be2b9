//! Each message, and their order.

use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use kit_app::{BoxError, HookContext};
use nix::time::{ClockId, clock_gettime};

use super::{Manager, app, has, states, wait_for_go};

fn monotonic_usec() -> u128 {
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC).unwrap();
    Duration::from(now).as_micros()
}

/// The value of the line, which is in one of the messages.
#[track_caller]
fn value(messages: &[String], key: &str) -> u128 {
    let mut lines = messages.iter().flat_map(|message| message.lines());
    let value = lines.find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    value
        .unwrap_or_else(|| panic!("no {key} in {messages:#?}"))
        .parse()
        .unwrap()
}

#[test]
fn a_start_a_reload_that_fails_and_a_stop_have_messages_in_order() {
    let manager = Manager::new();
    let mut program = manager.start("notified");
    let start = manager.until(|message| has(message, "READY=1"));
    assert_eq!(start.last().unwrap(), "READY=1\nSTATUS=ready");
    assert_eq!(states(&start), ["READY=1"]);
    program.wait_for("ready");

    for _ in 0..2 {
        let before = monotonic_usec();
        program.signal("HUP");
        let reload = manager.until(|message| has(message, "READY=1"));
        assert_eq!(states(&reload), ["RELOADING=1", "READY=1"]);
        let begun = value(&reload, "MONOTONIC_USEC");
        assert!((before..=monotonic_usec()).contains(&begun), "{reload:#?}");
        assert_eq!(
            reload.last().unwrap(),
            "READY=1\nSTATUS=ready; the last reload has failed: reload hook `fails` failed: no such file"
        );
    }

    program.signal("TERM");
    let stop = manager.to_the_end("STATUS=stopped with exit code 0");
    // The status of the reload may come once more.
    let first = stop.iter().find(|message| message.contains("stop"));
    assert!(has(first.unwrap(), "STOPPING=1"), "{stop:#?}");
    assert_eq!(states(&stop), ["STOPPING=1"]);
    program.main_gave(0);
}

#[test]
fn a_stop_that_takes_long_is_given_its_time_and_says_what_it_waits_for() {
    let manager = Manager::new();
    let mut program = manager.start("notified_stops_late");
    manager.until(|message| has(message, "READY=1"));
    program.signal("TERM");
    let (go, _) = manager.go.accept().unwrap();
    let waiting = "STATUS=stopping (SIGTERM): lame duck; waiting for before_stop hook `go` to end (2s so far)";
    let stop = manager.until(|message| has(message, waiting));
    assert!(has(&stop[0], "STOPPING=1"), "{stop:#?}");
    // 20 s are the stop's, of which it asks for a part at a time.
    assert_eq!(value(&stop, "EXTEND_TIMEOUT_USEC"), 15_000_000);
    drop(go);
    manager.to_the_end("STATUS=stopped with exit code 0");
    program.main_gave(0);
}

#[test]
fn a_signal_that_finds_nothing_to_reload_is_answered_as_a_reload() {
    let manager = Manager::new();
    let mut program = manager.start("notified_without_hooks");
    manager.until(|message| has(message, "READY=1"));
    let before = monotonic_usec();
    program.signal("HUP");
    let reload = manager.until(|message| has(message, "READY=1"));
    assert_eq!(states(&reload), ["RELOADING=1", "READY=1"]);
    assert!(value(&reload, "MONOTONIC_USEC") >= before);
    assert_eq!(
        reload.last().unwrap(),
        "READY=1\nSTATUS=ready; there was nothing to reload"
    );
    program.signal("TERM");
    program.main_gave(0);
}

#[test]
fn an_abstract_socket_hears_the_same() {
    let name = format!("kit-test-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).unwrap();
    let socket = UnixDatagram::bind_addr(&address).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let manager = Manager::with(socket, format!("@{name}"), directory);
    let mut program = manager.start("notified");
    manager.until(|message| has(message, "READY=1"));
    program.signal("TERM");
    let stop = manager.to_the_end("STATUS=stopped with exit code 0");
    assert_eq!(states(&stop), ["STOPPING=1"]);
    program.main_gave(0);
}

/// It runs, and what its start waits for has a name and more time.
#[test]
fn the_message_of_readiness_comes_when_the_app_is_ready_and_not_when_it_runs() {
    let manager = Manager::new();
    let mut program = manager.start("notified_waits");
    let (go, _) = manager.go.accept().unwrap();
    let waiting = "STATUS=starting; waiting for after_start hook `go` to end (2s so far)";
    let start = manager.until(|message| has(message, waiting));
    assert_eq!(states(&start), [""; 0]);
    // The limit of a hook is 5 min, and that of the registration before it 8 s.
    let asked = value(&start, "EXTEND_TIMEOUT_USEC");
    assert!((12_000_000..=15_000_000).contains(&asked), "{asked}");
    drop(go);
    manager.until(|message| message == "READY=1\nSTATUS=ready");
    program.signal("TERM");
    program.main_gave(0);
}

#[test]
fn a_step_is_given_no_more_time_than_its_own_limit_and_a_little() {
    let manager = Manager::new();
    let mut program = manager.start("notified_limited");
    let (_go, _) = manager.go.accept().unwrap();
    let start = manager.to_the_end("STATUS=failed with exit code 1: before_start hook `go`");
    let asked = value(&start, "EXTEND_TIMEOUT_USEC");
    assert!((5_000_000..=9_000_000).contains(&asked), "{asked}");
    assert_eq!(states(&start), ["STOPPING=1"]);
    let before = start
        .iter()
        .position(|message| has(message, "STOPPING=1"))
        .unwrap();
    let extensions = start[..before]
        .iter()
        .filter(|message| has(message, "EXTEND"));
    assert_eq!(extensions.count(), 1, "{start:#?}");
    program.main_gave(1);
}

#[test]
fn a_drain_and_its_end_are_in_the_status() {
    let manager = Manager::new();
    let mut program = manager.start("notified_drains");
    manager.until(|message| has(message, "READY=1"));
    program.signal("HUP");
    manager.until(|message| has(message, "STATUS=not ready: drained (maintenance)"));
    program.signal("HUP");
    let undrained = manager.until(|message| has(message, "STATUS=ready; reloaded"));
    assert!(!states(&undrained).contains(&"STOPPING=1"));
    program.signal("TERM");
    program.main_gave(0);
}

#[test]
fn a_start_that_fails_leaves_its_reason_in_the_status() {
    let manager = Manager::new();
    let mut program = manager.start("notified_fails");
    let all = manager.to_the_end("STATUS=failed with exit code 1: before_start hook `migrate`");
    assert_eq!(states(&all), ["STOPPING=1"]);
    // Its status is the newest, which may be the last one already.
    let stopping = all.iter().find(|message| has(message, "STOPPING=1"));
    assert!(stopping.unwrap().contains("table is locked"), "{all:#?}");
    assert!(all.last().unwrap().ends_with("table is locked"), "{all:#?}");
    program.main_gave(1);
}

#[test]
fn an_app_that_is_refused_leaves_its_reason_in_the_status() {
    let manager = Manager::new();
    let mut program = manager.start("notified_refused");
    let all = manager.to_the_end("STATUS=failed with exit code 1: option `stop_timeout` is 0s");
    assert_eq!(states(&all), ["STOPPING=1"]);
    program.main_gave(1);
}

pub(super) fn notified() {
    let app = app()
        .on_reload("config", async |_| Ok(()))
        .on_reload("fails", async |_| Err("no such file".into()));
    println!("ended: {:?}", app.build().main());
}

pub(super) fn notified_without_hooks() {
    println!("ended: {:?}", app().build().main());
}

/// Waits for the test, or for a stop.
async fn go(hook: HookContext) -> Result<(), BoxError> {
    let waiting = hook.scope().spawn_thread("go", |_| Ok(wait_for_go()?))?;
    let token = hook.scope().token();
    Ok(token.run_until_cancelled(waiting).await.unwrap_or(Ok(()))?)
}

pub(super) fn notified_waits() {
    println!("ended: {:?}", app().after_start("go", go).build().main());
}

pub(super) fn notified_limited() {
    let app = app()
        .hook_timeout(Duration::from_secs(4))
        .stop_timeout(Duration::from_secs(2))
        .before_start("go", go);
    println!("ended: {:?}", app.build().main());
}

pub(super) fn notified_stops_late() {
    let app = app().before_stop("go", go);
    println!("ended: {:?}", app.build().main());
}

/// Each second reload ends the drain of the one before.
pub(super) fn notified_drains() {
    let is_drained = AtomicBool::new(false);
    let app = app().on_reload("drain", move |hook| {
        if is_drained.fetch_xor(true, Ordering::Relaxed) {
            let _ = hook.handle().undrain();
        } else {
            hook.handle().drain("maintenance");
        }
        async { Ok(()) }
    });
    println!("ended: {:?}", app.build().main());
}

pub(super) fn notified_fails() {
    let app = app().before_start("migrate", |_| async { Err("table is locked".into()) });
    println!("ended: {:?}", app.build().main());
}

pub(super) fn notified_refused() {
    let app = app().stop_timeout(Duration::ZERO);
    println!("ended: {:?}", app.build().main());
}
