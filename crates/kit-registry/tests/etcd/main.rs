//! The etcd backend against a real etcd.
//!
//! Each test starts an etcd of its own: `etcd` on the PATH, or the binary that `KIT_ETCD` names.
//! `cargo xtask test` installs it when it is missing.

mod bench;
mod cluster;
mod discovery;
mod login;
mod proxy;
mod raw;
mod registration;
mod repair;

use kit_registry::conformance;
use kit_testing::Etcd;

use crate::bench::open;

#[tokio::test]
async fn etcd_conforms() {
    let server = Etcd::start().await;
    let url = server.url("");
    conformance::run(|scope| open(&url, scope)).await;
}
