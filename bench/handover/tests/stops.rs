//! No client notices that a server is stopped: while a successor takes over its port, and while it is
//! restarted behind nginx.

use std::process::Command;

/// Runs the program, which fails when a request to Kit failed that must not.
fn judge(arguments: &[&str]) {
    let output = Command::new(env!("CARGO_BIN_EXE_bench-handover"))
        .args(arguments)
        .arg("--judge")
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

fn stop_kit(only: &str, stops: &str) {
    judge(&["stops", "--only", only, "--stops", stops]);
}

fn restart_kit(restarts: &str) {
    judge(&["rolling", "--only", "kit delay", "--restarts", restarts]);
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

/// `cargo xtask test` runs this before all others and alone, by this module's name. A balancer that is kept from running
/// sends requests on connections that were closed long before, and no server can do anything about that.
mod alone {
    #[test]
    fn no_post_is_lost_in_a_rolling_restart_behind_nginx() {
        super::restart_kit("2");
    }
}

#[test]
#[ignore = "forty restarts of each case take minutes"]
fn no_post_is_lost_in_forty_restarts_behind_nginx() {
    restart_kit("40");
}
