//! A process that does not run for a while, as in a container that is paused.

use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::support::{Service, Signal, soon};

const STANDSTILL: Duration = Duration::from_secs(3);

#[tokio::test]
async fn a_stop_with_nothing_in_flight_survives_a_standstill_longer_than_its_deadline() {
    let args = ["--stop-timeout", "2s", "--drain-delay", "500ms"];
    let mut service = Service::start(&args).await;
    service.signal(Signal::TERM);
    service.process.line("drain delay").await;
    service.signal(Signal::STOP);
    // The length of the pause is tested.
    sleep(STANDSTILL).await;
    service.signal(Signal::CONT);
    service.process.exit().await.expect(0);
}

#[tokio::test]
async fn a_request_gets_the_time_back_that_the_process_stood_still() {
    let args = ["--stop-timeout", "2s", "--drain-delay", "0s"];
    let mut service = Service::start(&args).await;
    let mut http = service.connect().await;
    http.begin("/helloworld/slow?delay=1s").await;
    service.signal(Signal::TERM);
    service.process.line("lame duck").await;
    service.signal(Signal::STOP);
    sleep(STANDSTILL).await;
    service.signal(Signal::CONT);
    assert_eq!(http.response().await.status, 200);
    service.process.exit().await.expect(0);
}

#[tokio::test]
async fn what_came_during_a_standstill_is_seen_before_a_connection_is_closed() {
    // More than one, as chance decides which thread of the runtime goes on first.
    let completes = completes_its_head;
    tokio::join!(completes(), completes(), completes(), completes());
}

/// The half second in which a head may be completed passes meanwhile, and the rest of it has come.
async fn completes_its_head() {
    let log = [("RUST_LOG", "info,kit_app=debug")];
    let mut service = Service::start_with(&["--drain-delay", "0s"], &log).await;
    let mut http = service.connect().await;
    http.send("GET /helloworld/kit HTTP/1.1\r\nho").await;
    service.see_everything().await;
    service.signal(Signal::TERM);
    service.process.line("stage=draining").await;
    // The connections know of the drain when the listener is closed.
    let refused = async || TcpStream::connect(service.http).await.err();
    soon("a refused connection", refused).await;
    service.process.freeze().await;
    http.send("st: helloworld\r\n\r\n").await;
    sleep(STANDSTILL).await;
    service.signal(Signal::CONT);
    assert_eq!(http.response().await.body, r#"{"message":"Hello kit"}"#);
    service.process.exit().await.expect(0);
}

#[tokio::test]
async fn a_standstill_right_after_the_signal_is_given_back() {
    tokio::join!(
        stand_still_after(0),
        stand_still_after(200),
        stand_still_after(500),
        stand_still_after(1_000),
        stand_still_after(3_000),
    );
}

/// A wait for no event, in microseconds: each time the pause begins at another place of the stop.
async fn stand_still_after(pause: u64) {
    let args = ["--stop-timeout", "2s", "--drain-delay", "0s"];
    let service = Service::start(&args).await;
    service.signal(Signal::TERM);
    // A thread's, because those of the runtime are counted in milliseconds.
    std::thread::sleep(Duration::from_micros(pause));
    service.signal(Signal::STOP);
    sleep(STANDSTILL).await;
    service.signal(Signal::CONT);
    service.exit().await.expect(0);
}
