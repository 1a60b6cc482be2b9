//! Lists of instances on disk: with a registry that fails as the test says, with a real etcd, and in a
//! process that is started again.

mod bench;
mod etcd;
mod failures;
mod restart;
mod switched;

use kit_registry::{Memory, conformance};

#[tokio::test]
async fn a_cached_registry_conforms() {
    let directory = tempfile::tempdir().expect("a directory");
    let memory = Memory::new();
    conformance::run(|scope| {
        memory
            .open(scope)
            .cached("memory:", directory.path(), scope)
    })
    .await;
}
