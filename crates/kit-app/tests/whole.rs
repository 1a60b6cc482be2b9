//! The whole app with its real parts: HTTP, gRPC and an etcd. When `run` returns, nothing is left.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use kit_app::{App, AppHandle, Report, RunError, Signals};
use kit_registry::{Schemes, ServiceName};
use kit_sync::TaskTree;
use kit_test_support::Etcd;
use kit_transport::{Server, grpc, http};
use tokio::runtime::{Builder, Runtime};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

/// Longer than the runtime takes to drop what was aborted when `run` returned.
const PATIENCE: Duration = Duration::from_secs(30);

#[test]
fn nothing_is_alive_after_run_whatever_clients_hold_open() {
    let clients = runtime();
    let etcd = clients.block_on(Etcd::start());
    let app_runtime = runtime();
    let app = app(&etcd).server(http(0)).server(grpc(0)).build();
    let handle = app.handle();

    let report = std::thread::scope(|threads| {
        let running = threads.spawn(|| run(&app_runtime, app));
        clients.block_on(handle.started()).unwrap();
        let [http, grpc] = addresses(&handle);

        let mut idle = TcpStream::connect(http).unwrap();
        idle.write_all(b"GET /hello HTTP/1.1\r\nhost: h\r\n\r\n")
            .unwrap();
        let mut answer = [0; 1024];
        let length = idle.read(&mut answer).unwrap();
        assert!(answer[..length].ends_with(b"hello"));
        let _silent = TcpStream::connect(grpc).unwrap();
        let mut half_a_head = TcpStream::connect(http).unwrap();
        half_a_head.write_all(b"GET /hello HT").unwrap();

        let mut watch = clients.block_on(async {
            let channel = tonic::transport::Endpoint::from_shared(format!("http://{grpc}"));
            let mut health = HealthClient::new(channel.unwrap().connect().await.unwrap());
            let request = HealthCheckRequest {
                service: String::new(),
            };
            health.watch(request).await.unwrap().into_inner()
        });
        let mut next = || clients.block_on(watch.message());
        assert_eq!(next().unwrap().unwrap().status(), ServingStatus::Serving);
        assert_eq!(clients.block_on(instances(&etcd)), 1);

        handle.stop("the test is over");
        assert_eq!(next().unwrap().unwrap().status(), ServingStatus::NotServing);
        let report = running.join().unwrap();
        assert_eq!(next().unwrap_err().code(), tonic::Code::Unavailable);
        report
    });
    let report = report.unwrap();
    assert_eq!(report.exit_code, 0);
    assert_eq!(clients.block_on(instances(&etcd)), 0);
    assert_nothing_alive(&app_runtime);
}

#[test]
fn a_drain_takes_the_instance_out_of_etcd_and_brings_it_back() {
    let clients = runtime();
    let etcd = clients.block_on(Etcd::start());
    let app_runtime = runtime();
    let app = app(&etcd).server(http(0)).server(grpc(0)).build();
    let handle = app.handle();
    let report = std::thread::scope(|threads| {
        let running = threads.spawn(|| run(&app_runtime, app));
        clients.block_on(handle.started()).unwrap();
        let [_, grpc] = addresses(&handle);
        let mut watch = clients.block_on(async {
            let channel = tonic::transport::Endpoint::from_shared(format!("http://{grpc}"));
            let mut health = HealthClient::new(channel.unwrap().connect().await.unwrap());
            let request = HealthCheckRequest::default();
            health.watch(request).await.unwrap().into_inner()
        });
        let mut next = || clients.block_on(watch.message()).unwrap().unwrap().status();
        let shown = |count| {
            let begun = tokio::time::Instant::now();
            while clients.block_on(instances(&etcd)) != count {
                assert!(begun.elapsed() < PATIENCE, "never {count}");
            }
        };
        assert_eq!(next(), ServingStatus::Serving);
        for _ in 0..3 {
            shown(1);
            assert!(handle.is_ready());
            handle.drain("maintenance");
            assert_eq!(next(), ServingStatus::NotServing);
            assert!(!handle.is_ready());
            shown(0);
            assert_eq!(handle.undrain(), Ok(true));
            assert_eq!(next(), ServingStatus::Serving);
        }
        shown(1);
        handle.stop("the test is over");
        running.join().unwrap()
    });
    assert_eq!(report.unwrap().exit_code, 0);
    assert_eq!(clients.block_on(instances(&etcd)), 0);
    assert_nothing_alive(&app_runtime);
}

#[test]
fn nothing_is_alive_after_a_start_that_failed_half_way() {
    let clients = runtime();
    let etcd = clients.block_on(Etcd::start());
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let app_runtime = runtime();
    let app = app(&etcd).server(http(0)).server(grpc(port)).build();
    let error = run(&app_runtime, app).unwrap_err();
    let line = error.to_string();
    assert!(line.contains(&format!(
        "grpc could not start: could not listen on 127.0.0.1:{port}"
    )));
    assert!(
        line.contains("address in use") && !line.contains("cancel"),
        "{line}"
    );
    assert_eq!(clients.block_on(instances(&etcd)), 0);
    assert_nothing_alive(&app_runtime);
}

#[test]
fn nothing_is_alive_after_a_registry_was_not_there() {
    let app_runtime = runtime();
    let app = App::builder("whole")
        .signals(Signals::none())
        .server(http(0))
        .registry(format!("etcd://{}", kit_test_support::dead_address()))
        .register_timeout(Duration::from_millis(300))
        .build();
    let line = run(&app_runtime, app).unwrap_err().to_string();
    assert!(
        line.contains("gave up after") && line.contains("connection refused"),
        "{line}"
    );
    assert_nothing_alive(&app_runtime);
}

fn app(etcd: &Etcd) -> kit_app::AppBuilder {
    App::builder("whole")
        .signals(Signals::none())
        .registry(etcd.url(""))
        .drain_delay(Duration::ZERO)
}

fn http(port: u16) -> impl Server {
    http::Server::new(
        ([127, 0, 0, 1], port),
        Router::new().route("/hello", get(|| async { "hello" })),
    )
}

fn grpc(port: u16) -> impl Server {
    grpc::Server::new(([127, 0, 0, 1], port))
}

fn runtime() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}

fn run(runtime: &Runtime, app: App) -> Result<Report, RunError> {
    runtime.block_on(app.run())
}

fn addresses(handle: &AppHandle) -> [SocketAddr; 2] {
    let endpoints = handle.info().endpoints();
    ["http", "grpc"].map(|scheme| {
        let endpoint = endpoints
            .iter()
            .find(|endpoint| endpoint.scheme() == scheme);
        endpoint.unwrap().authority().parse().unwrap()
    })
}

/// What another process sees.
async fn instances(etcd: &Etcd) -> usize {
    let tree = TaskTree::new("client");
    let backend = Schemes::default()
        .open(&etcd.url(""), tree.scope())
        .unwrap();
    let service: ServiceName = "whole".parse().unwrap();
    backend
        .discovery
        .instances(&service)
        .await
        .unwrap()
        .instances
        .len()
}

#[track_caller]
fn assert_nothing_alive(runtime: &Runtime) {
    let begun = tokio::time::Instant::now();
    while runtime.metrics().num_alive_tasks() > 0 {
        assert!(
            begun.elapsed() < PATIENCE,
            "{} alive",
            runtime.metrics().num_alive_tasks()
        );
        std::thread::yield_now();
    }
}
