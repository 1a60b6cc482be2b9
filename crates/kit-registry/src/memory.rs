//! The registry inside one process.

use std::collections::{BTreeMap, BTreeSet};
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
/// Each view is an owner, as a process is elsewhere, and this registry with all its clones is another
/// one. Of two owners of an id the newest is shown; the older one is shown again when that has left.
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
    /// The number of views that were opened.
    views: u64,
}

struct Service {
    entries: BTreeMap<String, StoredInstance>,
    published: Published<Snapshot>,
    /// The ids that each view has registered and not deregistered.
    claims: BTreeSet<(View, String)>,
}

struct StoredInstance {
    instance: Arc<ServiceInstance>,
    owner: View,
    /// Cancelled when the owner's scope ends.
    owner_closed: StopToken,
}

/// The number of a view; 0 is the registry itself.
type View = u64;

/// A memory registry that is open for as long as a scope lives.
struct ScopedMemory {
    memory: Memory,
    view: View,
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
        let view = {
            let mut store = self.store();
            store.views += 1;
            store.views
        };
        let opened = Arc::new(ScopedMemory {
            memory: self.clone(),
            view,
            closed: scope.token().clone(),
        });
        Backend::new("memory", opened.clone(), opened).reach(Reach::Process)
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        // Each change of the store is complete before anything under the lock can panic.
        kit_sync::lock(&self.store)
    }

    /// Puts the instance, for its owner. The first time it takes the id over; an owner that another one
    /// took the id from waits until that has left.
    fn put(
        &self,
        instance: &ServiceInstance,
        owner: View,
        owner_closed: &StopToken,
    ) -> Result<(), Error> {
        let mut store = self.store();
        let service = store.service(instance.name());
        let id = instance.id().to_owned();
        let is_first = service.claims.insert((owner, id.clone()));
        let before = service.entries.get(&id);
        if let Some(before) = before
            && !is_first
            && before.owner != owner
            && !before.owner_closed.is_cancelled()
        {
            return Err(Error::lost(instance, before.taken_over()));
        }
        let is_changed = before.is_none_or(|before| *before.instance != *instance);
        let entry = StoredInstance {
            instance: Arc::new(instance.clone()),
            owner,
            owner_closed: owner_closed.clone(),
        };
        let is_another_owner = before.is_some_and(|before| before.owner != owner);
        if is_changed || is_another_owner {
            service.entries.insert(id, entry);
            store.publish(instance.name());
        }
        Ok(())
    }

    fn remove(&self, instance: &ServiceInstance, owner: View) {
        let mut store = self.store();
        let Some(service) = store.services.get_mut(instance.name()) else {
            return;
        };
        let id = instance.id();
        service.claims.remove(&(owner, id.to_owned()));
        if (service.entries.get(id)).is_some_and(|entry| entry.owner == owner) {
            service.entries.remove(id);
            store.publish(instance.name());
        }
    }

    /// The owner of an entry, unless it is `view`.
    fn other_owner(&self, instance: &ServiceInstance, view: View) -> Option<LossReason> {
        let store = self.store();
        let entry = store
            .services
            .get(instance.name())?
            .entries
            .get(instance.id())?;
        (entry.owner != view).then(|| entry.taken_over())
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

    /// Returns once `instance` is not shown, or not with this value, or for another owner.
    async fn lost(&self, instance: &ServiceInstance, view: View) -> LossReason {
        let mut watch = self.subscribe(instance.name(), StopToken::new());
        while let Ok(snapshot) = watch.next().await {
            if let Some(reason) = self.other_owner(instance, view) {
                return reason;
            }
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
        self.put(instance, 0, &StopToken::new())
    }

    async fn hold(&self, instance: &ServiceInstance) -> LossReason {
        self.lost(instance, 0).await
    }

    async fn deregister(&self, instance: &ServiceInstance) -> Result<(), Error> {
        self.remove(instance, 0);
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
                    .map(|(name, service)| (name, service.entries.keys().collect::<Vec<_>>())),
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
                entries: BTreeMap::new(),
                published: Published::new(Snapshot::fresh(Vec::new(), revision)),
                claims: BTreeSet::new(),
            })
    }

    /// Publishes the entries of a service after a change.
    fn publish(&mut self, name: &ServiceName) {
        self.revision += 1;
        let revision = self.revision;
        let service = self.service(name);
        let entries = service.entries.values();
        let instances: Vec<_> = entries.map(|entry| Arc::clone(&entry.instance)).collect();
        service
            .published
            .store(Snapshot::fresh(instances, revision));
    }
}

impl StoredInstance {
    fn taken_over(&self) -> LossReason {
        let by = match self.owner {
            0 => "the registry's own user".to_owned(),
            view => format!("view {view} of it"),
        };
        LossReason::TakenOver { by }
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
        self.memory.put(instance, self.view, &self.closed)
    }

    async fn hold(&self, instance: &ServiceInstance) -> LossReason {
        self.memory.lost(instance, self.view).await
    }

    async fn deregister(&self, instance: &ServiceInstance) -> Result<(), Error> {
        // Also after the end of the scope: it costs nothing, and other views go on.
        self.memory.remove(instance, self.view);
        Ok(())
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
