//! Keeping lists: one write of a service at a time, the latest list wins, and no call waits for it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use kit_sync::{Repeated, Scope};
use tokio::time::{Instant, sleep};

use super::store::ListFiles;
use crate::{Remarks, ServiceInstance, ServiceName};

/// How often a list that stays the same is confirmed; the age of a list on disk is right to this.
pub(super) const CONFIRM: Duration = Duration::from_secs(60);
/// The pause between two writes of a service: one that changes all the time costs a write a second.
const PAUSE: Duration = Duration::from_secs(1);
/// The services that are remembered. Of a service that was forgotten, a list is written once more.
const REMEMBERED: usize = 1_000;

/// Hands lists to blocking work of the scope. Clones share everything.
#[derive(Clone)]
pub(super) struct Saver(Arc<SaverState>);

struct SaverState {
    store: Arc<ListFiles>,
    remarks: Remarks,
    scope: Scope,
    services: Mutex<HashMap<ServiceName, ServiceState>>,
    failures: Mutex<Repeated>,
}

type Instances = Arc<[Arc<ServiceInstance>]>;

#[derive(Default)]
struct ServiceState {
    next: Option<Instances>,
    /// What the file holds, and when that was confirmed.
    kept: Option<(Instances, Instant)>,
    /// Whether a task of the service runs, which takes `next`.
    is_saving: bool,
}

impl Saver {
    pub(super) fn new(store: Arc<ListFiles>, remarks: Remarks, scope: Scope) -> Saver {
        Saver(Arc::new(SaverState {
            store,
            remarks,
            scope,
            services: Mutex::default(),
            failures: Mutex::default(),
        }))
    }

    /// Keeps the list that the registry gave now. Returns at once; it is written unless a later one comes
    /// before, at the end of the scope at the latest.
    pub(super) fn save(&self, service: &ServiceName, instances: &Instances) {
        let mut services = self.0.services();
        if services.len() >= REMEMBERED && !services.contains_key(service) {
            services.retain(|_, state| state.is_saving);
        }
        let state = services.entry(service.clone()).or_default();
        if !state.is_saving && state.is_kept(instances) {
            return;
        }
        state.next = Some(Arc::clone(instances));
        if !state.is_saving {
            // Under the lock, so that no second task is spawned. Refused when the scope has ended.
            let task = Arc::clone(&self.0).save_all(service.clone());
            let spawned = self.0.scope.try_spawn(format!("save {service}"), task);
            state.is_saving = spawned.is_ok();
        }
    }
}

impl ServiceState {
    /// Whether this list was kept, and confirmed so lately that there is nothing to do.
    fn is_kept(&self, instances: &Instances) -> bool {
        self.kept
            .as_ref()
            .is_some_and(|(kept, at)| *kept == *instances && at.elapsed() < CONFIRM)
    }
}

impl SaverState {
    /// Writes the list of a service that is next, and then the latest of those that came meanwhile, until
    /// there is none. When the scope is cancelled the last one is written without a pause.
    async fn save_all(self: Arc<Self>, service: ServiceName) {
        while let Some((instances, is_same)) = self.take(&service) {
            let (store, name, list) = (
                Arc::clone(&self.store),
                service.clone(),
                Arc::clone(&instances),
            );
            let written = self
                .scope
                .spawn_blocking(format!("write {service}"), move |_stop| {
                    // A file that was removed meanwhile cannot be confirmed.
                    let is_confirmed = is_same && store.confirm(&name).is_ok();
                    Ok(if is_confirmed {
                        Ok(())
                    } else {
                        store.keep(&name, &list)
                    })
                });
            let Ok(written) = written.await else {
                break;
            };
            self.record(&service, instances, written);
            tokio::select! {
                () = sleep(PAUSE) => {}
                () = self.scope.cancelled() => {}
            }
        }
    }

    /// The list to be written, and whether the file holds the same one. Without one, the task ends.
    fn take(&self, service: &ServiceName) -> Option<(Instances, bool)> {
        let mut services = self.services();
        let state = services.get_mut(service)?;
        let next = state.next.take();
        state.is_saving = next.is_some();
        let next = next?;
        let is_same = state.kept.as_ref().is_some_and(|(kept, _)| *kept == next);
        Some((next, is_same))
    }

    fn record(&self, service: &ServiceName, instances: Instances, written: std::io::Result<()>) {
        if let Some(state) = self.services().get_mut(service) {
            state.kept = written.is_ok().then(|| (instances, Instant::now()));
        }
        let mut failures = kit_sync::lock(&self.failures);
        let directory = self.store.directory().display();
        match written {
            Ok(()) => {
                if let Some(failures) = failures.ended() {
                    tracing::info!(%directory, "lists of instances are kept again{failures}");
                }
            }
            Err(error) => {
                if let Some(failures) = failures.failed(&error.to_string()) {
                    self.remarks.add(format!(
                        "cache of instances: the list of {service} cannot be kept in {directory}: \
                         {error}{failures}"
                    ));
                }
            }
        }
    }

    fn services(&self) -> MutexGuard<'_, HashMap<ServiceName, ServiceState>> {
        kit_sync::lock(&self.services)
    }
}
