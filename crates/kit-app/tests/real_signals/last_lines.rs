//! The last lines of a program that logs: the end in one line, and the report where there is a reason.

use kit_app::{App, AppBuilder};
use tracing::Level;

use crate::program::{Program, say};

/// The lines of a program from the one that says that it has stopped.
fn last_lines(role: &str, code: i32) -> Vec<String> {
    let mut program = Program::start(role);
    program.wait_for("ready: stop with");
    program.signal("TERM");
    program.wait_for(" stopped took=");
    let mut lines = program.rest();
    let end = format!("ended: ExitCode(unix_exit_status({code}))");
    let end = lines.iter().position(|line| line.contains(&end));
    lines.truncate(end.expect("main has returned"));
    lines
}

#[test]
fn a_good_end_has_one_line_and_its_report_only_for_debugging() {
    assert_eq!(last_lines("logs_info", 0), [""; 0]);

    let lines = last_lines("logs_debug", 0);
    assert!(lines[0].contains("DEBUG app{service=\"app\" "), "{lines:?}");
    assert!(lines[0].contains("app stopped (SIGTERM) in "), "{lines:?}");
}

#[test]
fn an_end_with_a_failure_has_its_report_in_the_log() {
    report_of_a_failure(&last_lines("logs_failure", 1));
}

#[track_caller]
fn report_of_a_failure(lines: &[String]) {
    assert!(lines[0].contains("WARN app{service=\"app\" "), "{lines:?}");
    assert!(
        lines[0].ends_with(", exit code 1") && lines[0].contains("app stopped (SIGTERM) in "),
        "{lines:?}"
    );
    assert_eq!(
        lines[1],
        "  failed: after_stop hook `flush` failed: disk full"
    );
}

#[test]
fn a_log_of_errors_alone_has_each_failure_once() {
    let mut program = Program::start("logs_errors");
    program.wait_for("ready");
    program.signal("TERM");
    let lines = program.rest();
    let of_failure = lines.iter().filter(|line| line.contains("disk full"));
    assert_eq!(of_failure.count(), 1, "{lines:#?}");
}

fn log(level: Level, app: AppBuilder) {
    tracing_subscriber::fmt()
        .with_ansi(false)
        .with_max_level(level)
        .init();
    println!("ended: {:?}", app.build().main());
}

pub(crate) fn logs_info() {
    log(Level::INFO, App::builder("app"));
}

pub(crate) fn logs_debug() {
    log(Level::DEBUG, App::builder("app"));
}

fn fails_at_the_end() -> AppBuilder {
    App::builder("app").after_stop("flush", |_| async { Err("disk full".into()) })
}

pub(crate) fn logs_failure() {
    log(Level::INFO, fails_at_the_end());
}

/// What shows its readiness is no line of the log.
pub(crate) fn logs_errors() {
    log(Level::ERROR, say(fails_at_the_end()));
}
