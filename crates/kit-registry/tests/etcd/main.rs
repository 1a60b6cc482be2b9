//! The etcd backend against a real etcd.
//!
//! Each test starts its own etcd: `etcd` on the PATH, or the binary that `KIT_ETCD` names.
//! `cargo xtask test` installs it when it is missing.

mod bench;
mod blocked_log;
mod called_off;
mod cluster;
mod discovery;
mod grpc_proxy;
mod lines;
mod login;
mod moved;
mod noise;
mod proxy;
mod raw;
mod refusal;
mod registration;
mod repair;
mod tls;

use kit_registry::conformance;
use kit_test_support::Etcd;

use crate::bench::open;

#[tokio::test]
async fn etcd_conforms() {
    let server = Etcd::start().await;
    // Shorter than an instance has to stay without a write.
    let url = server.url("/microservices?ttl=2s");
    conformance::run(|scope| open(&url, scope)).await;
}

#[tokio::test]
#[ignore = "takes 20 s"]
async fn etcd_holds_ten_thousand() {
    let server = Etcd::start().await;
    let url = server.url("/microservices?ttl=300s");
    conformance::crowd(10_000, |scope| open(&url, scope)).await;
}
