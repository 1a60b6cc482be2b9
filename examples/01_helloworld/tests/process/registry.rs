//! The instance in a real etcd.

use tokio::net::TcpStream;

use crate::support::{Etcd, EtcdClient, FREE_PORTS, Process, Service, Signal};
use crate::support::{channel, key, poll_pending, soon};

#[tokio::test]
async fn the_key_holds_the_instance_as_json_under_a_lease_of_15_seconds() {
    let etcd = Etcd::start().await;
    let client = EtcdClient::of(&etcd);
    let service = Service::start_in(&etcd.url(""), "one").await;
    let shown = client.get(&key("one")).await.expect("it is shown");
    let (http, grpc) = (service.http, service.grpc);
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        shown.value,
        format!(
            r#"{{"id":"one","name":"helloworld","version":"{version}","metadata":{{"language":"rust"}},"endpoints":["http://{http}","grpc://{grpc}"]}}"#
        )
    );
    assert_eq!(client.granted(shown.lease).await, 15);
    service.terminate().await.expect(0);
    assert!(!client.shows("one").await);
}

#[tokio::test]
async fn every_option_can_be_a_variable() {
    let etcd = Etcd::start().await;
    let client = EtcdClient::of(&etcd);
    let url = etcd.url("");
    let environment = [
        ("KIT_HTTP", "127.0.0.1:0"),
        ("KIT_GRPC", "127.0.0.1:0"),
        ("KIT_REGISTRY", &url),
        ("KIT_NAME", "greeter"),
        ("KIT_ID", "from-a-variable"),
        ("KIT_DRAIN_DELAY", "70ms"),
        ("KIT_STOP_TIMEOUT", "17s"),
        ("KIT_LOG", "json"),
    ];
    let service = Service::ready(Process::spawn_with(&[], &environment)).await;
    let key = "/microservices/greeter/from-a-variable";
    let shown = client.get(key).await.expect("it is shown");
    assert!(
        shown.value.contains(r#""name":"greeter""#),
        "{}",
        shown.value
    );
    let exit = service.terminate().await.expect(0);
    exit.only(r#""delay":"70ms""#);
    exit.only("at most 17s in all");
}

#[tokio::test]
async fn it_is_shown_only_once_both_servers_accept() {
    let etcd = Etcd::start().await;
    let client = EtcdClient::of(&etcd);
    for round in 0..5 {
        let id = format!("round-{round}");
        let url = etcd.url("");
        let registered = ["--registry", &url, "--id", &id, "--drain-delay", "0s"];
        let process = Process::spawn(&[&FREE_PORTS[..], &registered].concat());
        let shown = soon("the key", async || client.get(&key(&id)).await).await;
        for endpoint in endpoints(&shown.value) {
            TcpStream::connect(&endpoint)
                .await
                .unwrap_or_else(|error| panic!("{endpoint} is shown: {error}"));
        }
        Service::ready(process).await.terminate().await.expect(0);
    }
}

#[tokio::test]
async fn it_is_gone_while_requests_are_still_answered() {
    let etcd = Etcd::start().await;
    let client = EtcdClient::of(&etcd);
    let url = etcd.url("");
    // Longer than a stall: it is not waited for.
    let args = ["--registry", &url, "--id", "two", "--drain-delay", "15s"];
    let service = Service::start(&args).await;
    let mut call = service.greeter().await.begin("slow", "60s").await;
    service.signal(Signal::TERM);
    let gone = async || client.get(&key("two")).await.is_none().then_some(());
    soon("the end of the key", gone).await;
    assert!(poll_pending(&mut call).await);
    // A client that found it before is still served, for the drain delay.
    channel(service.grpc).await;
    let late = service.connect().await.get("/helloworld/late").await;
    assert_eq!(late.body, r#"{"message":"Hello late"}"#);

    // The drain delay is the profile's.
    let service = Service::start(&["--registry", &url, "--id", "one"]).await;
    assert!(client.shows("one").await);
    let mut http = service.connect().await;
    http.begin("/helloworld/slow?delay=2s").await;
    let greeter = service.greeter().await;
    let call = greeter.begin("slow", "2s").await;
    let stopped = service.signal(Signal::TERM);
    let gone = async || client.get(&key("one")).await.is_none().then_some(());
    soon("the end of the key", gone).await;
    assert_eq!(http.response().await.body, r#"{"message":"Hello slow"}"#);
    assert_eq!(call.await.expect("a reply"), "Hello slow");
    service.exit().await.expect(0).before_its_deadline(stopped);
    assert!(!client.shows("one").await);
}

#[tokio::test]
async fn an_etcd_that_does_not_answer_holds_up_no_stop() {
    let etcd = Etcd::start().await;
    let service = Service::start_in(&etcd.url(""), "one").await;
    etcd.freeze();
    let stopped = service.signal(Signal::TERM);
    let exit = service.exit().await.expect(0);
    let exit = exit.before_its_deadline(stopped);
    exit.only("deregistration not confirmed");
}

/// The addresses in an instance's JSON.
fn endpoints(json: &str) -> Vec<String> {
    let instance: serde_json::Value = serde_json::from_str(json).expect("JSON");
    let endpoints = instance["endpoints"].as_array().expect("a list");
    let address = |endpoint: &serde_json::Value| {
        let url = endpoint.as_str().expect("text");
        let (_, address) = url.split_once("://").expect("a URL");
        address.to_owned()
    };
    assert_eq!(endpoints.len(), 2);
    endpoints.iter().map(address).collect()
}
