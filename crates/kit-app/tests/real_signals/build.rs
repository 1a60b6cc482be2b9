//! Signals while `main_with` builds the app.

use std::future::pending;
use std::process::Command;
use std::time::Duration;

use kit_app::{App, Signals};
use tokio::time::Instant;

use crate::hang_up::{setsid, terminal};
use crate::program::{APART, Program, not_run, say};

#[test]
fn a_stop_drops_the_build_with_0_and_a_line() {
    for name in ["TERM", "INT", "QUIT"] {
        let mut program = Program::start("building");
        program.wait_for("building");
        program.signal(name);
        program.wait_for("build dropped");
        program.main_gave(0);
        let line = format!("stopped before the app was built (SIG{name})");
        assert!(program.said().contains(&line));
    }
}

#[test]
fn a_hang_up_while_the_app_is_built_does_not_end_it() {
    let mut program = Program::start("building");
    program.wait_for("building");
    program.signal("HUP");
    program.signal("USR1");
    program.signal("TERM");
    program.wait_for("build dropped");
    program.main_gave(0);
}

#[test]
fn the_loss_of_the_terminal_drops_the_build() {
    let Some(setsid) = setsid("the_loss_of_the_terminal_drops_the_build") else {
        return;
    };
    let (master, terminal) = terminal();
    let mut program = Program::start_with(&[setsid, "-c"], "building", |command| {
        command.stdin(terminal);
    });
    program.wait_for("building");
    drop(master);
    program.wait_for("build dropped");
    program.main_gave(0);
    let said = program.said();
    assert!(
        said.contains("stopped before the app was built (SIGHUP)"),
        "{said}"
    );
}

#[test]
fn a_build_that_blocks_its_thread_is_ended_after_five_seconds_with_1_and_a_line() {
    let mut program = Program::start("blocked_build");
    program.wait_for("building");
    let asked = Instant::now();
    program.signal("TERM");
    assert_eq!(program.code(), 1);
    let took = asked.elapsed();
    assert!(took >= Duration::from_secs(5), "too soon: {took:?}");
    let said = program.said();
    let line = "a stop was asked for (SIGTERM), and the build of the app has blocked its thread";
    assert!(said.contains(line), "{said}");
}

#[test]
fn a_build_that_blocks_its_thread_is_ended_at_once_by_a_forced_stop() {
    let mut program = Program::start("blocked_build");
    program.wait_for("building");
    program.signal("INT");
    std::thread::sleep(APART);
    program.signal("INT");
    assert_eq!(program.code(), 130);
    // It is what five seconds without an end are answered with.
    let said = program.said();
    assert!(!said.contains("has blocked its thread"), "{said}");

    let mut program = Program::start("blocked_build");
    program.wait_for("building");
    program.signal("TERM");
    program.signal("QUIT");
    assert_eq!(program.code(), 131);
}

#[test]
fn a_signal_between_the_build_and_the_run_is_one_of_the_run() {
    for role in ["handed_over", "handed_over_to_none"] {
        let mut program = Program::start(role);
        program.wait_for("stopping: SIGTERM");
        program.wait_for("stopped: 0");
        program.main_gave(0);
    }
}

#[test]
fn the_first_process_of_a_container_hears_a_stop_while_it_is_built() {
    let test = "the_first_process_of_a_container_hears_a_stop_while_it_is_built";
    let unshare = ["unshare", "--fork", "--pid", "--kill-child"];
    let tried = Command::new(unshare[0])
        .args(&unshare[1..])
        .arg("true")
        .output();
    match tried {
        Ok(tried) if tried.status.success() => {}
        tried => {
            not_run(test, &format!("no namespace of processes: {tried:?}"));
            return;
        }
    }
    let mut program = Program::start_by(&unshare, "building");
    let seen = program.wait_for("building as 1, outside ");
    program.pid = seen.parse().unwrap();
    program.signal("TERM");
    program.wait_for("build dropped");
    program.main_gave(0);
}

struct Dropped;

impl Drop for Dropped {
    fn drop(&mut self) {
        println!("build dropped");
    }
}

pub(crate) fn building() {
    let code = App::main_with(|| async {
        let _dropped = Dropped;
        // The number in the namespace whose `/proc` this is.
        let outside = std::fs::read_link("/proc/self").unwrap_or_default();
        println!(
            "building as {}, outside {}",
            std::process::id(),
            outside.display()
        );
        pending().await
    });
    println!("ended: {code:?}");
}

pub(crate) fn blocked_build() {
    let code = App::main_with(|| async {
        println!("building");
        std::thread::sleep(Duration::from_secs(60));
        Ok(App::builder("app").build())
    });
    println!("ended: {code:?}");
}

pub(crate) fn handed_over() {
    hand_over(Signals::os());
}

pub(crate) fn handed_over_to_none() {
    hand_over(Signals::none());
}

/// The signal comes when nothing looks at the build any more, and there is no run yet.
fn hand_over(signals: Signals) {
    let code = App::main_with(|| async move {
        let app = App::builder("app").apply(say).signals(signals).build();
        signal_hook::low_level::raise(signal_hook::consts::SIGTERM)?;
        Ok(app)
    });
    println!("ended: {code:?}");
}
