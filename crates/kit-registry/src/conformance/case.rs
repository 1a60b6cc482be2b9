//! What the cases share: a view of the registry, and calls with a limit.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use kit_sync::{Scope, TaskTree};
use tokio::time::{Instant, timeout};

use crate::random::random_bits;
use crate::{
    Backend, Error, Registrar, Registration, ServiceInstance, ServiceName, Snapshot, Watch,
};

/// Longer than any backend needs for one call that works.
pub(super) const LIMIT: Duration = Duration::from_secs(10);

/// The number of calls that are made at once for many instances.
const AT_ONCE: usize = 64;

/// One case's own view of the registry.
pub(super) struct Case<'a> {
    pub(super) tree: TaskTree,
    pub(super) backend: Backend,
    pub(super) service: ServiceName,
    open: &'a dyn Fn(&Scope) -> Backend,
}

impl<'a> Case<'a> {
    pub(super) fn new(name: &str, open: &'a dyn Fn(&Scope) -> Backend) -> Case<'a> {
        tracing::info!(case = name, "conformance");
        let tree = TaskTree::new(name);
        let backend = open(&tree.scope().child("registry"));
        let service = format!("conformance-{:016x}", random_bits());
        Case {
            tree,
            backend,
            service: service.parse().expect("a valid name"),
            open,
        }
    }

    /// The same service as another process sees it.
    pub(super) fn another_view(&self) -> Case<'a> {
        let mut other = Case::new("another view", self.open);
        other.service = self.service.clone();
        other
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

    /// One call for each of the instances, some of them at once.
    pub(super) async fn of_all<'i, Fut>(
        &self,
        instances: &'i [ServiceInstance],
        call: impl Fn(&'i ServiceInstance) -> Fut,
    ) where
        Fut: Future<Output = Result<(), Error>>,
    {
        let mut calls = Vec::new();
        for instance in instances {
            calls.push(Box::pin(call(instance)));
            if calls.len() == AT_ONCE {
                join_all(std::mem::take(&mut calls)).await;
            }
        }
        join_all(calls).await;
    }

    pub(super) async fn list(&self) -> Arc<[Arc<ServiceInstance>]> {
        self.list_of(&self.service).await
    }

    pub(super) async fn list_of(&self, service: &ServiceName) -> Arc<[Arc<ServiceInstance>]> {
        let list = timeout(LIMIT, self.backend.discovery.instances(service)).await;
        list.expect("listed in time").expect("listed").instances
    }

    pub(super) async fn only(&self) -> Arc<ServiceInstance> {
        let list = self.list().await;
        assert_eq!(list.len(), 1, "one instance: {list:?}");
        Arc::clone(&list[0])
    }

    pub(super) async fn watch(&self) -> Watch {
        self.watch_of(&self.service).await
    }

    pub(super) async fn watch_of(&self, service: &ServiceName) -> Watch {
        let watch = timeout(LIMIT, self.backend.discovery.watch(service)).await;
        watch.expect("a watch in time").expect("a watch")
    }

    pub(super) async fn close(&self) {
        let report = self.tree.close(Instant::now() + LIMIT).await;
        assert!(report.on_time(), "the backend leaves tasks: {report:?}");
    }
}

/// Completes with the last of the calls, each of which succeeds within the limit.
async fn join_all<F: Future<Output = Result<(), Error>>>(mut calls: Vec<Pin<Box<F>>>) {
    let all = poll_fn(|context| {
        calls.retain_mut(|call| match call.as_mut().poll(context) {
            Poll::Ready(result) => {
                result.expect("a call for one of many succeeds");
                false
            }
            Poll::Pending => true,
        });
        if calls.is_empty() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    });
    timeout(LIMIT, all)
        .await
        .expect("some calls at once in time");
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
