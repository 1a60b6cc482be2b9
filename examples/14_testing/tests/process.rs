//! What only a process shows.
#![cfg(unix)]

use kit_test_support::example::{Example, ask};

const SERVICE: &str = env!("CARGO_BIN_EXE_testing");

#[tokio::test]
async fn it_sells_until_sigterm_and_ends_with_0() {
    let mut service = Example::start(SERVICE, &["127.0.0.1:0"]);
    service.line(" ready").await;
    let sold = ask(&service.field("http"), "POST /seats/7A", "").await;
    assert_eq!(sold, (200, "7A is yours".to_owned()));
    service.terminate();
    let ended = service.end().await.expect(0);
    ended.expect_in_order(&[
        "stopping cause=SIGTERM",
        "stopped component",
        "stopped took",
    ]);
}

#[tokio::test]
async fn an_address_that_is_none_ends_it_with_2() {
    let ended = Example::start(SERVICE, &["somewhere"])
        .end()
        .await
        .expect(2);
    ended.expect_in_order(&["error: "]);
}
