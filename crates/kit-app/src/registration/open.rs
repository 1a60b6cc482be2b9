//! The registries that the author gave, and how they are opened.

use std::sync::Arc;

use kit_registry::{Reach, Registrar, Schemes};
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
    /// Where it is read, and so from where requests come because of it.
    pub(crate) reach: Reach,
}

/// Opens all of them; their connections live in `scope`.
///
/// # Errors
/// The first that cannot be opened.
pub(crate) fn open(
    registries: &[Registry],
    schemes: &Schemes,
    scope: &Scope,
) -> Result<Vec<Opened>, Error> {
    let open = |registry: &Registry| match registry {
        Registry::Given(name, registrar) => Ok(Opened {
            name: name.clone(),
            registrar: Arc::clone(registrar),
            reach: Reach::Others,
        }),
        Registry::Url(url) => {
            let backend = schemes.open(url, scope).map_err(Error::Registry)?;
            Ok(Opened {
                name: backend.description,
                registrar: backend.registrar,
                reach: backend.reach,
            })
        }
    };
    registries.iter().map(open).collect()
}
