//! A stop that cannot wait: a second signal, and the deadline.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::support::{Etcd, EtcdClient, Service, Signal};

/// From the second signal to the end.
const FORCED: Duration = Duration::from_millis(700);

#[tokio::test]
async fn a_second_signal_ends_it_with_128_and_its_number() {
    for (first, second) in [
        (Signal::TERM, Signal::INT),
        (Signal::INT, Signal::TERM),
        (Signal::TERM, Signal::QUIT),
    ] {
        let mut service = Service::start(&[]).await;
        let mut http = service.connect().await;
        http.begin("/helloworld/slow?delay=10s").await;
        let _call = service.greeter().await.begin("slow", "10s").await;
        service.signal(first);
        service.process.line("stopping").await;
        let forced = service.signal(second);
        let exit = service.exit().await;
        let exit = exit.expect(128 + second.as_raw());
        exit.expect_within(FORCED, forced).only("goodbye");
    }
}

#[tokio::test]
async fn the_same_signal_again_after_a_tenth_of_a_second_is_a_second_one() {
    for signal in [Signal::TERM, Signal::INT, Signal::QUIT] {
        let mut service = Service::start(&[]).await;
        let mut http = service.connect().await;
        http.begin("/helloworld/slow?delay=10s").await;
        service.signal(signal);
        service.process.line("stopping").await;
        // The time itself is what makes it another request.
        sleep_until(Instant::now() + Duration::from_millis(150)).await;
        let forced = service.signal(signal);
        let exit = service.exit().await.expect(128 + signal.as_raw());
        exit.expect_within(FORCED, forced);
    }
}

#[tokio::test]
async fn the_same_signal_at_once_is_the_same_request() {
    let service = Service::start(&[]).await;
    let mut http = service.connect().await;
    http.begin("/helloworld/slow?delay=500ms").await;
    service.signal(Signal::INT);
    service.signal(Signal::INT);
    assert_eq!(http.response().await.body, r#"{"message":"Hello slow"}"#);
    service.exit().await.expect(0);
}

#[tokio::test]
async fn a_second_signal_ends_it_while_etcd_does_not_answer() {
    let etcd = Etcd::start().await;
    let mut service = Service::start_in(&etcd.url(""), "one").await;
    let mut http = service.connect().await;
    http.begin("/helloworld/slow?delay=10s").await;
    etcd.freeze();
    service.signal(Signal::TERM);
    service.process.line("lame duck").await;
    let forced = service.signal(Signal::INT);
    let exit = service.exit().await.expect(130);
    exit.expect_within(FORCED, forced).only("goodbye");
}

#[tokio::test]
async fn a_third_signal_ends_it_there_and_then() {
    let etcd = Etcd::start().await;
    let mut service = Service::start_in(&etcd.url(""), "one").await;
    // After the second one it would wait a little for etcd, and then run its hooks.
    etcd.freeze();
    service.signal(Signal::TERM);
    service.process.line("lame duck").await;
    service.signal(Signal::INT);
    let third = service.signal(Signal::QUIT);
    let exit = service.exit().await;
    // Of two that wait, the system does not say which came first.
    let either = [130, 131].map(Some);
    assert!(
        either.contains(&exit.code),
        "{:?}; {}",
        exit.code,
        exit.text()
    );
    assert!(!exit.text().contains("goodbye"), "{}", exit.text());
    exit.expect_within(FORCED, third);
}

#[tokio::test]
async fn requests_are_cut_at_the_deadline_and_named() {
    let service = Service::start(&["--stop-timeout", "1s"]).await;
    let mut http = service.connect().await;
    http.begin("/helloworld/slow?delay=10s").await;
    let call = service.greeter().await.begin("slow", "10s").await;
    let stopped = service.signal(Signal::TERM);
    let exit = service.exit().await.expect(1);
    let exit = exit.expect_within(Duration::from_millis(1500), stopped);
    assert!(exit.at - stopped >= Duration::from_millis(800), "too soon");
    call.await.expect_err("no answer");
    for cut in ["/helloworld/slow", "/helloworld.v1.Greeter/SayHello"] {
        assert!(exit.text().contains(cut), "no {cut}; {}", exit.text());
    }
    exit.only("goodbye");
    let errors: Vec<_> = exit
        .log
        .iter()
        .filter(|line| line.contains("ERROR"))
        .collect();
    assert_eq!(errors.len(), 2, "one for each server: {errors:#?}");
    assert!(
        errors
            .iter()
            .all(|line| line.contains("cut at the deadline"))
    );
}

#[tokio::test]
async fn with_a_registry_the_deadline_is_kept_as_well() {
    let etcd = Etcd::start().await;
    let client = EtcdClient::of(&etcd);
    let url = etcd.url("");
    let args = ["--registry", &url, "--id", "one", "--stop-timeout", "1s"];
    let service = Service::start(&args).await;
    let mut http = service.connect().await;
    http.begin("/helloworld/slow?delay=10s").await;
    let stopped = service.signal(Signal::TERM);
    let exit = service.exit().await.expect(1);
    let exit = exit.expect_within(Duration::from_millis(1500), stopped);
    assert!(exit.text().contains("/helloworld/slow"), "{}", exit.text());
    assert!(!client.shows("one").await);
}
