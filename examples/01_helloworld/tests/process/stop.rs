//! A clean stop, by each of the three signals, in its order.

use std::io::ErrorKind;
use std::time::Duration;

use tokio::net::TcpStream;
use tonic::Code;
use tonic_health::ServingStatus::{NotServing, Serving};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::support::{Etcd, EtcdClient, Http, Service, Signal, channel, key, poll_pending, soon};

#[tokio::test]
async fn sigterm_stops_it_in_order_and_finishes_what_is_in_flight() {
    stops_cleanly(Signal::TERM, "SIGTERM").await;
}

#[tokio::test]
async fn sigint_stops_it_in_order_and_finishes_what_is_in_flight() {
    stops_cleanly(Signal::INT, "SIGINT").await;
}

#[tokio::test]
async fn sigquit_stops_it_in_order_and_finishes_what_is_in_flight() {
    stops_cleanly(Signal::QUIT, "SIGQUIT").await;
}

async fn stops_cleanly(signal: Signal, name: &str) {
    let etcd = Etcd::start().await;
    let client = EtcdClient::of(&etcd);
    let url = etcd.url("");
    let args = ["--registry", &url, "--id", "one", "--drain-delay", "300ms"];
    let log = [("RUST_LOG", "info,kit_app=debug")];
    let mut service = Service::start_with(&args, &log).await;
    let mut health = HealthClient::new(channel(service.grpc).await);
    let watch = health.watch(HealthCheckRequest::default()).await;
    let mut watch = watch.expect("a watch").into_inner();
    let status = watch.message().await.expect("a message").expect("one");
    assert_eq!(status.status, Serving as i32);
    let mut http = service.connect().await;
    http.begin("/helloworld/slow?delay=2s").await;
    let greeter = service.greeter().await;
    let mut call = greeter.begin("slow", "2s").await;

    let stopped = service.signal(signal);
    // Health is down and the key is gone while requests are still being answered.
    let status = watch.message().await.expect("a message").expect("one");
    assert_eq!(status.status, NotServing as i32);
    service.process.line("deregistered registry").await;
    assert!(!client.shows("one").await);
    assert!(poll_pending(&mut call).await);

    // Then no new client is let in, while these are still being answered.
    service.process.line("stage=draining").await;
    for address in [service.http, service.grpc] {
        // A connection that is in the queue when the listener closes is reset.
        soon("a refused connection", async || {
            let error = TcpStream::connect(address).await.err()?;
            (error.kind() == ErrorKind::ConnectionRefused).then_some(())
        })
        .await;
    }
    let ended = watch.message().await.expect_err("the end of the watch");
    assert_eq!(ended.code(), Code::Unavailable);
    assert!(poll_pending(&mut call).await);

    assert_eq!(http.response().await.body, r#"{"message":"Hello slow"}"#);
    assert_eq!(call.await.expect("a reply"), "Hello slow");
    let exit = service.exit().await.expect(0).before_its_deadline(stopped);
    assert!(exit.at - stopped >= Duration::from_millis(1500), "too soon");
    exit.only(&format!("cause={name}"));
    let order = [
        "stopping",
        "lame duck",
        "deregistered registry",
        "drain delay",
        "stage=draining",
        "stopped component=http ",
        "hook=farewell ",
        "exit_code=0",
    ];
    exit.only("goodbye");
    let mut lines = exit.log.iter().skip_while(|line| !line.contains("ready:"));
    for step in order {
        let found = lines.any(|line| line.contains(step));
        assert!(found, "no {step}, or out of order; {}", exit.text());
    }
}

#[tokio::test]
async fn with_nothing_to_wait_for_it_ends_at_once() {
    let service = Service::start(&[]).await;
    let stopped = service.signal(Signal::TERM);
    let exit = service.exit().await.expect(0);
    exit.before_its_deadline(stopped);
}

#[tokio::test]
async fn a_request_that_came_just_before_the_signal_is_answered() {
    for _ in 0..10 {
        let service = Service::start(&[]).await;
        let mut http = service.connect().await;
        http.get("/helloworld/kit").await;
        // Sent without waiting: it may still lie in the socket when the stop begins.
        let request = "GET /helloworld/kit?delay=50ms HTTP/1.1\r\nhost: helloworld\r\n\r\n";
        http.send(request).await;
        service.signal(Signal::TERM);
        assert_eq!(http.response().await.body, r#"{"message":"Hello kit"}"#);
        service.exit().await.expect(0);
    }
}

#[tokio::test]
async fn during_the_drain_delay_new_requests_are_answered_and_asked_to_close() {
    // A stall may last until the delay is over.
    let mut late = Vec::new();
    while let Err(error) = asked_to_close().await {
        late.push(error);
        assert!(late.len() < 5, "each time: {late:?}");
    }
}

async fn asked_to_close() -> std::io::Result<()> {
    let etcd = Etcd::start().await;
    let client = EtcdClient::of(&etcd);
    let url = etcd.url("");
    let args = ["--registry", &url, "--id", "one", "--drain-delay", "1s"];
    let service = Service::start(&args).await;
    let mut kept = service.connect().await;
    kept.get("/helloworld/kit").await;
    service.signal(Signal::TERM);
    let gone = async || client.get(&key("one")).await.is_none().then_some(());
    soon("the end of the key", gone).await;
    let mut new = Http::try_connect(service.http).await?;
    for connection in [&mut kept, &mut new] {
        let answer = connection.try_get("/helloworld/kit").await?;
        assert_eq!(answer.status, 200);
        assert!(answer.head.contains("connection: close"), "{}", answer.head);
    }
    Ok(())
}

#[tokio::test]
async fn the_drain_delay_is_waited_out() {
    let args = ["--registry", "memory:", "--drain-delay", "1s"];
    let service = Service::start(&args).await;
    let stopped = service.signal(Signal::TERM);
    let exit = service.exit().await.expect(0);
    assert!(
        exit.at - stopped >= Duration::from_secs(1),
        "no drain delay"
    );
}
