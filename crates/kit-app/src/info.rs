//! The application's identity.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use kit_registry::{Endpoint, ServiceInstance};
use kit_sync::Published;

use crate::Error;

/// The application's identity. Handlers and hooks find it as `Arc<Info>`, in the request's
/// extensions and through [`AppHandle::info`](crate::AppHandle::info).
pub struct Info {
    id: String,
    name: String,
    version: String,
    metadata: Published<BTreeMap<String, String>>,
    endpoints: Published<Vec<Endpoint>>,
}

impl Info {
    pub(crate) fn new(
        id: String,
        name: String,
        version: String,
        metadata: BTreeMap<String, String>,
    ) -> Info {
        let (metadata, endpoints) = (Published::new(metadata), Published::new(Vec::new()));
        Info {
            id,
            name,
            version,
            metadata,
            endpoints,
        }
    }

    /// The name of this instance among the others of its service; by default a UUID of version 7.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The service's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The service's version; empty when none was given.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// More facts for clients, as they are now.
    #[must_use]
    pub fn metadata(&self) -> Arc<BTreeMap<String, String>> {
        self.metadata.load()
    }

    /// The endpoints at which others reach it: empty until every server is listening.
    #[must_use]
    pub fn endpoints(&self) -> Arc<Vec<Endpoint>> {
        self.endpoints.load()
    }

    pub(crate) fn set_metadata(&self, key: &str, value: &str) {
        self.metadata.update(|old| {
            let mut new = old.clone();
            new.insert(key.to_owned(), value.to_owned());
            new
        });
    }

    pub(crate) fn set_endpoints(&self, endpoints: Vec<Endpoint>) {
        self.endpoints.store(endpoints);
    }

    /// The instance as registries are to show it now.
    pub(crate) fn instance(&self) -> Result<ServiceInstance, Error> {
        let mut instance = ServiceInstance::builder(&*self.id, &*self.name).version(&*self.version);
        for (key, value) in self.metadata().iter() {
            instance = instance.metadata(key, value);
        }
        for endpoint in self.endpoints().iter() {
            instance = instance.endpoint(endpoint.clone());
        }
        instance.build().map_err(Error::Identity)
    }
}

impl fmt::Debug for Info {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Info")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("version", &self.version)
            .field("metadata", &self.metadata())
            .field("endpoints", &self.endpoints())
            .finish()
    }
}
