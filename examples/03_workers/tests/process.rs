//! The service as a process: orders in, a fault, a stop under load.
#![cfg(unix)]

use kit_test_support::{Process, ask};

#[tokio::test]
async fn every_order_is_shipped_although_a_worker_panics_and_the_app_stops() {
    let mut service = Process::spawn(
        env!("CARGO_BIN_EXE_workers"),
        &["127.0.0.1:0", "127.0.0.1:0"],
    );
    service.line("the prices are there").await;
    service.line(" ready").await;
    let http = service.field("http").await;
    let admin = service.field("admin").await;

    for number in 1..=6 {
        let answer = ask(&http, "POST /orders", &format!("tea-{number}")).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    service.line("the tape is used up").await;
    // The fifth has panicked, and comes again behind the sixth.
    service.line("tea-5").await;
    let ready = ask(&admin, "GET /readyz?verbose", "").await;
    assert!(ready.starts_with("HTTP/1.1 200"), "{ready}");
    assert!(
        ready.contains("packer") && ready.contains("the tape is used up"),
        "readiness names the worker that has failed, and why: {ready}"
    );

    for number in 7..=8 {
        ask(&http, "POST /orders", &format!("tea-{number}")).await;
    }
    let exit = service.terminate().await;
    assert_eq!(exit.count("the prices are there"), 1);
    for number in 1..=8 {
        let count = exit.count(&format!("shipped order=\"tea-{number}\""));
        assert_eq!(count, 1, "tea-{number}; {}", exit.text());
    }
    assert_eq!(exit.count("all in all shipped=8"), 1);
    // Lines of the app: those of the service's own code are written by other threads.
    exit.expect_order(&[
        "stopping cause=SIGTERM",
        "component=\"http\"",
        "component=\"packer\"",
        "component=\"shipper\"",
        "closed resource",
        "stopped took",
    ]);
}
