//! The same seed gives the same run: the same events at the same times, in one process and in two.

use std::process::Command;

use kit_testing::{RUNS_OF_SCRIPT, case, run};

/// The number of seeds that are compared.
const SEEDS: u64 = 200;
/// Seeds far from each other: the cases have nothing in common.
const STEP: u64 = RUNS_OF_SCRIPT + 3;

fn text(seed: u64) -> String {
    let case = case(seed);
    let recording = run(&case.script, &case.interruption);
    format!("seed {seed}\n{case:?}\n{recording}\n")
}

#[test]
fn the_same_seed_gives_the_same_run_in_one_process() {
    for seed in (0..SEEDS).map(|number| number * STEP) {
        assert_eq!(text(seed), text(seed));
    }
}

#[test]
#[ignore = "a program for the other test"]
fn program() {
    for seed in (0..SEEDS).map(|number| number * STEP) {
        print!("{}", text(seed));
    }
}

#[test]
fn the_same_seed_gives_the_same_run_in_two_processes() {
    let printed = || {
        let test = std::env::current_exe().expect("a path");
        let mut program = Command::new(test);
        program.args(["program", "--exact", "--ignored", "--nocapture"]);
        let output = program.output().expect("it runs");
        assert!(output.status.success(), "{output:?}");
        let text = String::from_utf8(output.stdout).expect("text");
        let begin = text.find("seed 0").expect("the first seed");
        let end = text.rfind("test result").expect("the end");
        text[begin..end].to_owned()
    };
    let (first, second) = (printed(), printed());
    assert!(first.lines().count() > 1_000, "{first}");
    for (first, second) in first.lines().zip(second.lines()) {
        assert_eq!(first, second);
    }
    assert_eq!(first.len(), second.len());
}
