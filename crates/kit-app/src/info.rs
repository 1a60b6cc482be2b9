//! The application's identity.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use kit_registry::{Endpoint, ServiceInstance};
use kit_sync::Published;

use crate::Error;

/// The application's identity. Cheap to clone: a handle on what all clones show.
///
/// Hooks find it by [`AppHandle::info`](crate::AppHandle::info). With feature `http` it is an extractor
/// for axum's handlers; on a request of tonic, `grpc::RequestExt::app` gives it.
#[derive(Clone)]
pub struct Info(Arc<Facts>);

struct Facts {
    id: String,
    name: String,
    version: String,
    metadata: Published<BTreeMap<String, String>>,
    endpoints: Published<Vec<Endpoint>>,
}

/// The identity while it is put together.
pub(crate) struct Identity {
    pub(crate) name: String,
    pub(crate) id: Option<String>,
    pub(crate) version: String,
    pub(crate) metadata: BTreeMap<String, String>,
}

impl Identity {
    pub(crate) fn of(name: String) -> Identity {
        Identity {
            name,
            id: None,
            version: String::new(),
            metadata: BTreeMap::new(),
        }
    }

    /// With a new id when none was given.
    pub(crate) fn into_info(self) -> Info {
        let Identity {
            name,
            id,
            version,
            metadata,
        } = self;
        let id = id.unwrap_or_else(|| uuid::Uuid::now_v7().to_string());
        Info::new(id, name, version, metadata)
    }
}

impl Info {
    pub(crate) fn new(
        id: String,
        name: String,
        version: String,
        metadata: BTreeMap<String, String>,
    ) -> Info {
        let (metadata, endpoints) = (Published::new(metadata), Published::new(Vec::new()));
        Info(Arc::new(Facts {
            id,
            name,
            version,
            metadata,
            endpoints,
        }))
    }

    /// The name of this instance among the others of its service; by default a UUID of version 7.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// The service's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The service's version; empty when none was given.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.0.version
    }

    /// More facts for clients, as they are now.
    #[must_use]
    pub fn metadata(&self) -> Arc<BTreeMap<String, String>> {
        self.0.metadata.load()
    }

    /// The endpoints at which others reach it: empty until every server is listening.
    #[must_use]
    pub fn endpoints(&self) -> Arc<Vec<Endpoint>> {
        self.0.endpoints.load()
    }

    pub(crate) fn set_metadata(&self, key: &str, value: &str) {
        self.0.metadata.update(|old| {
            let mut new = old.clone();
            new.insert(key.to_owned(), value.to_owned());
            new
        });
    }

    pub(crate) fn set_endpoints(&self, endpoints: Vec<Endpoint>) {
        self.0.endpoints.store(endpoints);
    }

    /// The instance as registries are to show it now.
    pub(crate) fn instance(&self) -> Result<ServiceInstance, Error> {
        let mut instance = ServiceInstance::builder(self.id(), self.name()).version(self.version());
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
            .field("id", &self.id())
            .field("name", &self.name())
            .field("version", &self.version())
            .field("metadata", &self.metadata())
            .field("endpoints", &self.endpoints())
            .finish()
    }
}
