//! The memory registry behind calls of which one breaks a promise.

use std::collections::BTreeSet;
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use kit_registry::{
    Backend, Discovery, Error, LossReason, Memory, Registrar, ServiceInstance, ServiceName,
    Snapshot, Watch,
};
use kit_sync::Scope;
use tokio::time::sleep;

use crate::feed::Feeds;

/// Which promise is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// A version is stored in capital letters.
    Shouts,
    /// An id that is there is refused.
    CreatesOnly,
    /// An entry that is gone cannot be deregistered again.
    DeregistersOnce,
    /// It says so, and does not do it.
    DeregistersNothing,
    /// It looks for what it never wrote.
    LooksLong,
    DeregistersByPrefix,
    ListsByPrefix,
    Reverses,
    ListsOnePage,
    /// A watch begins once there is an instance.
    HidesTheEmptyList,
    /// A watch does not show that the last one has left.
    KeepsTheLast,
    /// All watches end with the first that is dropped.
    EndsWithOne,
    ServesEight,
    /// A write waits until no watch is open.
    WaitsForReaders,
    /// Each watch has a task that goes on.
    Leaks,
    /// A watch shows an empty list when its scope ends.
    EndsEmpty,
    ListsNothingAtTheEnd,
    /// A write goes on when its call is dropped.
    WritesLate,
    /// Another process is not seen.
    SeesItselfAlone,
    HasNoOwners,
    /// The older owner takes the newer one away.
    DeregistersOthers,
    IsHasty,
    IsJealous,
    /// An entry runs out although it is kept alive.
    RunsOut,
    /// Characters that are neither letters nor digits are one.
    Underscores,
    Truncates,
    /// Some watches do not show the last change.
    MissesTheLast,
}

/// A registry with one fault.
pub(crate) struct Broken {
    fault: Fault,
    memory: Memory,
    known: Arc<Mutex<Known>>,
}

/// The services, ids and views that were used through any view.
#[derive(Default)]
struct Known {
    services: BTreeSet<ServiceName>,
    ids: BTreeSet<String>,
    views: Vec<Arc<dyn Registrar>>,
}

/// A view of it.
struct View {
    fault: Fault,
    inner: Backend,
    known: Arc<Mutex<Known>>,
    feeds: Feeds,
    scope: Scope,
}

impl Broken {
    pub(crate) fn new(fault: Fault) -> Broken {
        Broken {
            fault,
            memory: Memory::new(),
            known: Arc::default(),
        }
    }

    pub(crate) fn open(&self, scope: &Scope) -> Backend {
        let mut inner = match self.fault {
            Fault::SeesItselfAlone => Memory::new().open(scope),
            _ => self.memory.open(scope),
        };
        if self.fault == Fault::HasNoOwners {
            inner.registrar = Arc::new(self.memory.clone());
        }
        kit_sync::lock(&self.known)
            .views
            .push(Arc::clone(&inner.registrar));
        let view = Arc::new(View {
            fault: self.fault,
            inner,
            known: Arc::clone(&self.known),
            feeds: Feeds::new(self.fault, scope),
            scope: scope.clone(),
        });
        Backend::new("broken", view.clone(), view)
    }
}

impl View {
    fn known(&self) -> MutexGuard<'_, Known> {
        kit_sync::lock(&self.known)
    }

    /// The instance as it is stored.
    fn stored(&self, instance: &ServiceInstance) -> ServiceInstance {
        let builder = match self.fault {
            Fault::Shouts => instance
                .to_builder()
                .version(instance.version().to_uppercase()),
            Fault::Truncates => {
                let metadata = instance.metadata().iter();
                metadata.fold(instance.to_builder(), |builder, (key, value)| {
                    builder.metadata(key, value.chars().take(1_000).collect::<String>())
                })
            }
            Fault::Underscores => {
                let id = instance.id().chars();
                let id: String = id
                    .map(|c| if c.is_alphanumeric() { c } else { '_' })
                    .collect();
                ServiceInstance::builder(id, instance.name().as_str()).version(instance.version())
            }
            _ => instance.to_builder(),
        };
        builder.build().expect("a valid instance")
    }
}

#[async_trait]
impl Registrar for View {
    async fn register(&self, instance: &ServiceInstance) -> Result<(), Error> {
        let is_new = {
            let mut known = self.known();
            known.services.insert(instance.name().clone());
            known.ids.insert(instance.id().to_owned())
        };
        let registrar = Arc::clone(&self.inner.registrar);
        let stored = self.stored(instance);
        match self.fault {
            Fault::CreatesOnly if !is_new => {
                return Err(Error::refused(
                    format!("register {instance}"),
                    "broken",
                    "exists",
                ));
            }
            Fault::WaitsForReaders => self.feeds.no_watch_is_open().await,
            Fault::WritesLate => {
                let write = async move {
                    sleep(Duration::from_millis(300)).await;
                    registrar.register(&stored).await
                };
                let written = self.scope.spawn_value("write", write).await;
                return written.expect("the write ends");
            }
            _ => {}
        }
        registrar.register(&stored).await
    }

    async fn keep_alive(&self, instance: &ServiceInstance) -> LossReason {
        match self.fault {
            Fault::IsHasty => LossReason::Expired,
            Fault::RunsOut => {
                sleep(Duration::from_secs(2)).await;
                let gone = self.inner.registrar.deregister(instance).await;
                gone.expect("in memory");
                pending().await
            }
            _ => self.inner.registrar.keep_alive(instance).await,
        }
    }

    async fn hold(&self, instance: &ServiceInstance) -> LossReason {
        if self.fault == Fault::IsJealous && instance.metadata().contains_key("weight") {
            return LossReason::Changed;
        }
        self.inner.registrar.hold(&self.stored(instance)).await
    }

    async fn deregister(&self, instance: &ServiceInstance) -> Result<(), Error> {
        let was_known = self.known().ids.remove(instance.id());
        let registrar = &self.inner.registrar;
        match self.fault {
            Fault::DeregistersNothing => return Ok(()),
            Fault::DeregistersOnce if !was_known => {
                return Err(Error::refused(
                    format!("deregister {instance}"),
                    "broken",
                    "is gone",
                ));
            }
            Fault::LooksLong if !was_known => sleep(Duration::from_secs(1)).await,
            Fault::DeregistersByPrefix => {
                let seen = self.inner.discovery.instances(instance.name()).await?;
                let id = |one: &&Arc<ServiceInstance>| instance.id().starts_with(one.id());
                for one in seen.instances.iter().filter(id) {
                    registrar.deregister(one).await?;
                }
            }
            Fault::DeregistersOthers => {
                let views = self.known().views.clone();
                for view in views {
                    view.deregister(instance).await?;
                }
            }
            _ => {}
        }
        registrar.deregister(&self.stored(instance)).await
    }
}

#[async_trait]
impl Discovery for View {
    async fn instances(&self, service: &ServiceName) -> Result<Snapshot, Error> {
        if self.fault == Fault::ListsNothingAtTheEnd && self.scope.token().is_cancelled() {
            return Ok(Snapshot::fresh(Vec::new(), 0));
        }
        let mut snapshot = self.inner.discovery.instances(service).await?;
        match self.fault {
            Fault::Reverses => {
                snapshot.instances = snapshot.instances.iter().rev().cloned().collect();
            }
            Fault::ListsOnePage => {
                snapshot.instances = snapshot.instances.iter().take(500).cloned().collect();
            }
            Fault::ListsByPrefix => {
                let known = self.known().services.clone();
                let longer = known
                    .iter()
                    .filter(|known| known.as_str().starts_with(service.as_str()));
                let mut all = Vec::new();
                for name in longer {
                    let of_one = self.inner.discovery.instances(name).await?;
                    all.extend(of_one.instances.iter().cloned());
                }
                return Ok(Snapshot::fresh(all, snapshot.revision));
            }
            _ => {}
        }
        Ok(snapshot)
    }

    async fn watch(&self, service: &ServiceName) -> Result<Watch, Error> {
        let watch = self.inner.discovery.watch(service).await?;
        Ok(self.feeds.feed(watch).await)
    }
}
