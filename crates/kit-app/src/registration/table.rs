//! The registrations of an app, by registry.

use std::sync::{Arc, Mutex, MutexGuard};

use kit_registry::RegistrationState;
use kit_sync::Scope;

use super::open::Opened;
use super::registered::Registered;
use crate::journal::Journal;
use crate::{Error, Event, Info};

/// The instance in one registry.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RegistrationStatus {
    /// Which registry.
    pub registry: String,
    /// Whether it shows the instance, and why not.
    pub state: RegistrationState,
}

/// Every registration, in the order in which the registries were given. Empty before the app
/// registers.
pub(crate) struct Registrations {
    info: Info,
    all: Mutex<Vec<Registered>>,
}

impl Registrations {
    pub(crate) fn new(info: Info) -> Registrations {
        Registrations {
            info,
            all: Mutex::default(),
        }
    }

    /// Begins to register in every one of them, at the same time.
    ///
    /// # Errors
    /// When the app cannot be described.
    pub(crate) fn begin(
        &self,
        opened: &[Opened],
        scope: &Scope,
        journal: &Arc<Journal>,
    ) -> Result<(), Error> {
        for registry in opened {
            journal.emit(Event::Registering {
                registry: registry.name.clone(),
                endpoints: self.info.endpoints().to_vec(),
            });
        }
        // Under the lock: a change meanwhile is in the instance, or comes after it.
        let mut all = self.lock();
        let instance = self.info.instance()?;
        let begin = |opened| Registered::begin(opened, instance.clone(), scope, journal);
        all.extend(opened.iter().map(begin));
        Ok(())
    }

    pub(crate) fn all(&self) -> Vec<Registered> {
        self.lock().clone()
    }

    pub(crate) fn statuses(&self) -> Vec<RegistrationStatus> {
        let status = |registered: &Registered| RegistrationStatus {
            registry: registered.registry.clone(),
            state: registered.registration.state(),
        };
        self.lock().iter().map(status).collect()
    }

    /// Replaces one entry of the metadata and registers again.
    ///
    /// # Errors
    /// [`Error::Identity`] when the registries do not take it; nothing is changed then.
    pub(crate) fn set_metadata(&self, key: &str, value: &str) -> Result<(), Error> {
        // Under the lock: a registration that begins meanwhile sees the new entry or gets it here.
        let all = self.lock();
        let instance = self.info.instance()?;
        let changed = instance.to_builder().metadata(key, value).build();
        changed.map_err(Error::Identity)?;
        self.info.set_metadata(key, value);
        all.iter().try_for_each(|registered| {
            let changed = registered.registration.set_metadata(key, value);
            changed.map_err(Error::Identity)
        })
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Registered>> {
        kit_sync::lock(&self.all)
    }
}
