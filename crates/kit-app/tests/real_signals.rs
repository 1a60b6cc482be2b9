//! Real signals to a real process: this test program, started again in another role.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Lines, Read};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use kit_app::{App, BoxError, Cause, Event, HookContext, WatchdogEvent};

const ROLE: &str = "KIT_TEST_ROLE";

#[test]
fn signals_stop_one_run_after_another_and_have_their_default_action_after_the_last() {
    let mut program = Program::start("two_runs");
    for _ in 0..2 {
        program.wait_for("running");
        program.signal("TERM");
        program.wait_for("stopped by SIGTERM");
    }
    program.wait_for("between runs");
    program.signal("TERM");
    assert_eq!(program.child.wait().unwrap().signal(), Some(15));
}

#[test]
fn three_signals_end_the_process_even_when_the_runtime_is_blocked() {
    let mut program = Program::start("blocked");
    program.wait_for("blocking");
    // In whichever order the system hands them over.
    for signal in ["TERM", "INT", "QUIT"] {
        program.signal(signal);
    }
    let code = program.child.wait().unwrap().code();
    assert!([130, 131, 143].map(Some).contains(&code), "{code:?}");
}

#[test]
fn a_hook_that_blocks_its_thread_cannot_hold_up_a_forced_stop() {
    let mut program = Program::start("blocked_main");
    program.wait_for("blocking");
    program.signal("TERM");
    program.wait_for("stopping");
    program.signal("INT");
    program.wait_for("ended with ExitCode(unix_exit_status(130))");
}

#[test]
fn a_stop_that_hangs_ends_the_process_and_names_what_blocks_it() {
    let mut program = Program::start("blocked_workers");
    program.wait_for("blocking");
    program.signal("TERM");
    assert_eq!(program.child.wait().unwrap().code(), Some(1));
    let said = program.said();
    assert!(said.contains("the stop is overdue by 1."), "{said}");
    let suspect = "task app/hooks/after_start/block/busy (spawned at crates/kit-app/tests/";
    assert!(said.contains(suspect), "{said}");
    assert!(said.contains("IN A POLL"), "{said}");
}

#[test]
fn a_forced_stop_that_hangs_ends_the_process_with_the_signals_code() {
    let mut program = Program::start("blocked_workers");
    program.wait_for("blocking");
    program.signal("TERM");
    program.wait_for("stopping");
    program.signal("INT");
    let code = program.child.wait().unwrap().code();
    assert_eq!(code, Some(130), "{}", program.said());
}

#[test]
fn a_stop_that_was_asked_for_before_the_run_has_its_backstop() {
    let mut program = Program::start("asked_before");
    program.wait_for("blocking");
    let code = program.child.wait().unwrap().code();
    assert_eq!(code, Some(1), "{}", program.said());
}

#[test]
fn a_poll_that_does_not_return_is_told_while_the_app_runs() {
    let mut program = Program::start("blocked_workers");
    program.wait_for("noticed: app/hooks/after_start/block/busy");
    program.signal("KILL");
    program.child.wait().unwrap();
}

/// What the tests above start; by itself it does nothing.
#[test]
#[ignore = "a program for the other tests"]
fn program() {
    match std::env::var(ROLE).as_deref() {
        Ok("two_runs") => two_runs(),
        Ok("blocked") => blocked(),
        Ok("blocked_main") => blocked_main(),
        Ok("blocked_workers") => blocked_workers(),
        Ok("asked_before") => asked_before(),
        _ => {}
    }
}

fn two_runs() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    for _ in 0..2 {
        let app = App::builder("app")
            .after_start("tell", |_| async {
                println!("running");
                Ok(())
            })
            .build();
        let report = runtime.block_on(app.run()).unwrap();
        assert_eq!(report.cause, Some(Cause::Signal(15)));
        println!("stopped by {}", report.cause.unwrap());
    }
    println!("between runs");
    std::thread::sleep(Duration::from_secs(60));
}

fn blocked() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let app = App::builder("app")
        .before_start("block", |_| async {
            println!("blocking");
            std::thread::sleep(Duration::from_secs(60));
            Ok(())
        })
        .build();
    let _ = runtime.block_on(app.run());
}

fn blocked_main() {
    let app = App::builder("app")
        .observer(|event| {
            if matches!(event.event, Event::StopAsked { .. }) {
                println!("stopping");
            }
        })
        .before_start("block", |_| async {
            println!("blocking");
            std::thread::sleep(Duration::from_secs(60));
            Ok(())
        });
    println!("ended with {:?}", app.build().main());
}

/// Leaves the runtime no thread, not even for its timers.
fn blocked_workers() {
    let app = App::builder("app")
        .stop_timeout(Duration::from_secs(1))
        .observer(|stamped| match &stamped.event {
            Event::StopAsked { .. } => println!("stopping"),
            Event::Watchdog(WatchdogEvent::StuckPoll(stuck)) => println!("noticed: {}", stuck.path),
            _ => {}
        })
        .after_start("block", block_all_workers);
    let code = app.build().main();
    // Of a runtime that was left with a free thread after all.
    println!("ended with {code:?}");
}

fn asked_before() {
    let app = App::builder("app")
        .stop_timeout(Duration::from_secs(1))
        .after_stop("block", block_all_workers)
        .build();
    app.handle().stop("before it ran");
    println!("ended with {:?}", app.main());
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

struct Program {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Program {
    fn start(role: &str) -> Program {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "program", "--nocapture"])
            .env(ROLE, role)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Program { child, lines }
    }

    #[track_caller]
    fn wait_for(&mut self, text: &str) {
        let found = self
            .lines
            .by_ref()
            .any(|line| line.unwrap().ends_with(text));
        assert!(found, "the program ended without saying `{text}`");
    }

    /// What an ended program has written on its standard error output.
    fn said(&mut self) -> String {
        let mut said = String::new();
        let mut stderr = self.child.stderr.take().unwrap();
        stderr.read_to_string(&mut said).unwrap();
        said
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill")
            .args(["-s", name, &pid])
            .status()
            .unwrap();
        assert!(sent.success());
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
