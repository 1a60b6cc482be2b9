//! An app that starts while its etcd is down finds the last known instances of another service.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use kit_app::{App, RegisterAtStart, Signals};
use kit_registry::{Freshness, Snapshot};
use kit_test_support::Etcd;
use tokio::time::timeout;

const LIMIT: Duration = Duration::from_secs(20);

/// Runs an app that watches the service `orders`, its own, until `is` holds of what it sees.
async fn watch_until(
    url: &str,
    directory: &Path,
    is: impl Fn(&Snapshot) -> bool + Send + Sync + 'static,
) -> Arc<Snapshot> {
    let (sent, received) = tokio::sync::oneshot::channel();
    let app = App::builder("orders")
        .id("1")
        .registry(url)
        .register_at_start(RegisterAtStart::Background)
        .cache_dir(directory)
        .signals(Signals::none())
        .after_start("watch", move |ctx| async move {
            let registry = ctx.handle().registries().remove(0);
            assert!(registry.registry.starts_with("etcd at "), "{registry:?}");
            let mut watch = registry.discovery.watch(&"orders".parse()?).await?;
            loop {
                let seen = watch.next().await?;
                if is(&seen) {
                    ctx.handle().stop("seen");
                    sent.send(seen).expect("the test waits");
                    return Ok(());
                }
            }
        })
        .build();
    let handle = app.handle();
    assert!(handle.registries().is_empty(), "nothing is open yet");
    let report = timeout(LIMIT, app.run()).await.expect("it sees and stops");
    // With etcd away the deregistration is not confirmed.
    drop(report);
    received.await.expect("it was seen")
}

#[tokio::test]
async fn a_start_without_the_registry_finds_what_was_there() {
    let mut server = Etcd::start().await;
    let url = server.url("");
    let folder = tempfile::tempdir().expect("a directory");
    let directory = folder.path().join("cache");
    let seen = watch_until(&url, &directory, |s| s.instances.len() == 1).await;
    assert!(seen.is_fresh(), "{seen:?}");
    let lists = std::fs::read_dir(&directory).expect("it was made").count();
    assert_eq!(lists, 1);

    server.kill();
    let stale = watch_until(&url, &directory, |_| true).await;
    assert!(
        matches!(
            stale.freshness,
            Freshness::Stale {
                cached: Some(_),
                ..
            }
        ),
        "{stale:?}"
    );
    server.restart().await;
    watch_until(&url, &directory, Snapshot::is_fresh).await;
}
