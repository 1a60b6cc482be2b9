//! Many runs of scripted apps, each interrupted at another place: every one of them keeps every rule.
//!
//! `KIT_SIM_SEED=N` runs the case of one seed alone, and prints its events. `KIT_SIM_BASE=N` begins the many runs with
//! another seed.

use std::env;
use std::ops::Range;
use std::thread;

use kit_testing::rules::RULES;
use kit_testing::{Course, RUNS_OF_SCRIPT, case, run, simulate};

/// How many runs each test command makes.
const RUNS: u64 = 10_000;
/// And how many the long one.
const MANY_RUNS: u64 = 1_000_000;

fn number(variable: &str) -> Option<u64> {
    let text = env::var(variable).ok()?;
    let number = text.parse();
    Some(number.unwrap_or_else(|_| panic!("{variable} has to be a number, not {text:?}")))
}

/// Divides the seeds between the processors; a run needs no more than its thread.
fn simulate_all(seeds: Range<u64>) -> Course {
    if let Some(seed) = number("KIT_SIM_SEED") {
        let case = case(seed);
        println!("{}", run(&case.script, &case.interruption));
        return simulate_part(seed..seed + 1);
    }
    println!("seeds {seeds:?}");
    let threads = thread::available_parallelism().map_or(1, |count| count.get() as u64);
    let all = seeds.end - seeds.start;
    let of_thread = (all / threads).next_multiple_of(RUNS_OF_SCRIPT);
    thread::scope(|scope| {
        let part = |number: u64| {
            let start = seeds.start + number * of_thread;
            let end = (start + of_thread).min(seeds.end);
            scope.spawn(move || simulate_part(start..end))
        };
        let parts: Vec<_> = (0..threads).map(part).collect();
        let mut course = Course::default();
        for part in parts {
            let part = part
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            course.runs += part.runs;
            course.ready += part.ready;
            course.forced += part.forced;
            course.failed += part.failed;
            course.events += part.events;
        }
        course
    })
}

fn simulate_part(seeds: Range<u64>) -> Course {
    simulate(seeds, RULES).unwrap_or_else(|failure| panic!("{failure}"))
}

fn base() -> u64 {
    number("KIT_SIM_BASE").unwrap_or_default()
}

#[test]
fn every_run_keeps_every_rule() {
    let course = simulate_all(base()..base() + RUNS);
    println!("{course:?}");
    if number("KIT_SIM_SEED").is_none() {
        assert_eq!(course.runs, RUNS);
        // The runs are of every kind.
        let share = |count: u64| 100 * count / course.runs;
        assert!(share(course.ready) > 20, "{course:?}");
        assert!(share(course.forced) > 2, "{course:?}");
        assert!((20..80).contains(&share(course.failed)), "{course:?}");
    }
}

#[test]
#[ignore = "a million runs: some minutes"]
fn every_one_of_many_runs_keeps_every_rule() {
    let from = base() + RUNS.next_multiple_of(RUNS_OF_SCRIPT);
    let course = simulate_all(from..from + MANY_RUNS);
    println!("{course:?}");
}
