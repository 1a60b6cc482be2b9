//! The registries of an application, and its instance in each.

use std::sync::Arc;
use std::time::Duration;

use kit_registry::{Reach, Registrar, Registration, RegistrationState, Schemes};
use kit_sync::{Ending, Gate, Latch, Repeated, Scope, error_chain};
use tokio::time::{Instant, timeout};

use crate::budget::{Budget, FORCED_DEREGISTRATION};
use crate::handle::Core;
use crate::run::instance;
use crate::{Awaited, Error, Event, RegistrationReport};

/// A registry as the author gave it.
pub(crate) enum Registry {
    Url(String),
    Given(String, Arc<dyn Registrar>),
}

/// A registry that is open.
pub(crate) struct Opened {
    pub(crate) name: String,
    pub(crate) registrar: Arc<dyn Registrar>,
    /// Other processes see it, and send us requests because of it.
    pub(crate) seen_by_others: bool,
}

pub(crate) fn open(
    registries: Vec<Registry>,
    schemes: &Schemes,
    scope: &Scope,
) -> Result<Vec<Opened>, Error> {
    let open = |registry| match registry {
        Registry::Given(name, registrar) => Ok(Opened {
            name,
            registrar,
            seen_by_others: true,
        }),
        Registry::Url(url) => {
            let backend = schemes.open(&url, scope).map_err(Error::Registry)?;
            let seen_by_others = backend.reach != Reach::Process;
            Ok(Opened {
                name: backend.description,
                registrar: backend.registrar,
                seen_by_others,
            })
        }
    };
    registries.into_iter().map(open).collect()
}

/// The instance in one registry.
pub(crate) struct Registered {
    name: String,
    registration: Registration,
    /// Opens once the first registration was told as an event.
    told: Gate,
}

/// Begins to register in every one of them, at the same time.
pub(crate) fn begin(
    opened: &[Opened],
    scope: &Scope,
    core: &Arc<Core>,
) -> Result<Vec<Registered>, Error> {
    for registry in opened {
        let (registry, endpoints) = (registry.name.clone(), core.info.endpoints().to_vec());
        core.emit(Event::Registering {
            registry,
            endpoints,
        });
    }
    // Under the lock: what is changed meanwhile is in the instance, or comes after it.
    let mut registrations = core.lock_registrations();
    let instance = instance(core)?;
    let begin = |opened: &Opened| {
        let name = opened.name.clone();
        let registration =
            Registration::spawn(scope, Arc::clone(&opened.registrar), instance.clone());
        registrations.push((name.clone(), registration.clone()));
        let told = Gate::new();
        let latch = told.latch("the registration's first event");
        let telling = tell(name.clone(), registration.clone(), Arc::clone(core), latch);
        scope.spawn_as("events", Ending::MayBeDropped, telling);
        Registered {
            name,
            registration,
            told,
        }
    };
    Ok(opened.iter().map(begin).collect())
}

/// Turns the registration's states into events, for as long as the registration goes on.
async fn tell(registry: String, registration: Registration, core: Arc<Core>, latch: Latch) {
    let mut states = registration.states();
    let mut teller = Teller {
        registry,
        core,
        latch: Some(latch),
        failures: Repeated::new(),
    };
    loop {
        let state = states.borrow_and_update().clone();
        teller.tell(&state);
        if states.changed().await.is_err() {
            return;
        }
    }
}

/// Tells a failure once, then seldom, and its end. These events are the only lines about it: the
/// crates below write theirs at debug.
struct Teller {
    registry: String,
    core: Arc<Core>,
    /// Held until the event of the first registration.
    latch: Option<Latch>,
    failures: Repeated,
}

impl Teller {
    fn tell(&mut self, state: &RegistrationState) {
        match state {
            // Failures without an event have an end without one.
            RegistrationState::Registered
                if self.failures.ended().is_some() || self.latch.is_some() =>
            {
                self.registered();
            }
            RegistrationState::Degraded { why, shown, .. } => {
                let is_shown = shown.is_some();
                if is_shown && self.latch.is_some() {
                    // It was registered, and a change refused, before this task was polled.
                    self.registered();
                }
                let line = state.to_string();
                let Some(failures) = self.failures.failed(&line) else {
                    return;
                };
                let registry = self.registry.clone();
                self.core.emit(if is_shown {
                    Event::RegistrationOutdated {
                        registry,
                        why: line,
                        failures,
                    }
                } else {
                    Event::RegistrationLost {
                        registry,
                        why: error_chain(&**why),
                        failures,
                    }
                });
            }
            _ => {}
        }
    }

    fn registered(&mut self) {
        let registry = self.registry.clone();
        self.core.emit(Event::Registered { registry });
        let _: Option<()> = self.latch.take().map(Latch::open);
    }
}

impl Registered {
    /// Waits until the registry shows the instance for the first time.
    pub(crate) async fn first(&self, limit: Duration, core: &Core) -> Result<(), Error> {
        let begun = Instant::now();
        let awaited = || Awaited::Registration {
            registry: self.name.clone(),
        };
        let registered = core.awaits(awaited, self.registration.first(limit)).await;
        registered.map_err(|source| Error::Register {
            registry: self.name.clone(),
            source,
        })?;
        // Events come in the order of the sequence. Given up only when the app is being dropped.
        let left = limit.saturating_sub(begun.elapsed());
        let _ = timeout(left, self.told.opened()).await;
        Ok(())
    }

    /// Takes it away once `go` is open or something has failed; until its limit, or a little after
    /// the stop is forced.
    pub(crate) async fn deregister(
        self,
        go: Gate,
        budget: Budget,
        core: Arc<Core>,
    ) -> RegistrationReport {
        tokio::select! {
            biased;
            // Given up only when the app is being dropped.
            _ = go.opened() => {}
            () = core.control.failed() => {}
        }
        budget.deadline().catch_up().await;
        let limit = budget.deregister();
        let begun = Instant::now();
        let left = limit.instant().saturating_duration_since(begun);
        let registry = self.name.clone();
        let awaited = || Awaited::Deregistration {
            registry: registry.clone(),
        };
        let deregistered = core.awaits(awaited, self.registration.deregister_within(left));
        let error = match core
            .control
            .within(&limit, FORCED_DEREGISTRATION, deregistered)
            .await
        {
            Some(Ok(())) => None,
            Some(Err(error)) => Some(error_chain(&error)),
            None => Some(format!("not confirmed after {:.1?}", begun.elapsed())),
        };
        let took = begun.elapsed();
        let registry = self.name;
        let event = Event::Deregistered {
            registry: registry.clone(),
            took,
            error: error.clone(),
        };
        // Nobody has to hear that what was never shown is not shown.
        if self.told.is_open() || error.is_some() {
            core.emit(event);
        }
        RegistrationReport {
            registry,
            took,
            error,
        }
    }
}
