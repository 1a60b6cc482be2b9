//! A helloworld that is ready.

use std::net::SocketAddr;

use rustix::process::Signal;
use tokio::time::Instant;

use super::{Exit, Greeter, Http, Process, channel};

/// Free ports for both servers.
pub(crate) const FREE_PORTS: [&str; 4] = ["--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0"];

/// A helloworld that is ready, on free ports.
pub(crate) struct Service {
    pub(crate) process: Process,
    pub(crate) http: SocketAddr,
    pub(crate) grpc: SocketAddr,
}

impl Service {
    pub(crate) async fn start(args: &[&str]) -> Service {
        Service::start_with(args, &[]).await
    }

    pub(crate) async fn start_with(args: &[&str], environment: &[(&str, &str)]) -> Service {
        let args = [&FREE_PORTS, args].concat();
        Service::ready(Process::spawn_with(&args, environment)).await
    }

    /// Waits for the line that it is ready.
    pub(crate) async fn ready(mut process: Process) -> Service {
        let http = process.field("http").await;
        let grpc = process.field("grpc").await;
        process.line("ready").await;
        Service {
            process,
            http: http.parse().expect("an address"),
            grpc: grpc.parse().expect("an address"),
        }
    }

    /// Starts one that is shown as `id` in a registry, and takes requests for 100 ms after a stop began.
    pub(crate) async fn start_in(registry: &str, id: &str) -> Service {
        let args = ["--registry", registry, "--id", id, "--drain-delay", "100ms"];
        Service::start(&args).await
    }

    pub(crate) fn signal(&self, signal: Signal) -> Instant {
        self.process.signal(signal)
    }

    pub(crate) async fn exit(self) -> Exit {
        self.process.exit().await
    }

    pub(crate) async fn terminate(self) -> Exit {
        self.signal(Signal::TERM);
        self.exit().await
    }

    /// A new HTTP/1.1 connection.
    pub(crate) async fn connect(&self) -> Http {
        Http::connect(self.http).await
    }

    /// A new gRPC channel.
    pub(crate) async fn greeter(&self) -> Greeter {
        Greeter::new(channel(self.grpc).await)
    }

    /// Waits until both servers have accepted every connection opened before: they take connections in
    /// the order in which they came.
    pub(crate) async fn see_everything(&self) {
        let answer = self.connect().await.get("/helloworld/fence").await;
        assert_eq!(answer.status, 200);
        let answer = self.greeter().await.hello("fence").await;
        answer.expect("an answer");
    }
}

/// The key of an instance of helloworld.
pub(crate) fn key(id: &str) -> String {
    format!("/microservices/helloworld/{id}")
}
