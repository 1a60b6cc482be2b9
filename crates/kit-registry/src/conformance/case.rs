//! What the cases share: a view of the registry, and calls with a limit.

use std::sync::Arc;
use std::time::Duration;

use kit_sync::{Scope, TaskTree};
use tokio::time::{Instant, timeout};

use crate::random::random_bits;
use crate::{Backend, Registrar, Registration, ServiceInstance, ServiceName, Snapshot, Watch};

/// Longer than any backend needs for one call that works.
pub(super) const LIMIT: Duration = Duration::from_secs(10);

/// One case's own view of the registry.
pub(super) struct Case {
    pub(super) tree: TaskTree,
    pub(super) backend: Backend,
    pub(super) service: ServiceName,
}

impl Case {
    pub(super) fn new(name: &str, open: impl Fn(&Scope) -> Backend) -> Case {
        tracing::info!(case = name, "conformance");
        let tree = TaskTree::new(name);
        let backend = open(&tree.scope().child("registry"));
        let service = format!("conformance-{:016x}", random_bits());
        Case {
            tree,
            backend,
            service: service.parse().expect("a valid name"),
        }
    }

    pub(super) fn instance(&self, id: &str) -> ServiceInstance {
        ServiceInstance::builder(id, self.service.as_str())
            .build()
            .expect("a valid instance")
    }

    /// A registration of an instance by `registrar`, in a scope of the case.
    pub(super) fn registration(&self, registrar: Arc<dyn Registrar>) -> Registration {
        let scope = self.tree.scope().child("registration");
        Registration::spawn(&scope, registrar, self.instance("1"))
    }

    pub(super) async fn register(&self, instance: &ServiceInstance) {
        let registered = timeout(LIMIT, self.backend.registrar.register(instance)).await;
        registered.expect("registered in time").expect("registered");
    }

    pub(super) async fn deregister(&self, instance: &ServiceInstance) {
        let gone = timeout(LIMIT, self.backend.registrar.deregister(instance)).await;
        gone.expect("deregistered in time").expect("deregistered");
    }

    pub(super) async fn list(&self) -> Arc<[Arc<ServiceInstance>]> {
        let list = timeout(LIMIT, self.backend.discovery.instances(&self.service)).await;
        list.expect("listed in time").expect("listed").instances
    }

    pub(super) async fn only(&self) -> Arc<ServiceInstance> {
        let list = self.list().await;
        assert_eq!(list.len(), 1, "one instance: {list:?}");
        Arc::clone(&list[0])
    }

    pub(super) async fn watch(&self) -> Watch {
        let watch = timeout(LIMIT, self.backend.discovery.watch(&self.service)).await;
        watch.expect("a watch in time").expect("a watch")
    }

    pub(super) async fn close(&self) {
        let report = self.tree.close(Instant::now() + LIMIT).await;
        assert!(report.on_time(), "the backend leaves tasks: {report:?}");
    }
}

pub(super) fn changed(instance: &ServiceInstance) -> ServiceInstance {
    let changed = instance.to_builder().version("changed").build();
    changed.expect("a valid instance")
}

pub(super) async fn next(watch: &mut Watch) -> Arc<Snapshot> {
    let next = timeout(LIMIT, watch.next()).await;
    next.expect("a snapshot in time").expect("an open watch")
}

pub(super) async fn until(
    watch: &mut Watch,
    what: &str,
    is: impl Fn(&Snapshot) -> bool,
) -> Arc<Snapshot> {
    let mut last = None;
    let seen = timeout(LIMIT, async {
        loop {
            let seen = watch.next().await.expect("an open watch");
            if is(&seen) {
                return seen;
            }
            last = Some(seen);
        }
    })
    .await;
    match seen {
        Ok(seen) => seen,
        Err(_elapsed) => panic!("{what} was not seen in {LIMIT:?}; last {last:?}"),
    }
}
