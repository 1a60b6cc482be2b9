//! The program on this machine's cores. The models prove which outcomes are possible; here they occur.
#![cfg(not(kit_loom))]

use std::process::Command;
use std::thread::available_parallelism;

const ROUNDS: &str = "20000";
/// One run shows a double zero nearly always, and a torn value often.
const RUNS: usize = 50;

/// The number in the last column of figures of the row that begins with `name`.
fn last_count(table: &str, name: &str) -> u64 {
    let row = table.lines().find_map(|line| line.strip_prefix(name));
    let row = row.unwrap_or_else(|| panic!("no row for {name:?} in:\n{table}"));
    let counts = row.split_whitespace().map_while(|word| word.parse().ok());
    counts
        .last()
        .unwrap_or_else(|| panic!("no counts in {row:?}"))
}

#[test]
fn what_the_language_allows_is_seen_and_what_it_forbids_is_not() {
    let several_cores = available_parallelism().is_ok_and(|cores| cores.get() > 1);
    let mut missing = vec!["relaxed  ", "release, acquire", "two relaxed words"];
    for _ in 0..RUNS {
        let run = Command::new(env!("CARGO_BIN_EXE_memory_reordering"))
            .arg(ROUNDS)
            .output()
            .expect("the example starts");
        let table = String::from_utf8(run.stdout).expect("its output is text");
        assert!(run.status.success(), "{}", run.status);

        for forbidden in [
            "sequentially consistent",
            "relaxed, fence between",
            "Mutex",
            "Published",
        ] {
            assert_eq!(last_count(&table, forbidden), 0, "{forbidden}\n{table}");
        }
        missing.retain(|allowed| last_count(&table, allowed) == 0);
        if missing.is_empty() {
            return;
        }
        if !several_cores {
            assert!(table.starts_with("one core"), "{table}");
            println!(
                "one core: no thread can overtake another, so nothing is asked of {missing:?}"
            );
            return;
        }
    }
    panic!("{RUNS} runs of {ROUNDS} rounds showed none of {missing:?}");
}

#[test]
fn a_number_of_rounds_that_is_none_is_refused_and_named() {
    let run = Command::new(env!("CARGO_BIN_EXE_memory_reordering"))
        .arg("many")
        .output()
        .expect("the example starts");
    assert_eq!(run.status.code(), Some(2));
    let error = String::from_utf8(run.stderr).expect("text");
    assert!(
        error.starts_with("error: `many` is no number of rounds"),
        "{error}"
    );
}
