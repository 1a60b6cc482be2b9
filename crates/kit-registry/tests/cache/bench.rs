//! What the tests share.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use kit_registry::{Discovery, ServiceInstance, ServiceName, Snapshot, Watch};
use kit_sync::TaskTree;
use tokio::time::{Instant, sleep, timeout};

/// Longer than anything here takes.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);

pub(crate) fn service() -> ServiceName {
    "helloworld".parse().expect("a name")
}

pub(crate) fn instances(ids: &[&str]) -> Vec<Arc<ServiceInstance>> {
    let instance = |id: &&str| ServiceInstance::builder(*id, "helloworld").build();
    let instances = ids.iter().map(|id| instance(id).expect("an instance"));
    instances.map(Arc::new).collect()
}

pub(crate) fn ids(snapshot: &Snapshot) -> Vec<&str> {
    snapshot.instances.iter().map(|one| one.id()).collect()
}

/// Waits for a snapshot.
pub(crate) async fn seen(
    watch: &mut Watch,
    what: &str,
    is: impl Fn(&Snapshot) -> bool,
) -> Arc<Snapshot> {
    let seen = timeout(LIMIT, async {
        loop {
            let snapshot = watch.next().await.expect("an open watch");
            if is(&snapshot) {
                return snapshot;
            }
        }
    });
    seen.await
        .unwrap_or_else(|_| panic!("{what} was not seen in {LIMIT:?}"))
}

pub(crate) async fn first(discovery: &dyn Discovery) -> (Watch, Arc<Snapshot>) {
    let opened = timeout(LIMIT, discovery.watch(&service())).await;
    let mut watch = opened.expect("an answer").expect("a watch");
    let first = timeout(LIMIT, watch.next()).await.expect("at once");
    (watch, first.expect("an open watch"))
}

/// Waits until the only list in the directory is one for which `is` holds.
pub(crate) async fn kept(directory: &Path, is: impl Fn(&str) -> bool) {
    let written = || {
        let mut files = std::fs::read_dir(directory).ok()?;
        files.find_map(|file| {
            let path = file.ok()?.path();
            let is_list = path.extension().is_some_and(|ending| ending == "instances");
            is_list.then(|| std::fs::read_to_string(path).ok())?
        })
    };
    let found = timeout(LIMIT, async {
        while !written().is_some_and(|written| is(&written)) {
            sleep(Duration::from_millis(5)).await;
        }
    });
    found
        .await
        .unwrap_or_else(|_| panic!("not kept in {LIMIT:?}; there is {:?}", written()));
}

/// Closes everything; nothing may be left of it.
pub(crate) async fn close(tree: TaskTree) {
    let report = tree.close(Instant::now() + LIMIT).await;
    assert!(report.on_time(), "{report:?}");
    assert_eq!(tree.scope().live(), 0, "{report:?}");
}
