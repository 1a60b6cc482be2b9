//! Following the instances of a service: one list, then what changes.
//!
//! One upstream watch per service serves all readers; it lives in the backend's scope and ends with
//! the last of them.

mod upstream;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, Weak};

use kit_sync::{Cause, Published, Scope, StopToken};

use super::list::{Found, Listing};
use crate::{Error, ServiceName, Snapshot, Watch};

use upstream::Upstream;

/// The upstream watches of one cluster.
pub(super) struct Watches {
    listing: Arc<Listing>,
    scope: Scope,
    shared: Mutex<HashMap<ServiceName, Weak<Shared>>>,
}

/// The state that the readers of one service share; dropped with the last of them.
struct Shared {
    published: Arc<Published<Snapshot>>,
    /// Cancelled with the last reader.
    unread: StopToken,
}

impl Watches {
    pub(super) fn new(listing: Arc<Listing>, scope: Scope) -> Watches {
        Watches {
            listing,
            scope,
            shared: Mutex::default(),
        }
    }

    pub(super) async fn watch(&self, service: &ServiceName) -> Result<Watch, Error> {
        if self.scope.is_cancelled() {
            return Err(Error::closed(format!("watch {service}")));
        }
        if let Some(shared) = self.running(service) {
            return Ok(self.read(shared));
        }
        let found = self.listing.list(service).await?;
        let shared = self.start(service, found)?;
        Ok(self.read(shared))
    }

    fn running(&self, service: &ServiceName) -> Option<Arc<Shared>> {
        self.shared().get(service)?.upgrade()
    }

    /// Begins to follow the service, unless another call did meanwhile.
    fn start(&self, service: &ServiceName, found: Found) -> Result<Arc<Shared>, Error> {
        let mut all = self.shared();
        if let Some(shared) = all.get(service).and_then(Weak::upgrade) {
            return Ok(shared);
        }
        let shared = Arc::new(Shared {
            published: Arc::new(Published::new(found.snapshot())),
            unread: self.scope.token().child(),
        });
        let upstream = Upstream::new(
            Arc::clone(&self.listing),
            service.clone(),
            found,
            Arc::clone(&shared.published),
        );
        let stop = shared.unread.clone();
        let task = async move {
            stop.run_until_cancelled(upstream.run()).await;
        };
        if self
            .scope
            .try_spawn(format!("watch {service}"), task)
            .is_err()
        {
            return Err(Error::closed(format!("watch {service}")));
        }
        all.retain(|_, shared| shared.strong_count() > 0);
        all.insert(service.clone(), Arc::downgrade(&shared));
        Ok(shared)
    }

    fn read(&self, shared: Arc<Shared>) -> Watch {
        Watch::new(&shared.published, self.scope.token().clone()).guarded_by(shared)
    }

    fn shared(&self) -> MutexGuard<'_, HashMap<ServiceName, Weak<Shared>>> {
        kit_sync::lock(&self.shared)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.unread
            .cancel(Cause::Requested("its last reader was dropped".to_owned()));
    }
}
