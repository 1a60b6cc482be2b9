//! The registry in a directory, against real directories and real processes.

mod bench;
mod files;
mod owners;

use kit_registry::conformance;

use crate::bench::{Folder, open};

/// Shorter than an instance has to stay without a write.
const SHORT: &str = "ttl=3s";

#[tokio::test]
async fn local_conforms() {
    let folder = Folder::new();
    let url = folder.url(SHORT);
    conformance::run(|scope| open(&url, scope)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn local_conforms_by_polling() {
    let folder = Folder::new();
    let url = folder.url("ttl=3s&poll=50ms");
    conformance::run(|scope| open(&url, scope)).await;
}

#[tokio::test]
#[ignore = "takes long"]
async fn local_holds_ten_thousand() {
    let folder = Folder::new();
    let url = folder.url("ttl=1h");
    conformance::crowd(10_000, |scope| open(&url, scope)).await;
}
