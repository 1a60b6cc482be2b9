//! An opened registry.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use kit_sync::Scope;

use crate::{Cached, Discovery, Error, Registrar};

/// Opens a registry from its URL, for as long as the scope lives.
pub(crate) type Open = fn(&str, &Scope) -> Result<Backend, Error>;

/// An opened registry.
#[derive(Clone)]
#[non_exhaustive]
pub struct Backend {
    /// Shows instances in it.
    pub registrar: Arc<dyn Registrar>,
    /// Finds instances in it.
    pub discovery: Arc<dyn Discovery>,
    /// The registry's name in lines and errors, such as `etcd at 127.0.0.1:2379`. Without password.
    pub description: String,
    /// Where it can be seen.
    pub reach: Reach,
}

/// Where a registry can be seen, and so from where requests may come because of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reach {
    /// Only inside this process.
    Process,
    /// In other processes of this machine, at its loopback addresses too.
    Machine,
    /// In other processes, on other machines too.
    Others,
}

impl Backend {
    /// A registry that other processes see: [`Reach::Others`].
    pub fn new(
        description: impl Into<String>,
        registrar: Arc<dyn Registrar>,
        discovery: Arc<dyn Discovery>,
    ) -> Backend {
        Backend {
            registrar,
            discovery,
            description: description.into(),
            reach: Reach::Others,
        }
    }

    /// Keeps the lists of instances in `directory`, for the time in which the registry does not answer: see
    /// [`Cached`], which `registry`, its URL, and `scope` are for. Remarks are among those of the registrar.
    #[must_use]
    pub fn cached(self, registry: &str, directory: impl Into<PathBuf>, scope: &Scope) -> Backend {
        let remarks = self.registrar.remarks();
        let cached = Cached::new(registry, directory, self.discovery, remarks, scope);
        Backend {
            discovery: Arc::new(cached),
            ..self
        }
    }

    /// Replaces where it can be seen.
    #[must_use]
    pub fn reach(mut self, reach: Reach) -> Backend {
        self.reach = reach;
        self
    }
}

impl fmt::Debug for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backend")
            .field("description", &self.description)
            .field("reach", &self.reach)
            .finish_non_exhaustive()
    }
}
