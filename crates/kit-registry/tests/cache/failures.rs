//! A registry that refuses, hangs, comes back and is emptied.

use std::path::Path;
use std::time::Duration;

use kit_registry::{Backend, Error, Freshness};
use kit_sync::TaskTree;
use tempfile::TempDir;
use tokio::time::{Instant, timeout};

use crate::bench::{LIMIT, close, first, ids, kept, seen, service};
use crate::switched::{Answer, Switched};

fn directory() -> TempDir {
    tempfile::tempdir().expect("a directory")
}

fn cached(registry: &Switched, directory: &Path, tree: &TaskTree) -> Backend {
    let scope = tree.scope();
    registry.open(scope).cached("fake://h:1", directory, scope)
}

/// The run of a process that has seen these instances.
async fn earlier_run(registry: &Switched, directory: &Path, shown: &[&str]) {
    let tree = TaskTree::new("earlier");
    registry.show(shown).await;
    let backend = cached(registry, directory, &tree);
    let list = backend.discovery.instances(&service()).await.unwrap();
    assert!(list.is_fresh() && ids(&list) == shown);
    close(tree).await;
}

#[tokio::test]
async fn a_watch_begins_with_the_list_on_disk_and_becomes_fresh() {
    let (directory, registry) = (directory(), Switched::new());
    // A list is kept at the end of a scope at the latest.
    earlier_run(&registry, directory.path(), &["1", "2"]).await;
    registry.answers(Answer::Refused);
    let tree = TaskTree::new("later");
    let backend = cached(&registry, directory.path(), &tree);
    let (mut watch, stale) = first(&*backend.discovery).await;
    assert_eq!(ids(&stale), ["1", "2"]);
    assert_eq!(stale.revision, 0);
    let Freshness::Stale { cached, why, .. } = &stale.freshness else {
        panic!("{stale:?}");
    };
    assert!(cached.is_some_and(|age| age < LIMIT), "{stale:?}");
    assert_eq!(&**why, "cannot watch: fake at h:1 is unreachable: refused");
    assert!(stale.age() < LIMIT);
    // A second reader sees the same list, and a call the same again.
    let (_late, second) = first(&*backend.discovery).await;
    assert!(!second.is_fresh() && ids(&second) == ["1", "2"]);
    let list = backend.discovery.instances(&service()).await.unwrap();
    assert!(!list.is_fresh() && ids(&list) == ["1", "2"]);

    registry.show(&["2", "3"]).await;
    registry.answers(Answer::Yes);
    let fresh = seen(&mut watch, "fresh", kit_registry::Snapshot::is_fresh).await;
    assert_eq!(ids(&fresh), ["2", "3"]);
    assert!(fresh.revision > 0 && fresh.age().is_zero());
    kept(directory.path(), |written| written.contains(r#""id":"3""#)).await;
    close(tree).await;
    assert!(watch.next().await.is_err(), "closed with its scope");
}

#[tokio::test]
async fn an_empty_answer_replaces_the_list_and_a_failure_does_not() {
    let (directory, registry) = (directory(), Switched::new());
    earlier_run(&registry, directory.path(), &["1"]).await;
    registry.answers(Answer::Refused);
    for _ in 0..3 {
        let tree = TaskTree::new("while it is away");
        let backend = cached(&registry, directory.path(), &tree);
        let list = backend.discovery.instances(&service()).await.unwrap();
        assert!(!list.is_fresh() && ids(&list) == ["1"], "{list:?}");
        let (_watch, stale) = first(&*backend.discovery).await;
        assert!(!stale.is_fresh() && ids(&stale) == ["1"], "{stale:?}");
        close(tree).await;
    }
    registry.answers(Answer::Yes);
    earlier_run(&registry, directory.path(), &[]).await;
    registry.answers(Answer::Refused);
    let tree = TaskTree::new("after it was empty");
    let backend = cached(&registry, directory.path(), &tree);
    let (_watch, stale) = first(&*backend.discovery).await;
    assert!(!stale.is_fresh() && stale.instances.is_empty(), "{stale:?}");
    close(tree).await;
}

#[tokio::test]
async fn without_a_list_the_error_stands() {
    let (directory, registry) = (directory(), Switched::new());
    registry.answers(Answer::Refused);
    let tree = TaskTree::new("test");
    let backend = cached(&registry, directory.path(), &tree);
    let discovery = &backend.discovery;
    let error = discovery.instances(&service()).await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error}");
    let error = discovery.watch(&service()).await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error}");
    assert!(
        std::fs::read_dir(directory.path())
            .unwrap()
            .next()
            .is_none()
    );
    close(tree).await;
}

#[tokio::test]
async fn a_registry_that_hangs_is_waited_for_for_two_seconds() {
    let (directory, registry) = (directory(), Switched::new());
    earlier_run(&registry, directory.path(), &["1"]).await;
    registry.answers(Answer::None);
    let tree = TaskTree::new("test");
    let backend = cached(&registry, directory.path(), &tree);
    let begun = Instant::now();
    let (mut watch, stale) = first(&*backend.discovery).await;
    assert!(begun.elapsed() >= Duration::from_secs(2));
    let Freshness::Stale { why, .. } = &stale.freshness else {
        panic!("{stale:?}");
    };
    assert_eq!(
        &**why,
        "cannot watch helloworld: no answer from the registry within 2s"
    );
    let list = backend.discovery.instances(&service()).await.unwrap();
    assert!(!list.is_fresh() && ids(&list) == ["1"]);
    // The call that was begun goes on.
    registry.answers(Answer::Yes);
    seen(&mut watch, "fresh", kit_registry::Snapshot::is_fresh).await;

    // Without a list it is waited for as without a cache.
    registry.answers(Answer::None);
    let other = "other".parse().unwrap();
    let (list, ()) = tokio::join!(backend.discovery.instances(&other), async {
        tokio::time::sleep(Duration::from_millis(2_500)).await;
        registry.answers(Answer::Yes);
    });
    assert!(list.unwrap().is_fresh());
    close(tree).await;
}

#[tokio::test]
async fn a_scope_that_has_ended_is_no_failure_of_the_registry() {
    let (directory, registry) = (directory(), Switched::new());
    earlier_run(&registry, directory.path(), &["1"]).await;
    let (tree, inner) = (TaskTree::new("test"), TaskTree::new("inner"));
    let opened = registry.open(inner.scope());
    let backend = opened.cached("fake://h:1", directory.path(), tree.scope());
    let (mut watch, _first) = first(&*backend.discovery).await;
    close(inner).await;
    // The registry was closed: its watch ends, and so does this one.
    let closed = timeout(LIMIT, watch.next()).await.expect("it is closed");
    closed.unwrap_err();
    let error = backend.discovery.watch(&service()).await.unwrap_err();
    assert!(matches!(error, Error::Closed { .. }), "{error}");
    close(tree).await;
    let error = backend.discovery.instances(&service()).await.unwrap_err();
    assert!(matches!(error, Error::Closed { .. }), "{error}");
}

#[tokio::test]
async fn a_directory_that_cannot_be_written_is_one_remark() {
    let (folder, registry) = (directory(), Switched::new());
    let directory = folder.path().join("cache");
    std::fs::write(&directory, "a file").unwrap();
    let tree = TaskTree::new("test");
    let opened = registry.open(tree.scope());
    let remarks = kit_registry::Remarks::new();
    let mut reader = remarks.subscribe();
    let cached = kit_registry::Cached::new(
        "fake://h:1",
        &directory,
        opened.discovery,
        remarks,
        tree.scope(),
    );
    registry.show(&["1"]).await;
    let (mut watch, first) = first(&cached).await;
    assert!(first.is_fresh());
    let remark = timeout(LIMIT, reader.recv()).await.unwrap().unwrap();
    let expected = format!(
        "cache of instances: the list of helloworld cannot be kept in {}: ",
        directory.display()
    );
    assert!(remark.starts_with(&expected), "{remark}");
    registry.show(&["1", "2"]).await;
    let next = seen(&mut watch, "two", |s| s.instances.len() == 2).await;
    assert!(next.is_fresh());
    close(tree).await;
    assert!(reader.is_empty(), "{:?}", reader.try_recv());
}

#[tokio::test]
async fn a_damaged_list_is_no_list() {
    let (directory, registry) = (directory(), Switched::new());
    earlier_run(&registry, directory.path(), &["1"]).await;
    registry.answers(Answer::Refused);
    for file in std::fs::read_dir(directory.path()).unwrap() {
        let path = file.unwrap().path();
        let written = std::fs::read(&path).unwrap();
        std::fs::write(&path, &written[..written.len() / 2]).unwrap();
    }
    let tree = TaskTree::new("test");
    let backend = cached(&registry, directory.path(), &tree);
    let error = backend.discovery.watch(&service()).await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error}");
    close(tree).await;
}
