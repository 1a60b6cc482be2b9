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
mod server;

use kit_registry::conformance;

use crate::{bench::open, server::Server};

#[tokio::test]
async fn etcd_conforms() {
    let server = Server::start().await;
    let url = server.url("");
    conformance::run(|scope| open(&url, scope)).await;
}
