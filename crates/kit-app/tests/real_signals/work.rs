//! Jobs and workers in a process: exit codes, and signals while a worker waits or works.

use std::time::Duration;

use kit_app::{App, AppBuilder, Event, Policy, Restarts, WorkerOptions};
use tokio::time::{Instant, sleep};

use crate::program::{Program, say};

/// The limit of a stop, unless it is set.
const STOP_TIMEOUT: Duration = Duration::from_secs(20);

#[test]
fn a_process_of_jobs_ends_with_the_last_of_them_by_zero_or_with_a_failure_by_one() {
    let mut program = Program::start("jobs");
    program.wait_for("stopping: every component is done");
    program.main_gave(0);

    let mut program = Program::start("failing_job");
    program.wait_for("stopping: task app/import");
    program.main_gave(1);
    let said = program.said();
    let line = "error: job app/import failed: panicked at ";
    assert_eq!(said.matches(line).count(), 1, "{said}");
    assert!(said.contains("tests/real_signals/work.rs:"), "{said}");
    // Without a log the report comes with the failure.
    assert!(said.contains("\napp stopped (task app/import"), "{said}");
    assert!(said.contains("\n  component  phase "), "{said}");
}

#[test]
fn sigterm_ends_a_back_off_at_once() {
    let mut program = Program::start("back_off");
    // By another thread than the one that says `ready`.
    program.wait_for("in 3600.0s");
    let begun = Instant::now();
    program.signal("TERM");
    program.wait_for("stopping: SIGTERM");
    program.main_gave(0);
    let took = begun.elapsed();
    assert!(took < STOP_TIMEOUT, "it was cut: {took:?}");
}

#[test]
fn sigterm_is_waited_out_by_a_job_and_the_second_sigint_aborts_it() {
    let mut program = Program::start("long_job");
    program.wait_for("ready");
    program.signal("TERM");
    program.wait_for("the job was done");
    program.main_gave(0);

    let mut program = Program::start("endless_job");
    program.wait_for("ready");
    program.signal("INT");
    program.wait_for("stopping: SIGINT");
    std::thread::sleep(crate::program::APART);
    program.signal("INT");
    program.main_gave(130);
}

#[test]
fn a_process_gives_up_a_worker_that_fails_too_often() {
    let mut program = Program::start("giving_up");
    program.wait_for("failed: panicked at ");
    program.wait_for("failed: panicked at ");
    program.wait_for("failed: gave up after 3 failures");
    program.main_gave(1);
}

fn main(with: impl FnOnce(AppBuilder) -> AppBuilder) {
    let app = App::builder("app").apply(say).observer(|event| {
        if let Event::WorkerFailed { why, then, .. } = &event.event {
            println!("failed: {why}: {then}");
        }
    });
    println!("ended: {:?}", app.apply(with).build().main());
}

fn restarts(limit: usize, delay: Duration) -> WorkerOptions {
    let hour = Duration::from_secs(3600);
    let restarts = Restarts::at_most(limit, hour).delays(delay, delay);
    WorkerOptions::new().policy(Policy::Restart(restarts.without_jitter()))
}

pub(crate) fn jobs() {
    main(|app| {
        app.job("short", |_| async { Ok(()) })
            .job("long", |_| async {
                sleep(Duration::from_millis(50)).await;
                Ok(())
            })
    });
}

pub(crate) fn failing_job() {
    main(|app| {
        app.job("import", |_| async {
            panic!("bad luck");
        })
    });
}

pub(crate) fn back_off() {
    let hour = Duration::from_secs(3600);
    main(|app| {
        app.worker_with("outbox", restarts(1, hour), |_| async {
            Err("no route".into())
        })
    });
}

pub(crate) fn giving_up() {
    let soon = Duration::from_millis(1);
    main(|app| {
        app.worker_with("outbox", restarts(2, soon), |_| async {
            panic!("bad luck")
        })
    });
}

pub(crate) fn long_job() {
    main(|app| {
        app.job("import", |ctx| async move {
            ctx.scope().cancelled().await;
            sleep(Duration::from_millis(100)).await;
            println!("the job was done");
            Ok(())
        })
    });
}

pub(crate) fn endless_job() {
    main(|app| app.job("import", |_| std::future::pending()));
}
