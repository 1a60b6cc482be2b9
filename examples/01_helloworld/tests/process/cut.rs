//! A stop that cannot wait, and signals that do not force it.

use std::time::Duration;

use tokio::time::sleep;

use crate::support::{Etcd, EtcdClient, Http, Service, Signal};

/// Two of the same signal count as one when less than this lies between them.
const APART: Duration = Duration::from_millis(150);

#[tokio::test]
async fn sigquit_ends_a_stop_with_131() {
    for first in [Signal::TERM, Signal::INT] {
        let (mut service, _request) = busy().await;
        service.signal(first);
        service.process.line("stopping").await;
        let forced = service.signal(Signal::QUIT);
        let exit = service.exit().await.expect(131);
        let exit = exit.before_its_deadline(forced);
        exit.only("goodbye");
        exit.only("ending by force signal=SIGQUIT");
    }
}

#[tokio::test]
async fn the_second_signal_of_a_kind_forces_unless_it_is_sigterm() {
    for signal in [Signal::INT, Signal::QUIT] {
        let (mut service, _request) = busy().await;
        service.signal(signal);
        service.process.line("stopping").await;
        // Only the time between them makes the second a new request.
        sleep(APART).await;
        let forced = service.signal(signal);
        let exit = service.exit().await.expect(128 + signal.as_raw());
        exit.before_its_deadline(forced);
    }
}

#[tokio::test]
async fn sigterm_again_is_a_line_for_debugging_and_the_request_is_answered() {
    for first in [Signal::TERM, Signal::INT] {
        let log = [("RUST_LOG", "info,kit_app=debug")];
        let mut service = Service::start_with(&[], &log).await;
        let mut http = service.connect().await;
        http.begin("/helloworld/slow?delay=2s").await;
        service.signal(first);
        service.process.line("stopping").await;
        for _ in 0..3 {
            sleep(APART).await;
            service.signal(Signal::TERM);
        }
        let line = service.process.line("stopping already").await;
        assert!(line.contains("DEBUG"), "{line}");
        assert_eq!(http.response().await.body, r#"{"message":"Hello slow"}"#);
        service.exit().await.expect(0);
    }
}

#[tokio::test]
async fn after_sigterm_the_first_sigint_is_answered_by_a_line_and_the_second_forces() {
    let (mut service, _request) = busy().await;
    service.signal(Signal::TERM);
    service.process.line("stopping").await;
    service.signal(Signal::INT);
    service.process.line("once more forces signal=SIGINT").await;
    sleep(APART).await;
    let forced = service.signal(Signal::INT);
    let exit = service.exit().await.expect(130);
    exit.before_its_deadline(forced).only("goodbye");
}

#[tokio::test]
async fn the_same_signal_at_once_is_the_same_request() {
    for signal in [Signal::INT, Signal::QUIT] {
        let mut forced = 0;
        while !is_one_request(signal).await {
            // A stall between the two makes a new request of the second.
            forced += 1;
            assert!(forced < 5, "each time it was forced");
        }
    }
}

async fn is_one_request(signal: Signal) -> bool {
    let service = Service::start(&[]).await;
    let mut http = service.connect().await;
    http.begin("/helloworld/slow?delay=500ms").await;
    service.signal(signal);
    service.signal(signal);
    let answer = http.try_response().await;
    let exit = service.exit().await;
    if exit.code == Some(128 + signal.as_raw()) {
        return false;
    }
    assert_eq!(
        answer.expect("an answer").body,
        r#"{"message":"Hello slow"}"#
    );
    exit.expect(0);
    true
}

#[tokio::test]
async fn a_hang_up_is_a_line_whether_it_serves_or_drains() {
    let mut service = Service::start(&[]).await;
    let mut http = service.connect().await;
    service.signal(Signal::HUP);
    service.process.line("reloaded").await;
    http.begin("/helloworld/slow?delay=500ms").await;
    service.signal(Signal::TERM);
    service.process.line("stopping").await;
    service.signal(Signal::HUP);
    assert_eq!(http.response().await.body, r#"{"message":"Hello slow"}"#);
    service.exit().await.expect(0);
}

#[tokio::test]
async fn sigusr1_shows_the_tasks() {
    let (mut service, _request) = busy().await;
    service.signal(Signal::USR1);
    service.process.line("the task tree").await;
    service.process.line("http").await;
    service.process.line("accept").await;
}

#[tokio::test]
async fn a_forced_stop_ends_it_while_etcd_does_not_answer() {
    let etcd = Etcd::start().await;
    let mut service = Service::start_in(&etcd.url(""), "one").await;
    let mut http = service.connect().await;
    http.begin("/helloworld/slow?delay=60s").await;
    etcd.freeze();
    service.signal(Signal::TERM);
    service.process.line("lame duck").await;
    let forced = service.signal(Signal::QUIT);
    let exit = service.exit().await.expect(131);
    exit.before_its_deadline(forced).only("goodbye");
}

#[tokio::test]
async fn a_signal_after_a_forced_stop_ends_it_there_and_then() {
    let etcd = Etcd::start().await;
    let mut service = Service::start_in(&etcd.url(""), "one").await;
    // After the forced stop it would wait a little for etcd, and then run its hooks.
    etcd.freeze();
    service.signal(Signal::TERM);
    service.process.line("lame duck").await;
    service.signal(Signal::QUIT);
    service.process.line("ending by force").await;
    let last = service.signal(Signal::INT);
    let exit = service.exit().await.expect(131);
    assert!(!exit.text().contains("goodbye"), "{}", exit.text());
    exit.before_its_deadline(last);
}

/// A service that cannot stop by itself before its deadline.
async fn busy() -> (Service, Http) {
    let service = Service::start(&[]).await;
    let mut http = service.connect().await;
    http.begin("/helloworld/slow?delay=60s").await;
    (service, http)
}

#[tokio::test]
async fn requests_are_cut_at_the_deadline_and_named() {
    let service = Service::start(&["--stop-timeout", "1s"]).await;
    let mut http = service.connect().await;
    http.begin("/helloworld/slow?delay=60s").await;
    let call = service.greeter().await.begin("slow", "60s").await;
    let stopped = service.signal(Signal::TERM);
    let exit = service.exit().await.expect(1);
    // A quarter of the time is for the last steps.
    assert!(exit.at - stopped >= Duration::from_millis(500), "too soon");
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
    http.begin("/helloworld/slow?delay=60s").await;
    let exit = service.terminate().await.expect(1);
    assert!(exit.text().contains("/helloworld/slow"), "{}", exit.text());
    assert!(!client.shows("one").await);
}
