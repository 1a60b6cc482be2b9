//! A signal takes effect while something is blocked: a thread, the runtime, an observer, the standard
//! error output.

use std::io::Write;
use std::time::Duration;

use kit_app::{App, BoxError, Event, HookContext, RunWatchdog, WatchdogEvent};
use tokio::runtime::Builder;

use crate::program::{Program, say};

#[test]
fn signals_end_the_process_even_when_the_runtime_is_blocked() {
    let mut program = Program::start("blocked");
    program.wait_for("blocking");
    program.signal("TERM");
    program.signal("QUIT");
    assert_eq!(program.signal_until_it_ends("INT"), 131);
}

#[test]
fn the_cause_of_a_stop_is_said_at_once_even_when_the_runtime_is_blocked() {
    let mut program = Program::start("blocked");
    program.wait_for("blocking");
    program.signal("TERM");
    program.wait_for("stopping: SIGTERM");
}

#[test]
fn a_signal_stops_the_app_even_when_an_observer_is_blocked() {
    let mut program = Program::start("blocked_observer");
    program.wait_for("ready");
    program.signal("TERM");
    program.wait_for("blocking");
    program.main_gave(0);
}

#[test]
fn the_task_tree_is_shown_even_when_the_runtime_is_blocked() {
    let mut program = Program::start("blocked");
    program.wait_for("blocking");
    program.signal("USR1");
    program.wait_for("dumped: ");
}

#[test]
fn the_exit_does_not_wait_for_a_reader_of_the_error() {
    let mut program = Program::start("blocked_stderr");
    program.wait_for("filled");
    program.main_gave(1);
}

#[test]
fn a_hook_that_blocks_its_thread_cannot_hold_up_a_forced_stop() {
    let mut program = Program::start("blocked_main");
    program.wait_for("blocking");
    program.signal("TERM");
    program.wait_for("stopping");
    program.signal("QUIT");
    program.main_gave(131);
}

#[test]
fn a_stop_that_hangs_ends_the_process_and_names_what_blocks_it() {
    let mut program = Program::start("blocked_workers");
    program.wait_for("blocking");
    program.signal("TERM");
    assert_eq!(program.code(), 1);
    let said = program.said();
    assert!(said.contains("the stop is overdue by 1."), "{said}");
    let suspect = "task app/hooks/after_start/block/busy (spawned at crates/kit-app/tests/";
    assert!(said.contains(suspect), "{said}");
    assert!(said.contains("IN A POLL"), "{said}");
}

#[test]
fn an_app_that_is_run_can_have_a_watchdog_that_ends_the_process() {
    let mut program = Program::start("blocked_run");
    program.wait_for("blocking");
    program.signal("TERM");
    assert_eq!(program.code(), 1);
    let said = program.said();
    assert!(said.contains("the stop is overdue by 1."), "{said}");
}

#[test]
fn a_forced_stop_that_hangs_ends_the_process_with_the_signals_code() {
    let mut program = Program::start("blocked_workers");
    program.wait_for("blocking");
    program.signal("TERM");
    program.wait_for("stopping");
    program.signal("QUIT");
    assert_eq!(program.code(), 131);
}

#[test]
fn a_stop_that_was_asked_for_before_the_run_has_its_backstop() {
    let mut program = Program::start("asked_before");
    program.wait_for("blocking");
    assert_eq!(program.code(), 1);
}

#[test]
fn a_poll_that_does_not_return_is_reported_while_the_app_runs() {
    let mut program = Program::start("blocked_workers");
    program.wait_for("noticed: app/hooks/after_start/block/busy");
}

pub(crate) fn blocked() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let app = App::builder("app")
        .apply(say)
        .before_start("block", |_| async {
            println!("blocking");
            std::thread::sleep(Duration::from_secs(60));
            Ok(())
        })
        .build();
    let _ = runtime.block_on(app.run());
}

pub(crate) fn blocked_observer() {
    let app = App::builder("app").apply(say).observer(|event| {
        if matches!(event.event, Event::StopAsked { .. }) {
            println!("blocking");
            std::thread::sleep(Duration::from_secs(60));
        }
    });
    println!("ended: {:?}", app.build().main());
}

/// Fails when nothing more goes into the pipe.
pub(crate) fn blocked_stderr() {
    let app = App::builder("app").before_start("fail", |_| async {
        std::io::stderr().write_all(&[b'x'; PIPE])?;
        println!("filled");
        Err("failed".into())
    });
    println!("ended: {:?}", app.build().main());
}

/// What fits into a pipe (Linux).
const PIPE: usize = 65_536;

pub(crate) fn blocked_main() {
    let app = App::builder("app")
        .apply(say)
        .before_start("block", |_| async {
            println!("blocking");
            std::thread::sleep(Duration::from_secs(60));
            Ok(())
        });
    println!("ended: {:?}", app.build().main());
}

/// Leaves the runtime no thread, not even for its timers.
pub(crate) fn blocked_workers() {
    let app = App::builder("app")
        .stop_timeout(Duration::from_secs(1))
        .apply(say)
        .observer(|event| {
            if let Event::Watchdog(WatchdogEvent::StuckPoll(stuck)) = &event.event {
                println!("noticed: {}", stuck.path);
            }
        })
        .after_start("block", block_all_workers);
    let code = app.build().main();
    // Of a runtime that was left with a free thread after all.
    println!("ended: {code:?}");
}

/// The runtime is the program's.
pub(crate) fn blocked_run() {
    let app = App::builder("app")
        .stop_timeout(Duration::from_secs(1))
        .run_watchdog(RunWatchdog::EndsProcess)
        .after_start("block", block_all_workers)
        .build();
    let runtime = Builder::new_multi_thread().enable_all().build().unwrap();
    println!("ended: {:?}", runtime.block_on(app.run()));
}

pub(crate) fn asked_before() {
    let app = App::builder("app")
        .stop_timeout(Duration::from_secs(1))
        .after_stop("block", block_all_workers)
        .build();
    app.handle().stop("before it ran");
    println!("ended: {:?}", app.main());
}

async fn block_all_workers(hook: HookContext) -> Result<(), BoxError> {
    let workers = std::thread::available_parallelism()?.get();
    for _ in 0..2 * workers {
        hook.scope().spawn("busy", async {
            println!("blocking");
            std::thread::sleep(Duration::from_secs(60));
        });
    }
    Ok(())
}
