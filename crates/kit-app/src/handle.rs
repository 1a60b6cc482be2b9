//! The running application, as its parts see it.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use kit_registry::Registration;
use kit_sync::{Cause, Gate, Latch, Scope, TreeSnapshot, error_chain};
use kit_transport::Stage;
use tokio::sync::watch;

use crate::control::Control;
use crate::events::Events;
use crate::run::instance;
use crate::status::Components;
use crate::{ComponentStatus, Error, Event, Info, RegistrationStatus, Signal};

/// A handle to a running [`App`](crate::App), for hooks, components, handlers and tests. Cheap to
/// clone; every request's extensions hold one.
#[derive(Clone)]
pub struct AppHandle(Arc<Core>);

/// What the app, its handles, its signal thread and its components share.
pub(crate) struct Core {
    pub(crate) info: Arc<Info>,
    pub(crate) control: Control,
    pub(crate) events: Events,
    stage: watch::Sender<Stage>,
    /// Opens when the app is ready; given up when it never will be.
    ready: Gate,
    ready_latch: Mutex<Option<Latch>>,
    registrations: Mutex<Vec<(String, Registration)>>,
    components: Components,
    /// The root of the app's tasks, once it runs.
    tasks: OnceLock<Scope>,
    failures: Mutex<Vec<Error>>,
    remarks: Mutex<Vec<String>>,
}

/// The owner of the app's one run: when it is gone the app has stopped, in order or not.
pub(crate) struct StartOwner(pub(crate) Arc<Core>);

impl Drop for StartOwner {
    fn drop(&mut self) {
        let core = &self.0;
        core.give_up_ready();
        let stage = *core.stage.borrow();
        match stage {
            Stage::Stopped => {}
            Stage::Created => {
                core.stage.send_replace(Stage::Stopped);
            }
            _ => {
                core.emit(Event::RunDropped);
                core.enter(Stage::Stopped);
            }
        }
        core.events.close();
    }
}

/// The application stopped before it was ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the app stopped before it was ready")]
#[non_exhaustive]
pub struct NeverReady;

impl AppHandle {
    pub(crate) fn new(info: Arc<Info>, events: Events) -> AppHandle {
        let ready = Gate::new();
        let ready_latch = Mutex::new(Some(ready.latch("the app")));
        AppHandle(Arc::new(Core {
            info,
            control: Control::new(),
            events,
            stage: watch::Sender::new(Stage::Created),
            ready,
            ready_latch,
            registrations: Mutex::default(),
            components: Components::default(),
            tasks: OnceLock::new(),
            failures: Mutex::default(),
            remarks: Mutex::default(),
        }))
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.0
    }

    /// Asks for a clean stop; `why` is printed in the log and the report. The first request
    /// stands; returns whether this was it.
    pub fn stop(&self, why: impl Into<String>) -> bool {
        self.0.control.ask(Cause::Requested(why.into()))
    }

    /// Who the application is.
    #[must_use]
    pub fn info(&self) -> &Arc<Info> {
        &self.0.info
    }

    /// Where it stands.
    #[must_use]
    pub fn stage(&self) -> Stage {
        *self.0.stage.borrow()
    }

    /// Its states, as they change.
    #[must_use]
    pub fn stages(&self) -> watch::Receiver<Stage> {
        self.0.stage.subscribe()
    }

    /// Resolves when the application is ready.
    ///
    /// # Errors
    /// [`NeverReady`] when it stopped before it was.
    ///
    /// # Cancel safety
    /// May be dropped and called again at any time.
    pub async fn started(&self) -> Result<(), NeverReady> {
        self.0.ready.opened().await.map_err(|_| NeverReady)
    }

    /// Whether it may receive traffic: the start is complete and no stop has begun.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.0.was_ready() && self.stage() == Stage::Running
    }

    /// The components that were called to start, in that order, and where each stands.
    #[must_use]
    pub fn components(&self) -> Vec<ComponentStatus> {
        self.0.components.all()
    }

    /// Each registry, and whether it shows the instance. Empty before the app registers.
    #[must_use]
    pub fn registrations(&self) -> Vec<RegistrationStatus> {
        let registrations = self.0.lock_registrations();
        let statuses = registrations.iter().map(|(registry, registration)| {
            let registry = registry.clone();
            let state = registration.state();
            RegistrationStatus { registry, state }
        });
        statuses.collect()
    }

    /// The app's tasks, as they are now; `None` before it runs. `Display` is an indented tree.
    #[must_use]
    pub fn tasks(&self) -> Option<TreeSnapshot> {
        self.0.tasks.get().map(Scope::tree)
    }

    /// Replaces one entry of the metadata and registers again.
    ///
    /// # Errors
    /// [`Error::Identity`] when the registries do not take it; nothing is changed then.
    pub fn set_metadata(&self, key: &str, value: &str) -> Result<(), Error> {
        // Under the lock: a registration that begins meanwhile sees the new entry or gets it here.
        let registrations = self.0.lock_registrations();
        let instance = instance(&self.0)?;
        let changed = instance.to_builder().metadata(key, value).build();
        changed.map_err(Error::Identity)?;
        self.0.info.set_metadata(key, value);
        for (_, registration) in registrations.iter() {
            registration
                .set_metadata(key, value)
                .map_err(Error::Identity)?;
        }
        Ok(())
    }
}

impl Core {
    pub(crate) fn emit(&self, event: Event) {
        self.components.follow(&event);
        self.events.emit(event);
    }

    pub(crate) fn set_tasks(&self, root: &Scope) {
        // A core runs once.
        let _ = self.tasks.set(root.clone());
    }

    /// Says what changes neither the app's course nor its exit code, and notes it.
    pub(crate) fn remark(&self, what: String) {
        self.note(what.clone());
        self.emit(Event::Remark { what });
    }

    /// Notes for the report what another event has said.
    pub(crate) fn note(&self, what: String) {
        self.lock_remarks().push(what);
    }

    pub(crate) fn take_remarks(&self) -> Vec<String> {
        std::mem::take(&mut *self.lock_remarks())
    }

    fn lock_remarks(&self) -> MutexGuard<'_, Vec<String>> {
        kit_sync::lock(&self.remarks)
    }

    pub(crate) fn enter(&self, stage: Stage) {
        self.stage.send_replace(stage);
        self.emit(Event::Entered { stage });
    }

    /// Keeps the failure, and stops the app because of it if nothing else did before.
    pub(crate) fn fail(&self, error: Error) {
        let cause = error.cause();
        self.keep_failure(error);
        self.control.fail(cause);
    }

    /// Keeps a failure of the stop itself.
    pub(crate) fn keep_failure(&self, error: Error) {
        let line = error_chain(&error);
        self.lock_failures().push(error);
        self.emit(Event::Failed { error: line });
    }

    /// A forced stop; told as an event by a task, because this is the signal thread, which must
    /// wait for nobody.
    pub(crate) fn keep_forced(&self, signal: Signal) {
        self.lock_failures().push(Error::Forced { signal });
    }

    fn lock_failures(&self) -> MutexGuard<'_, Vec<Error>> {
        kit_sync::lock(&self.failures)
    }

    pub(crate) fn take_failures(&self) -> Vec<Error> {
        std::mem::take(&mut *self.lock_failures())
    }

    /// The start is complete.
    pub(crate) fn open_ready(&self) {
        if let Some(latch) = self.take_ready_latch() {
            latch.open();
        }
    }

    /// It never will be; without effect once it was.
    pub(crate) fn give_up_ready(&self) {
        drop(self.take_ready_latch());
    }

    /// Whether the start was complete, whatever came then.
    pub(crate) fn was_ready(&self) -> bool {
        self.ready.is_open()
    }

    fn take_ready_latch(&self) -> Option<Latch> {
        kit_sync::lock(&self.ready_latch).take()
    }

    pub(crate) fn lock_registrations(&self) -> MutexGuard<'_, Vec<(String, Registration)>> {
        kit_sync::lock(&self.registrations)
    }
}

impl fmt::Debug for AppHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppHandle")
            .field("name", &self.0.info.name())
            .field("stage", &self.stage())
            .finish_non_exhaustive()
    }
}
