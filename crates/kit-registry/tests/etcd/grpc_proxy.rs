//! Behind a proxy of etcd's own, which shares one watch among many clients.

use std::env;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use kit_test_support::{Etcd, dead_address};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::bench::{Bench, KEY, eventually, instance, registered, seen};
use crate::raw::Raw;

/// `etcd grpc-proxy`; killed when dropped.
struct GrpcProxy {
    child: Child,
    address: String,
}

impl GrpcProxy {
    async fn start(server: &Etcd) -> GrpcProxy {
        let binary = env::var_os("KIT_ETCD").unwrap_or_else(|| "etcd".into());
        let address = dead_address();
        let child = Command::new(binary)
            .args(["grpc-proxy", "start", "--endpoints", &server.address()])
            .args([
                "--listen-addr",
                &address,
                "--advertise-client-url",
                &address,
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("etcd runs");
        let proxy = GrpcProxy { child, address };
        let address = &proxy.address;
        eventually("the proxy", async || TcpStream::connect(address).await.ok()).await;
        proxy
    }
}

impl Drop for GrpcProxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Such a proxy does not answer when it is asked whether a stream lives.
#[tokio::test]
#[ignore = "takes 50 s"]
async fn a_watch_through_a_proxy_stays_fresh_while_nothing_changes() {
    let server = Etcd::start().await;
    let raw = Raw::of(&server);
    let proxy = GrpcProxy::start(&server).await;
    let bench = Bench::open(&format!("etcd://{}/microservices?ttl=5s", proxy.address));
    let registration = bench.registered().await;
    let service = instance().name().clone();
    let mut watch = bench.backend.discovery.watch(&service).await.unwrap();
    seen(&mut watch, "the instance", |s| s.instances.len() == 1).await;
    let quiet = timeout(Duration::from_secs(50), watch.next()).await;
    assert!(quiet.is_err(), "{quiet:?}");
    registered(&registration).await;
    let other = r#"{"id":"2","name":"helloworld"}"#;
    raw.put("/microservices/helloworld/2", other, 0).await;
    seen(&mut watch, "another one", |s| s.instances.len() == 2).await;
    raw.delete(KEY).await;
    eventually("the repair", async || raw.get(KEY).await).await;
    bench.close().await;
}
