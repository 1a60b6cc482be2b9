//! What only a process shows.
#![cfg(unix)]

use kit_test_support::{Process, ask};

const SERVICE: &str = env!("CARGO_BIN_EXE_testing");

#[tokio::test]
async fn it_sells_until_sigterm_and_ends_with_0() {
    let mut service = Process::spawn(SERVICE, &["127.0.0.1:0"]);
    service.line(" ready").await;
    let sold = ask(&service.field("http").await, "POST /seats/7A", "").await;
    assert!(
        sold.starts_with("HTTP/1.1 200 ") && sold.ends_with("7A is yours"),
        "{sold}"
    );
    let ended = service.terminate().await;
    ended.expect_order(&[
        "stopping cause=SIGTERM",
        "stopped component",
        "stopped took",
    ]);
}

#[tokio::test]
async fn an_address_that_is_none_ends_it_with_2() {
    let ended = Process::spawn(SERVICE, &["somewhere"]).exit_with(2).await;
    ended.expect_order(&["error: "]);
}
