//! No client notices that a server is stopped while a successor takes over.

use std::process::Command;

fn stop_kit(only: &str, stops: &str) {
    let output = Command::new(env!("CARGO_BIN_EXE_bench-handover"))
        .args(["stops", "--judge", "--only", only, "--stops", stops])
        .output()
        .expect("it runs");
    let (table, failures) = (output.stdout, output.stderr);
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&table),
        String::from_utf8_lossy(&failures)
    );
}

#[test]
fn no_request_is_lost_when_a_successor_has_the_same_listener() {
    stop_kit("kit inherited", "1");
}

#[test]
fn no_request_is_lost_when_a_successor_has_bound_the_same_port() {
    stop_kit("kit reuse-port", "1");
}

#[test]
#[ignore = "a hundred stops of each case take about an hour"]
fn no_request_is_lost_in_a_hundred_stops() {
    stop_kit("kit", "100");
}
