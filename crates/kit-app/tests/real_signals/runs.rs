//! Several runs, the time after the last, and handlers of the program's own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use kit_app::{AfterRun, App, Cause, Signal, Signals};
use signal_hook::consts::SIGINT;

use crate::program::{Program, say};

#[test]
fn signals_stop_one_run_after_another_and_have_their_default_action_after_the_last() {
    for (signal, number) in [
        ("TERM", 15),
        ("INT", 2),
        ("QUIT", 3),
        ("HUP", 1),
        ("USR1", 10),
    ] {
        let mut program = Program::start("two_runs");
        for _ in 0..2 {
            program.wait_for("ready");
            program.signal("TERM");
            program.wait_for("stopped by SIGTERM");
        }
        program.wait_for("between runs");
        program.signal(signal);
        assert_eq!(program.killed_by(), number, "{signal}");
    }
}

#[test]
fn a_handler_that_the_program_had_before_has_its_signal_after_the_run() {
    let mut program = Program::start("own_handler_before");
    program.wait_for("ready");
    program.signal("TERM");
    program.wait_for("between runs");
    program.signal("INT");
    program.wait_for("my own handler");
    assert!(program.end().success());
}

#[test]
fn a_handler_that_the_program_made_later_has_its_signal_when_the_option_says_so() {
    let mut program = Program::start("own_handler_after");
    program.wait_for("ready");
    program.signal("TERM");
    program.wait_for("between runs");
    program.signal("INT");
    program.wait_for("my own handler");
    assert!(program.end().success());
}

#[test]
fn an_app_without_signals_leaves_them_to_the_handler_that_its_build_made() {
    let mut program = Program::start("own_handler_in_the_build");
    program.wait_for("ready");
    program.signal("INT");
    program.wait_for("stopping: my own handler");
    program.main_gave(0);
}

#[test]
fn a_signal_of_the_apps_own_choice_stops_it_and_one_that_it_gives_up_has_its_default_action() {
    let mut program = Program::start("usr2");
    program.wait_for("ready");
    program.signal("USR2");
    program.wait_for("stopping: SIGUSR2");
    program.main_gave(0);

    let mut program = Program::start("usr2");
    program.wait_for("ready");
    program.signal("USR1");
    assert_eq!(program.killed_by(), 10);
}

#[test]
fn an_app_without_signals_has_their_default_action() {
    for role in ["none", "none_after_a_build"] {
        let mut program = Program::start(role);
        program.wait_for("ready");
        program.signal("TERM");
        assert_eq!(program.killed_by(), 15, "{role}");
    }
}

#[test]
fn a_signal_after_main_changes_nothing_of_how_the_process_ends() {
    let mut program = Program::start("after_main");
    program.wait_for("ready");
    program.signal("TERM");
    program.wait_for("ended: ExitCode(unix_exit_status(0))");
    for signal in ["TERM", "INT", "QUIT", "HUP", "USR1"] {
        program.signal(signal);
    }
    program.wait_for("going on");
    assert!(program.end().success());
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap()
}

pub(crate) fn two_runs() {
    let runtime = runtime();
    for _ in 0..2 {
        let app = App::builder("app").apply(say).build();
        let report = runtime.block_on(app.run()).unwrap();
        assert_eq!(report.cause, Some(Cause::Signal(15)));
        println!("stopped by {}", report.cause.unwrap());
    }
    println!("between runs");
    std::thread::sleep(Duration::from_secs(60));
}

pub(crate) fn own_handler_before() {
    let seen = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(SIGINT, Arc::clone(&seen)).unwrap();
    let app = App::builder("app").apply(say).build();
    runtime().block_on(app.run()).unwrap();
    wait_for(&seen);
}

pub(crate) fn own_handler_after() {
    let seen = Arc::new(AtomicBool::new(false));
    let handler = Arc::clone(&seen);
    let app = App::builder("app")
        .apply(say)
        .signals(Signals::os().after_run(AfterRun::Nothing))
        .before_start("handler", |_| async move {
            signal_hook::flag::register(SIGINT, handler)?;
            Ok(())
        })
        .build();
    runtime().block_on(app.run()).unwrap();
    wait_for(&seen);
}

fn wait_for(seen: &AtomicBool) {
    println!("between runs");
    while !seen.load(Ordering::SeqCst) {
        std::thread::sleep(Duration::from_millis(1));
    }
    println!("my own handler");
}

pub(crate) fn own_handler_in_the_build() {
    let code = App::main_with(|| async {
        let mut interrupts = signal_hook::iterator::Signals::new([SIGINT])?;
        let app = App::builder("app")
            .apply(say)
            .signals(Signals::none())
            .before_start("handler", |hook| async move {
                let handle = hook.handle().clone();
                hook.scope().spawn_thread("handler", move |_| {
                    if interrupts.forever().next().is_some() {
                        handle.stop("my own handler");
                    }
                })?;
                Ok(())
            });
        Ok(app.build())
    });
    println!("ended: {code:?}");
}

pub(crate) fn usr2() {
    let code = App::main_with(|| async {
        let signals = Signals::os()
            .stop([Signal::TERM, Signal::USR2])
            .dump([] as [Signal; 0]);
        Ok(App::builder("app").apply(say).signals(signals).build())
    });
    println!("ended: {code:?}");
}

pub(crate) fn none() {
    let app = App::builder("app").apply(say).signals(Signals::none());
    println!("ended: {:?}", app.build().main());
}

pub(crate) fn none_after_a_build() {
    let code = App::main_with(|| async {
        let signals = Signals::none().after_run(AfterRun::DefaultAction);
        Ok(App::builder("app").apply(say).signals(signals).build())
    });
    println!("ended: {code:?}");
}

pub(crate) fn after_main() {
    println!("ended: {:?}", App::builder("app").apply(say).build().main());
    // It goes on for long enough to be hit.
    std::thread::sleep(Duration::from_millis(500));
    println!("going on");
}
