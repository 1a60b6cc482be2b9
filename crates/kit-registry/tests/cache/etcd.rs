//! A real etcd that is killed and started again.

use std::sync::Arc;

use kit_registry::{Backend, Registration, Schemes};
use kit_sync::TaskTree;
use kit_test_support::Etcd;

use crate::bench::{LIMIT, close, first, ids, instances, kept, seen, service};

pub(crate) fn open(url: &str, directory: &std::path::Path, tree: &TaskTree) -> Backend {
    let scope = tree.scope();
    let backend = Schemes::default().open(url, scope).expect("a good URL");
    backend.cached(url, directory, scope)
}

#[tokio::test]
async fn a_start_without_etcd_sees_the_last_known_instances_until_it_is_back() {
    let mut server = Etcd::start().await;
    let directory = tempfile::tempdir().expect("a directory");
    let url = server.url("");
    let services = TaskTree::new("services");
    let registry = Schemes::default().open(&url, services.scope()).unwrap();
    for instance in instances(&["1", "2"]) {
        let registrar = Arc::clone(&registry.registrar);
        let instance = (*instance).clone();
        let registration = Registration::spawn(services.scope(), registrar, instance);
        registration.first(LIMIT).await.expect("registered");
    }

    let tree = TaskTree::new("client");
    let backend = open(&url, directory.path(), &tree);
    let mut watch = backend.discovery.watch(&service()).await.unwrap();
    seen(&mut watch, "both", |s| ids(s) == ["1", "2"]).await;
    kept(directory.path(), |written| written.contains(r#""id":"2""#)).await;
    server.kill();
    // A watch that lives on is stale as it is without a cache.
    let stale = seen(&mut watch, "stale", |s| !s.is_fresh()).await;
    assert_eq!(ids(&stale), ["1", "2"]);
    close(tree).await;

    let tree = TaskTree::new("client");
    let backend = open(&url, directory.path(), &tree);
    let (mut watch, stale) = first(&*backend.discovery).await;
    assert!(!stale.is_fresh() && ids(&stale) == ["1", "2"], "{stale:?}");
    server.restart().await;
    let fresh = seen(&mut watch, "both again", |s| {
        s.is_fresh() && ids(s) == ["1", "2"]
    })
    .await;
    assert!(fresh.age().is_zero() && fresh.revision > 0);
    close(tree).await;
    close(services).await;
}

#[tokio::test]
async fn an_etcd_that_was_wiped_empties_the_list_on_disk() {
    let mut server = Etcd::start().await;
    let directory = tempfile::tempdir().expect("a directory");
    let url = server.url("");
    let services = TaskTree::new("services");
    let registry = Schemes::default().open(&url, services.scope()).unwrap();
    let one = instances(&["1"]).remove(0);
    registry.registrar.register(&one).await.expect("registered");

    let tree = TaskTree::new("client");
    let backend = open(&url, directory.path(), &tree);
    let mut watch = backend.discovery.watch(&service()).await.unwrap();
    seen(&mut watch, "it", |s| ids(s) == ["1"]).await;
    kept(directory.path(), |written| written.contains(r#""id":"1""#)).await;
    server.kill();
    seen(&mut watch, "stale", |s| !s.is_fresh()).await;
    server.restart_empty().await;
    seen(&mut watch, "nothing", |s| {
        s.is_fresh() && s.instances.is_empty()
    })
    .await;
    kept(directory.path(), |written| {
        written.contains(r#""instances":0"#)
    })
    .await;
    close(tree).await;
    close(services).await;
}
