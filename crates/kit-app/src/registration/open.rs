//! The registries that the author gave, and how they are opened.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use kit_registry::{Discovery, Reach, Registrar, Schemes};
use kit_sync::Scope;

use crate::Error;

/// A registry as the author gave it.
pub(crate) enum Registry {
    Url(String),
    Given(String, Arc<dyn Registrar>),
}

impl Registry {
    pub(crate) fn url(&self) -> Option<&str> {
        match self {
            Registry::Url(url) => Some(url),
            Registry::Given(..) => None,
        }
    }

    /// The name that the author gave it; one that is opened by URL is named after that.
    pub(crate) fn given_name(&self) -> Option<&str> {
        match self {
            Registry::Url(_) => None,
            Registry::Given(name, _) => Some(name),
        }
    }
}

/// A registry that is open.
#[derive(Clone)]
pub(crate) struct Opened {
    pub(crate) name: String,
    pub(crate) registrar: Arc<dyn Registrar>,
    /// Of one that was opened by URL.
    pub(crate) discovery: Option<Arc<dyn Discovery>>,
    /// Where it is read, and so from where requests come because of it.
    pub(crate) reach: Reach,
}

/// A registry that an app has opened by its URL, and in which other services are found.
#[derive(Clone)]
#[non_exhaustive]
pub struct OpenRegistry {
    /// Which registry, as in [`RegistrationStatus`](crate::RegistrationStatus).
    pub registry: String,
    /// Finds instances in it, with the lists on disk if there is a
    /// [`cache_dir`](crate::AppBuilder::cache_dir). Calls fail once the app has stopped.
    pub discovery: Arc<dyn Discovery>,
}

impl fmt::Debug for OpenRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenRegistry")
            .field("registry", &self.registry)
            .finish_non_exhaustive()
    }
}

impl Opened {
    /// As handles show it.
    pub(crate) fn shown(&self) -> Option<OpenRegistry> {
        Some(OpenRegistry {
            registry: self.name.clone(),
            discovery: Arc::clone(self.discovery.as_ref()?),
        })
    }
}

/// Opens all of them; their connections live in `scope`, and lists of those that other processes read are kept in
/// `cache`.
///
/// # Errors
/// The first that cannot be opened.
pub(crate) fn open(
    registries: &[Registry],
    schemes: &Schemes,
    cache: Option<&Path>,
    scope: &Scope,
) -> Result<Vec<Opened>, Error> {
    let open = |registry: &Registry| match registry {
        Registry::Given(name, registrar) => Ok(Opened {
            name: name.clone(),
            registrar: Arc::clone(registrar),
            discovery: None,
            reach: Reach::Others,
        }),
        Registry::Url(url) => {
            let backend = schemes.open(url, scope).map_err(Error::Registry)?;
            let backend = match cache {
                // What ends with the process is not there after a restart.
                Some(cache) if backend.reach != Reach::Process => backend.cached(url, cache, scope),
                _ => backend,
            };
            Ok(Opened {
                name: backend.description,
                registrar: backend.registrar,
                discovery: Some(backend.discovery),
                reach: backend.reach,
            })
        }
    };
    registries.iter().map(open).collect()
}
