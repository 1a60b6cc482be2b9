//! The host as a process, and the apps that it runs.
#![cfg(unix)]

use kit_test_support::{Process, Signal, ask};

const HOST: &str = env!("CARGO_BIN_EXE_embedded");

/// The address of the run that gets ready next.
async fn next_address(host: &mut Process) -> String {
    let listening = host.line("listening").await;
    host.line(" ready").await;
    let (_, address) = listening.split_once("http=").expect("an address");
    address.to_owned()
}

#[tokio::test]
async fn an_app_runs_again_in_a_host_that_takes_the_signals() {
    let mut host = Process::spawn(HOST, &["127.0.0.1:0"]);
    for run in 1..=3 {
        let http = next_address(&mut host).await;
        let answer = ask(&http, "GET /", "").await;
        let visit = format!("\r\n\r\nvisit {run}\n");
        assert!(answer.ends_with(&visit), "{answer}");
        if run < 3 {
            host.signal(Signal::HUP);
        } else {
            host.signal(Signal::TERM);
        }
    }
    let ended = host.exit_with(0).await;
    ended.expect_order(&[
        "run 1: embedded stopped (the host runs another one)",
        "run 2: embedded stopped (the host runs another one)",
        "stopping",
        "run 3: embedded stopped (the host ends)",
        "the host has had 3 visits",
    ]);
    // No signal reached an app.
    assert!(
        !ended.log.iter().any(|line| line.contains("cause=SIG")),
        "{ended:#?}"
    );
}

#[tokio::test]
async fn an_app_that_fails_gives_its_report_to_the_host() {
    let mut first = Process::spawn(HOST, &["127.0.0.1:0"]);
    let taken = next_address(&mut first).await;
    let ended = Process::spawn(HOST, &[&taken]).exit_with(1).await;
    let why = format!("http could not start: could not listen on {taken}: address in use");
    ended.expect_order(&[&format!("the app has failed: {why}"), "exit code 1"]);
    first.terminate().await;
}
