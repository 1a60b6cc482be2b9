//! The file in which Kubernetes finds the reason of a failed end.

use std::time::Duration;

use kit_app::App;

use super::app;
use crate::program::Program;

const FILE: &str = "KIT_TEST_MESSAGE";

fn start(role: &str, path: &std::path::Path) -> Program {
    Program::start_with(&[], role, |command| {
        command.env(FILE, path);
    })
}

#[test]
fn a_failed_end_leaves_its_failures_in_order() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("message");
    let mut program = start("failing_with_message", &path);
    program.main_gave(1);
    let message = std::fs::read_to_string(&path).unwrap();
    assert_eq!(
        message,
        "before_start hook `migrate` failed: table is locked\nafter_stop hook `flush` failed: disk is full"
    );
}

#[test]
fn a_file_that_cannot_be_written_changes_nothing_and_has_a_line() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("no such directory/message");
    let mut program = start("failing_with_message", &path);
    program.wait_for("remark: the termination message was not written to ");
    program.main_gave(1);
}

/// Nothing reads it, and so the write does not begin.
#[test]
fn a_file_that_blocks_its_writer_does_not_hold_up_the_exit() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&path).status();
    assert!(made.unwrap().success());
    let mut program = start("failing_with_message", &path);
    program.wait_for("remark: the termination message was not written to ");
    program.main_gave(1);
}

#[test]
fn a_stop_that_hangs_leaves_what_blocks_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("message");
    let mut program = start("overdue_with_message", &path);
    program.wait_for("ready");
    program.signal("TERM");
    assert_eq!(program.code(), 1);
    let message = std::fs::read_to_string(&path).unwrap();
    assert!(message.contains("the stop is overdue by 1."), "{message}");
}

#[test]
fn a_clean_end_leaves_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("message");
    let mut program = Program::start_with(&[], "overdue_with_message", |command| {
        command.env(FILE, &path).env("KIT_TEST_CLEAN", "yes");
    });
    program.wait_for("ready");
    program.signal("TERM");
    program.main_gave(0);
    assert!(!path.exists());
}

/// The kubelet makes the file; one that is not there is not made. What the test can see here is that the end
/// is the same.
#[test]
fn an_app_that_could_not_be_built_ends_the_same_in_kubernetes() {
    let was_there = std::path::Path::new("/dev/termination-log").exists();
    let mut program = Program::start_with(&[], "unbuilt", |command| {
        command.env("KUBERNETES_SERVICE_HOST", "10.0.0.1");
    });
    program.main_gave(1);
    assert!(was_there || !std::path::Path::new("/dev/termination-log").exists());
}

pub(super) fn failing_with_message() {
    let app = app()
        .termination_message(std::env::var(FILE).unwrap())
        .before_start("migrate", |_| async { Err("table is locked".into()) })
        .after_stop("flush", |_| async { Err("disk is full".into()) });
    println!("ended: {:?}", app.build().main());
}

/// Its last hook blocks the only thread of the runtime.
pub(super) fn overdue_with_message() {
    let runtime = kit_app::RuntimeOptions {
        current_thread: true,
        ..kit_app::RuntimeOptions::default()
    };
    let is_clean = std::env::var_os("KIT_TEST_CLEAN").is_some();
    let app = app()
        .runtime(runtime)
        .stop_timeout(Duration::from_millis(500))
        .termination_message(std::env::var(FILE).unwrap())
        .after_stop("block", move |_| async move {
            if !is_clean {
                std::thread::sleep(Duration::from_secs(60));
            }
            Ok(())
        });
    println!("ended: {:?}", app.build().main());
}

pub(super) fn unbuilt() {
    let code = App::main_with(|| async { Err("no pool".into()) });
    println!("ended: {code:?}");
}
