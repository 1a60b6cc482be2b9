//! The registry inside one process.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use kit_sync::{Published, Scope, StopToken};

use crate::{
    Backend, Discovery, Error, LossReason, Reach, Registrar, ServiceInstance, ServiceName,
    Snapshot, Watch,
};

/// A registry inside one process: for tests, and for a service that no other process looks for.
///
/// Clones are the same registry. It is a [`Registrar`] and a [`Discovery`] itself, whose watches end
/// when the last clone is dropped; [`open`](Self::open) gives a view that ends with a scope.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use kit_registry::{Discovery, Memory, Registrar, ServiceInstance};
///
/// let registry = Memory::new();
/// let instance = ServiceInstance::builder("1", "helloworld").build()?;
/// registry.register(&instance).await?;
/// assert_eq!(registry.instances(instance.name()).await?.instances.len(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Memory {
    store: Arc<Mutex<Store>>,
}

#[derive(Default)]
struct Store {
    revision: u64,
    services: BTreeMap<ServiceName, Service>,
}

struct Service {
    instances: BTreeMap<String, Arc<ServiceInstance>>,
    published: Published<Snapshot>,
}

/// A memory registry that is open for as long as a scope lives.
struct ScopedMemory {
    memory: Memory,
    closed: StopToken,
}

impl Memory {
    /// An empty registry.
    #[must_use]
    pub fn new() -> Memory {
        Memory::default()
    }

    /// This registry as a backend whose calls fail, and whose watches end, once `scope` is
    /// cancelled.
    #[must_use]
    pub fn open(&self, scope: &Scope) -> Backend {
        let opened = Arc::new(ScopedMemory {
            memory: self.clone(),
            closed: scope.token().clone(),
        });
        Backend::new("memory", opened.clone(), opened).reach(Reach::Process)
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        // Each change of the store is complete before anything under the lock can panic.
        kit_sync::lock(&self.store)
    }

    fn put(&self, instance: &ServiceInstance) {
        self.store().change(instance.name(), |instances| {
            let instance = Arc::new(instance.clone());
            let before = instances.insert(instance.id().to_owned(), Arc::clone(&instance));
            before.is_none_or(|before| before != instance)
        });
    }

    fn remove(&self, instance: &ServiceInstance) {
        self.store().change(instance.name(), |instances| {
            instances.remove(instance.id()).is_some()
        });
    }

    fn snapshot(&self, service: &ServiceName) -> Arc<Snapshot> {
        let mut store = self.store();
        let revision = store.revision;
        match store.services.get_mut(service) {
            Some(service) => service.published.load(),
            None => Arc::new(Snapshot::fresh(Vec::new(), revision)),
        }
    }

    fn subscribe(&self, service: &ServiceName, closed: StopToken) -> Watch {
        Watch::new(&self.store().service(service).published, closed)
    }

    /// Returns once `instance` is not shown, or not with this value.
    async fn lost(&self, instance: &ServiceInstance) -> LossReason {
        let mut watch = self.subscribe(instance.name(), StopToken::new());
        while let Ok(snapshot) = watch.next().await {
            match snapshot.instances.iter().find(|i| i.id() == instance.id()) {
                Some(shown) if **shown == *instance => {}
                Some(_) => return LossReason::Changed,
                None => return LossReason::Missing,
            }
        }
        LossReason::Missing
    }
}

#[async_trait]
impl Registrar for Memory {
    async fn register(&self, instance: &ServiceInstance) -> Result<(), Error> {
        self.put(instance);
        Ok(())
    }

    async fn hold(&self, instance: &ServiceInstance) -> LossReason {
        self.lost(instance).await
    }

    async fn deregister(&self, instance: &ServiceInstance) -> Result<(), Error> {
        self.remove(instance);
        Ok(())
    }
}

#[async_trait]
impl Discovery for Memory {
    async fn instances(&self, service: &ServiceName) -> Result<Snapshot, Error> {
        Ok(Snapshot::clone(&self.snapshot(service)))
    }

    async fn watch(&self, service: &ServiceName) -> Result<Watch, Error> {
        Ok(self.subscribe(service, StopToken::new()))
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let store = self.store();
        f.debug_map()
            .entries(
                store
                    .services
                    .iter()
                    .map(|(name, service)| (name, service.instances.keys().collect::<Vec<_>>())),
            )
            .finish()
    }
}

impl Store {
    fn service(&mut self, name: &ServiceName) -> &mut Service {
        let revision = self.revision;
        self.services
            .entry(name.clone())
            .or_insert_with(|| Service {
                instances: BTreeMap::new(),
                published: Published::new(Snapshot::fresh(Vec::new(), revision)),
            })
    }

    fn change(
        &mut self,
        name: &ServiceName,
        change: impl FnOnce(&mut BTreeMap<String, Arc<ServiceInstance>>) -> bool,
    ) {
        let revision = self.revision + 1;
        let service = self.service(name);
        if change(&mut service.instances) {
            let instances: Vec<_> = service.instances.values().cloned().collect();
            service
                .published
                .store(Snapshot::fresh(instances, revision));
            self.revision = revision;
        }
    }
}

impl ScopedMemory {
    fn check(&self, attempt: &str, what: &dyn fmt::Display) -> Result<(), Error> {
        if self.closed.is_cancelled() {
            return Err(Error::closed(format!("{attempt} {what}")));
        }
        Ok(())
    }
}

#[async_trait]
impl Registrar for ScopedMemory {
    async fn register(&self, instance: &ServiceInstance) -> Result<(), Error> {
        self.check("register", instance)?;
        self.memory.register(instance).await
    }

    async fn hold(&self, instance: &ServiceInstance) -> LossReason {
        self.memory.lost(instance).await
    }

    async fn deregister(&self, instance: &ServiceInstance) -> Result<(), Error> {
        // Also after the end of the scope: it costs nothing, and other views go on.
        self.memory.deregister(instance).await
    }
}

#[async_trait]
impl Discovery for ScopedMemory {
    async fn instances(&self, service: &ServiceName) -> Result<Snapshot, Error> {
        self.check("list", service)?;
        self.memory.instances(service).await
    }

    async fn watch(&self, service: &ServiceName) -> Result<Watch, Error> {
        self.check("watch", service)?;
        Ok(self.memory.subscribe(service, self.closed.clone()))
    }
}
