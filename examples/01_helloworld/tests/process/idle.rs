//! Connections without a request in flight never keep the process from ending.

use std::any::Any;
use std::net::SocketAddr;

use tokio_stream::pending;
use tonic::transport::Channel;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;

use crate::support::{Greeter, Http, Service, Signal, channel};

/// A connection that is held open until the end.
type Held = Box<dyn Any>;

#[tokio::test]
async fn a_bare_tcp_connection_holds_nothing_up() {
    let service = Service::start(&[]).await;
    let held = [bare(service.http).await, bare(service.grpc).await];
    ends_soon(service, held).await;
}

#[tokio::test]
async fn an_idle_keep_alive_connection_holds_nothing_up() {
    let service = Service::start(&[]).await;
    let held = [keep_alive(service.http).await];
    ends_soon(service, held).await;
}

#[tokio::test]
async fn half_a_head_holds_nothing_up() {
    let service = Service::start(&[]).await;
    let mut held = Vec::new();
    for address in [service.http, service.grpc] {
        held.push(half_a_head(address).await);
    }
    held.push(half_a_second_head(service.http).await);
    ends_soon(service, held).await;
}

#[tokio::test]
async fn half_a_preface_of_http2_holds_nothing_up() {
    let service = Service::start(&[]).await;
    let held = [
        half_a_preface(service.http).await,
        half_a_preface(service.grpc).await,
        a_preface_alone(service.http).await,
        a_preface_alone(service.grpc).await,
    ];
    ends_soon(service, held).await;
}

#[tokio::test]
async fn an_idle_grpc_channel_holds_nothing_up() {
    let service = Service::start(&[]).await;
    let held = [idle_channel(service.grpc).await];
    ends_soon(service, held).await;
}

#[tokio::test]
async fn an_open_health_watch_holds_nothing_up() {
    let service = Service::start(&[]).await;
    let held = [health_watch(service.grpc).await];
    ends_soon(service, held).await;
}

#[tokio::test]
async fn an_open_reflection_stream_holds_nothing_up() {
    let service = Service::start(&[]).await;
    let held = [reflection(service.grpc).await];
    ends_soon(service, held).await;
}

#[tokio::test]
async fn a_client_that_went_away_holds_nothing_up() {
    let service = Service::start(&[]).await;
    let mut http = service.connect().await;
    http.begin("/helloworld/slow?delay=60s").await;
    drop(http);
    let greeter = service.greeter().await;
    drop(greeter.begin("slow", "60s").await);
    drop(greeter);
    ends_soon(service, []).await;
}

#[tokio::test]
async fn all_of_them_together_hold_nothing_up() {
    let service = Service::start(&[]).await;
    let (http, grpc) = (service.http, service.grpc);
    let mut held = Vec::new();
    for _ in 0..3 {
        for address in [http, grpc] {
            held.push(bare(address).await);
            held.push(half_a_head(address).await);
            held.push(half_a_preface(address).await);
            held.push(a_preface_alone(address).await);
        }
        held.push(keep_alive(http).await);
        held.push(half_a_second_head(http).await);
        held.push(idle_channel(grpc).await);
        held.push(health_watch(grpc).await);
        held.push(reflection(grpc).await);
    }
    ends_soon(service, held).await;
}

async fn ends_soon(service: Service, held: impl IntoIterator<Item = Held>) {
    let held: Vec<Held> = held.into_iter().collect();
    service.see_everything().await;
    let stopped = service.signal(Signal::TERM);
    let exit = service.exit().await.expect(0);
    exit.before_its_deadline(stopped);
    drop(held);
}

async fn bare(address: SocketAddr) -> Held {
    Box::new(Http::connect(address).await)
}

async fn keep_alive(address: SocketAddr) -> Held {
    let mut http = Http::connect(address).await;
    assert_eq!(http.get("/helloworld/kit").await.status, 200);
    Box::new(http)
}

async fn half_a_head(address: SocketAddr) -> Held {
    let mut http = Http::connect(address).await;
    http.send("GET /helloworld/kit HTTP/1.1\r\nho").await;
    Box::new(http)
}

async fn half_a_second_head(address: SocketAddr) -> Held {
    let mut http = Http::connect(address).await;
    assert_eq!(http.get("/helloworld/kit").await.status, 200);
    http.send("GET /helloworld/kit HTTP/1.1\r\nho").await;
    Box::new(http)
}

async fn half_a_preface(address: SocketAddr) -> Held {
    let mut http = Http::connect(address).await;
    http.send("PRI * HTTP/2.0\r\n").await;
    Box::new(http)
}

/// The whole preface, and never a SETTINGS frame.
async fn a_preface_alone(address: SocketAddr) -> Held {
    let mut http = Http::connect(address).await;
    http.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
    Box::new(http)
}

async fn used(address: SocketAddr) -> Channel {
    let channel = channel(address).await;
    let answer = Greeter::new(channel.clone()).hello("kit").await;
    answer.expect("a reply");
    channel
}

async fn idle_channel(address: SocketAddr) -> Held {
    Box::new(used(address).await)
}

async fn health_watch(address: SocketAddr) -> Held {
    let mut health = HealthClient::new(used(address).await);
    let watch = health.watch(HealthCheckRequest::default()).await;
    let mut watch = watch.expect("a watch").into_inner();
    watch.message().await.expect("a message").expect("one");
    Box::new((health, watch))
}

async fn reflection(address: SocketAddr) -> Held {
    let mut client = ServerReflectionClient::new(used(address).await);
    let stream = client.server_reflection_info(pending()).await;
    Box::new((client, stream.expect("a stream")))
}
