//! The steps that the program prints, in their order, and how it ends.
#![cfg(unix)]

use kit_test_support::{Exit, Process};

fn hooks(args: &[&str]) -> Process {
    Process::spawn(env!("CARGO_BIN_EXE_hooks"), args)
}

const BEFORE: [&str; 2] = [
    "before the start: check the disk",
    "before the start: migrate",
];

/// From the first resource to the last hook of the start.
const START: [&str; 5] = [
    "open the database",
    "start of cache, phase 50",
    "start of mailer, workers",
    "start of shop, servers",
    "after the start: announce",
];

const STOP: [&str; 6] = [
    "before the stop: withdraw",
    "stop of shop",
    "stop of mailer",
    "stop of cache",
    "close the database",
    "after the stop: farewell",
];

/// The steps alone. They come from one thread after the other, while the log has a thread to itself.
#[track_caller]
fn assert_steps(exit: &Exit, expected: &[&str]) {
    let lines = exit.log.iter();
    let steps: Vec<_> = lines.filter_map(|line| line.strip_prefix("- ")).collect();
    assert_eq!(steps, expected, "{}", exit.text());
}

#[tokio::test]
async fn a_stop_is_the_start_backwards() {
    let mut process = hooks(&[]);
    process.line(" ready: ").await;
    let exit = process.terminate().await;
    assert_steps(&exit, &[&BEFORE[..], &START, &STOP].concat());
    // The same steps in the log of the app.
    exit.expect_order(&[
        "hook ended stage=before_start hook=\"check\"",
        "hook ended stage=before_start hook=\"migrate\"",
        "open resource=\"database\"",
        "started component=\"cache\"",
        "started component=\"mailer\"",
        "started component=\"shop\"",
        "hook ended stage=after_start hook=\"announce\"",
        " ready: ",
        "stopping cause=SIGTERM",
        "hook ended stage=before_stop hook=\"withdraw\"",
        "stopped component=\"shop\"",
        "stopped component=\"mailer\"",
        "stopped component=\"cache\"",
        "closed resource=\"database\"",
        "hook ended stage=after_stop hook=\"farewell\"",
        "exit_code=0",
    ]);
}

#[tokio::test]
async fn a_hook_that_fails_has_everything_stopped_that_had_started() {
    let exit = hooks(&["broken"]).exit_with(1).await;
    assert_steps(&exit, &[&BEFORE[..], &START, &STOP].concat());
    let why = "after_start hook `announce` failed: the catalogue does not answer";
    exit.expect_order(&[
        why,
        "stopping because of the failure",
        "exit_code=1",
        // The report, which a stop without a failure has at the level of debugging.
        &format!("hooks stopped ({why})"),
    ]);
    assert_eq!(exit.count(" ready: "), 0, "{}", exit.text());
}

#[tokio::test]
async fn a_signal_calls_a_slow_start_off() {
    let mut process = hooks(&["slow"]);
    process.line("before the start: migrate").await;
    let exit = process.terminate().await;
    // Nothing else had begun, so nothing else is stopped.
    let steps = [
        BEFORE[0],
        BEFORE[1],
        "the migration is called off",
        "before the stop: withdraw",
        "after the stop: farewell",
    ];
    assert_steps(&exit, &steps);
    assert_eq!(exit.count(" ready: "), 0, "{}", exit.text());
}

#[tokio::test]
async fn another_fault_is_refused() {
    let exit = hooks(&["fast"]).exit_with(2).await;
    assert_eq!(exit.count("`fast`"), 1, "{}", exit.text());
}
