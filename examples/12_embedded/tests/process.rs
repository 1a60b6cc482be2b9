//! The host as a process, and the apps that it runs.
#![cfg(unix)]

use kit_test_support::example::{Example, ask};

const HOST: &str = env!("CARGO_BIN_EXE_embedded");

/// The address of the run that gets ready next.
async fn next_address(host: &mut Example) -> String {
    let listening = host.line("listening").await;
    host.line(" ready").await;
    let (_, address) = listening.split_once("http=").expect("an address");
    address.to_owned()
}

#[tokio::test]
async fn an_app_runs_again_in_a_host_that_takes_the_signals() {
    let mut host = Example::start(HOST, &["127.0.0.1:0"]);
    for run in 1..=3 {
        let http = next_address(&mut host).await;
        assert_eq!(
            ask(&http, "GET /", "").await,
            (200, format!("visit {run}\n"))
        );
        if run < 3 {
            host.hang_up();
        } else {
            host.terminate();
        }
    }
    let ended = host.end().await.expect(0);
    ended.expect_in_order(&[
        "run 1: embedded stopped (the host runs another one)",
        "run 2: embedded stopped (the host runs another one)",
        "stopping",
        "run 3: embedded stopped (the host ends)",
        "the host has had 3 visits",
    ]);
    // No signal reached an app.
    assert!(
        !ended.lines.iter().any(|line| line.contains("cause=SIG")),
        "{ended:#?}"
    );
}

#[tokio::test]
async fn an_app_that_fails_gives_its_report_to_the_host() {
    let mut first = Example::start(HOST, &["127.0.0.1:0"]);
    let taken = next_address(&mut first).await;
    let ended = Example::start(HOST, &[&taken]).end().await.expect(1);
    let why = format!("http could not start: could not listen on {taken}: address in use");
    ended.expect_in_order(&[&format!("the app has failed: {why}"), "exit code 1"]);
    first.terminate();
    first.end().await.expect(0);
}
