//! The side of Kit: a view of the registry, and what two views are compared by.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use kit::registry::{Backend, Endpoint, Schemes, ServiceInstance, Snapshot, Watch};
use kit_sync::TaskTree;
use tokio::time::{Instant, timeout};

use super::server::Server;

/// Longer than anything here takes.
pub(super) const LIMIT: Duration = Duration::from_secs(60);

/// A registry, opened by Kit, and what runs because of it.
pub(super) struct View {
    pub(super) tree: TaskTree,
    pub(super) backend: Backend,
}

impl View {
    pub(super) fn open(server: &Server) -> View {
        let tree = TaskTree::new("test");
        let mut schemes = Schemes::default();
        kit_registry_consul::add_to(&mut schemes);
        let scope = tree.scope().child("registry");
        let backend = schemes.open(&server.url(), &scope).expect("a good URL");
        View { tree, backend }
    }

    pub(super) async fn watch(&self, name: &str) -> Watch {
        let name = name.parse().expect("a name");
        let watch = self.backend.discovery.watch(&name).await;
        watch.expect("a watch")
    }

    pub(super) async fn list(&self, name: &str) -> Vec<Arc<ServiceInstance>> {
        let name = name.parse().expect("a name");
        let list = self.backend.discovery.instances(&name).await;
        list.expect("a list").instances.to_vec()
    }

    /// Closes everything; nothing may be left of it.
    pub(super) async fn close(self) {
        let report = self.tree.close(Instant::now() + LIMIT).await;
        assert!(report.on_time(), "{report:?}");
        assert_eq!(self.tree.scope().live(), 0, "{report:?}");
    }
}

/// Waits for a snapshot.
pub(super) async fn seen(
    watch: &mut Watch,
    what: &str,
    is: impl Fn(&Snapshot) -> bool,
) -> Arc<Snapshot> {
    let mut last = None;
    let seen = timeout(LIMIT, async {
        loop {
            let snapshot = watch.next().await.expect("an open watch");
            if is(&snapshot) {
                return snapshot;
            }
            last = Some(snapshot);
        }
    });
    let seen = seen.await;
    seen.unwrap_or_else(|_| panic!("Kit never saw {what}, but {last:?}"))
}

/// Instances in a form without an order: Kratos gives the endpoints of a service in Consul in any.
pub(super) fn unordered<'a>(
    instances: impl IntoIterator<Item = &'a ServiceInstance>,
) -> BTreeSet<String> {
    let text = |instance: &ServiceInstance| {
        let (id, name, version) = (instance.id(), instance.name(), instance.version());
        let endpoints = instance.endpoints().iter();
        let endpoints: BTreeSet<&str> = endpoints.map(Endpoint::as_str).collect();
        let metadata = instance.metadata();
        format!("{id} {name} {version} {metadata:?} {endpoints:?}")
    };
    instances.into_iter().map(text).collect()
}
