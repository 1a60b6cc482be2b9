//! The last lines of a program that logs: the end in one line, and the report where there is a reason.

use kit_app::App;
use tracing::Level;

use crate::program::Program;

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
    let lines = last_lines("logs_failure", 1);
    assert!(lines[0].contains(" WARN app{service=\"app\" "), "{lines:?}");
    assert!(
        lines[0].ends_with(", exit code 1") && lines[0].contains("app stopped (SIGTERM) in "),
        "{lines:?}"
    );
    assert_eq!(
        lines[1],
        "  failed: after_stop hook `flush` failed: disk full"
    );
}

fn log(level: Level, app: kit_app::AppBuilder) {
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

pub(crate) fn logs_failure() {
    let app = App::builder("app").after_stop("flush", |_| async { Err("disk full".into()) });
    log(Level::INFO, app);
}
