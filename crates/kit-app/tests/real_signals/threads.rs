//! A process that the system gives too few threads, or that asks for a number of them that makes no sense.

use kit_app::{App, RuntimeOptions};

use crate::program::Program;

#[test]
fn a_system_without_threads_for_the_workers_ends_the_start_with_1_and_a_line() {
    // Their stacks need two gibibytes of addresses.
    let limited = ["sh", "-c", "ulimit -v 1000000; exec \"$0\" \"$@\""];
    let mut program = Program::start_by(&limited, "many_workers");
    program.main_gave(1);
    let said = program.said();
    let line = "error: the runtime could not be started: no thread for worker ";
    assert!(said.contains(line), "{said}");
}

#[test]
fn a_number_of_workers_in_the_environment_that_makes_no_sense_is_refused_with_a_line() {
    let mut program = Program::start_with(&[], "none", |command| {
        command.env("TOKIO_WORKER_THREADS", "many");
    });
    program.main_gave(1);
    let said = program.said();
    let line = "option `TOKIO_WORKER_THREADS` is \"many\": it has to be from 1 to 1024";
    assert!(said.contains(line), "{said}");
}

pub(crate) fn many_workers() {
    let runtime = RuntimeOptions {
        worker_threads: Some(1024),
        ..RuntimeOptions::default()
    };
    println!(
        "ended: {:?}",
        App::builder("app").runtime(runtime).build().main()
    );
}
