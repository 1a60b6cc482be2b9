//! The output of the program: what each of the three callers can know.
#![cfg(not(kit_loom))]

use std::process::Command;

/// The section of the program's output whose heading begins with this text.
fn section(heading: &str) -> String {
    let run = Command::new(env!("CARGO_BIN_EXE_list_directory"))
        .output()
        .expect("the example starts");
    let errors = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{}: {errors}", run.status);
    let output = String::from_utf8(run.stdout).expect("its output is text");
    let mut sections = output.split("== ");
    let section = sections.find(|section| section.starts_with(heading));
    section.expect("there is such a heading").to_owned()
}

#[track_caller]
fn assert_tells(section: &str, sentences: &[&str]) {
    for sentence in sentences {
        assert!(
            section.contains(sentence),
            "{sentence:?} is not in\n{section}"
        );
    }
}

#[test]
fn a_channel_that_failed_looks_like_one_that_is_done() {
    let end = "names, then it is closed: done or failed? it does not say";
    let whole = section("Twelve folders");
    assert_tells(
        &whole,
        &["slice    300 names", &format!("channel  300 {end}")],
    );
    let broken = section("The same, but folder 07");
    assert_tells(&broken, &[&format!("channel  150 {end}")]);
}

#[test]
fn a_slice_has_the_error_or_the_names_and_a_visitor_has_both() {
    assert_tells(
        &section("The same, but folder 07"),
        &[
            "slice    could not read 07: ",
            "; and no names",
            "visitor  275 names, and 1 that could not be read",
            "after 150: could not read 07: ",
        ],
    );
}

#[test]
fn a_reader_that_stops_early_leaves_the_producer_of_a_channel_behind() {
    assert_tells(
        &section("The first again"),
        &[
            "slice    300 names were read for 3",
            "└─ reader\n            └─ producer  ",
            "list_directory/reader/producer: could not be ended: blocking work cannot be aborted",
            "list_directory/reader/producer: completed",
            "visitor  3 names were read for 3, and nothing is left behind",
        ],
    );
}
