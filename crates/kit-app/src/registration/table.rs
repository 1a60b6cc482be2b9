//! The registrations of an app, by registry.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use kit_registry::RegistrationState;
use kit_sync::Scope;
use tokio::time::Instant;

use super::open::{OpenRegistry, Opened};
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
/// registers, and while a drain keeps it from that.
pub(crate) struct Registrations {
    info: Info,
    open: OnceLock<Vec<OpenRegistry>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    all: Vec<Registered>,
    /// The start has come so far that the instance may be shown.
    is_wanted: bool,
    /// A drain keeps it from being shown.
    is_withdrawn: bool,
    /// Since when no registry shows it because of that.
    gone_since: Option<Instant>,
}

impl State {
    fn may_register(&self) -> bool {
        self.is_wanted && !self.is_withdrawn
    }
}

impl Registrations {
    pub(crate) fn new(info: Info) -> Registrations {
        Registrations {
            info,
            open: OnceLock::new(),
            state: Mutex::default(),
        }
    }

    /// The registries are open.
    pub(crate) fn set_open(&self, opened: &[Opened]) {
        // An app runs once.
        let _ = self
            .open
            .set(opened.iter().filter_map(Opened::shown).collect());
    }

    /// The registries that are open, and in which other services are found.
    pub(crate) fn open(&self) -> Vec<OpenRegistry> {
        self.open.get().cloned().unwrap_or_default()
    }

    /// Begins to register in every one of them, at the same time; after a drain that stands.
    ///
    /// # Errors
    /// When the app cannot be described.
    pub(crate) fn begin(
        &self,
        opened: &[Opened],
        scope: &Scope,
        journal: &Arc<Journal>,
    ) -> Result<(), Error> {
        self.lock().is_wanted = true;
        self.register(opened, scope, journal)
    }

    /// A drain begins: gives the registrations to end. None begins before it is
    /// [taken back](Self::restore).
    pub(super) fn withdraw(&self) -> Vec<Registered> {
        let mut state = self.lock();
        state.is_withdrawn = true;
        state.gone_since = None;
        state.all.clone()
    }

    /// A stop begins: gives the registrations to end. None begins from here on, also by a drain that
    /// is taken back on another thread at this moment.
    pub(crate) fn end(&self) -> Vec<Registered> {
        let mut state = self.lock();
        state.is_wanted = false;
        state.all.clone()
    }

    /// Every registration was ended by the drain.
    pub(super) fn mark_gone(&self) {
        self.lock().gone_since = Some(Instant::now());
    }

    /// Since when no registry shows the instance because of a drain.
    pub(crate) fn gone_since(&self) -> Option<Instant> {
        self.lock().gone_since
    }

    /// A drain was taken back, and its registrations have ended: begins to register again, if the
    /// start had come to that.
    ///
    /// # Errors
    /// When the app cannot be described.
    pub(super) fn restore(
        &self,
        opened: &[Opened],
        scope: &Scope,
        journal: &Arc<Journal>,
    ) -> Result<(), Error> {
        let mut state = self.lock();
        state.is_withdrawn = false;
        state.gone_since = None;
        drop(state);
        self.register(opened, scope, journal)
    }

    /// Registers, unless the start has not come to that, or a drain keeps it from that.
    fn register(
        &self,
        opened: &[Opened],
        scope: &Scope,
        journal: &Arc<Journal>,
    ) -> Result<(), Error> {
        if !self.lock().may_register() {
            return Ok(());
        }
        // Outside the lock, because an observer may ask for the states.
        for registry in opened {
            journal.emit(Event::Registering {
                registry: registry.name.clone(),
                endpoints: self.info.endpoints().to_vec(),
            });
        }
        // Under the lock: a change of the metadata meanwhile is in the instance, or comes after it.
        let mut state = self.lock();
        if state.may_register() {
            let instance = self.info.instance()?;
            let begin = |opened| Registered::begin(opened, instance.clone(), scope, journal);
            // In place of those that a drain has ended.
            state.all = opened.iter().map(begin).collect();
        }
        Ok(())
    }

    /// Whether a registry shows the instance, or has shown it.
    pub(crate) fn were_shown(&self) -> bool {
        self.lock().all.iter().any(Registered::was_shown)
    }

    pub(crate) fn all(&self) -> Vec<Registered> {
        self.lock().all.clone()
    }

    pub(crate) fn statuses(&self) -> Vec<RegistrationStatus> {
        let status = |registered: &Registered| RegistrationStatus {
            registry: registered.registry.clone(),
            state: registered.registration.state(),
        };
        self.lock().all.iter().map(status).collect()
    }

    /// Replaces one entry of the metadata and registers again.
    ///
    /// # Errors
    /// [`Error::Identity`] when the registries do not take it; nothing is changed then.
    pub(crate) fn set_metadata(&self, key: &str, value: &str) -> Result<(), Error> {
        // Under the lock: a registration that begins meanwhile sees the new entry or gets it here.
        let state = self.lock();
        let instance = self.info.instance()?;
        let changed = instance.to_builder().metadata(key, value).build();
        changed.map_err(Error::Identity)?;
        self.info.set_metadata(key, value);
        state.all.iter().try_for_each(|registered| {
            let changed = registered.registration.set_metadata(key, value);
            changed.map_err(Error::Identity)
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        kit_sync::lock(&self.state)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use kit_registry::Memory;
    use kit_sync::TaskTree;

    use super::*;
    use crate::Delivery;
    use crate::events::Events;

    /// A stop cannot interrupt the poll in which a drain that is taken back registers.
    #[tokio::test]
    async fn a_drain_that_is_taken_back_after_a_stop_began_registers_nothing() {
        let (id, name, version) = ("1".to_owned(), "app".to_owned(), "1.0".to_owned());
        let info = Info::new(id, name, version, BTreeMap::new());
        let registrations = Registrations::new(info);
        let journal = Arc::new(Journal::new(Events::new(Delivery::Inline, Vec::new())));
        let opened = [Opened {
            name: "memory".to_owned(),
            registrar: Arc::new(Memory::new()),
            discovery: None,
            reach: kit_registry::Reach::Process,
        }];
        let tree = TaskTree::new("app");
        let scope = tree.scope().child("registrations");
        let states = || {
            let statuses = registrations.statuses().into_iter();
            statuses
                .map(|status| status.state.to_string())
                .collect::<Vec<_>>()
        };

        registrations.begin(&opened, &scope, &journal).unwrap();
        for registered in registrations.withdraw() {
            registered.withdraw(&journal).await;
        }
        assert_eq!(states(), ["deregistered"]);
        let ending = registrations.end();
        assert_eq!(ending.len(), 1, "the stop has what the drain has left");
        registrations.restore(&opened, &scope, &journal).unwrap();
        assert_eq!(states(), ["deregistered"], "and nothing comes after that");
        tree.close(Instant::now()).await;
    }
}
