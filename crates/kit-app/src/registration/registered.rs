//! The instance in one registry, from its registration to its deregistration.

use std::sync::Arc;
use std::time::Duration;

use kit_registry::{Registration, RegistrationState, ServiceInstance};
use kit_sync::{Ending, Gate, Scope, error_chain};
use tokio::time::{Instant, timeout};

use super::open::Opened;
use super::states::emit_states;
use crate::budget::{Budget, FORCED_DEREGISTRATION};
use crate::control::Control;
use crate::journal::Journal;
use crate::{Awaited, Error, Event, RegistrationReport};

/// The instance in one registry. Clones are handles to the same registration.
#[derive(Clone)]
pub(crate) struct Registered {
    pub(super) registry: String,
    pub(super) registration: Registration,
    /// Opens after the event of the first registration.
    shown: Gate,
}

impl Registered {
    /// Begins to register, in tasks of `scope`.
    pub(super) fn begin(
        opened: &Opened,
        instance: ServiceInstance,
        scope: &Scope,
        journal: &Arc<Journal>,
    ) -> Registered {
        let registry = opened.name.clone();
        let registrar = Arc::clone(&opened.registrar);
        let (registration, remarks) = Registration::spawn_with_remarks(scope, registrar, instance);
        let shown = Gate::new();
        let latch = shown.latch("the registration's first event");
        let emitting = emit_states(
            registry.clone(),
            registration.clone(),
            remarks,
            Arc::clone(journal),
            latch,
        );
        scope.spawn_as("events", Ending::MayBeDropped, emitting);
        Registered {
            registry,
            registration,
            shown,
        }
    }

    /// Waits until the registry shows the instance for the first time.
    ///
    /// # Errors
    /// When it does not within `limit`.
    pub(crate) async fn first(&self, limit: Duration, journal: &Journal) -> Result<(), Error> {
        let begun = Instant::now();
        let awaited = || Awaited::Registration {
            registry: self.registry.clone(),
        };
        let registered = journal
            .awaits(awaited, self.registration.first(limit))
            .await;
        registered.map_err(|source| Error::Register {
            registry: self.registry.clone(),
            source,
        })?;
        // Events come in the order of the sequence. Given up only when the app is being dropped.
        let left = limit.saturating_sub(begun.elapsed());
        let _ = timeout(left, self.shown.opened()).await;
        Ok(())
    }

    /// Deregisters because of a drain: until the registry has confirmed it, or the app stops. Cancel
    /// safe: it goes on.
    pub(super) async fn withdraw(&self, journal: &Journal) {
        let begun = Instant::now();
        let awaited = || Awaited::Deregistration {
            registry: self.registry.clone(),
        };
        let withdrawn = journal
            .awaits(awaited, self.registration.deregister())
            .await;
        if self.shown.is_open() {
            journal.emit(Event::Deregistered {
                registry: self.registry.clone(),
                took: begun.elapsed(),
                error: withdrawn.err().map(|error| error_chain(&error)),
            });
        }
    }

    /// Whether the registry shows the instance, or has shown it.
    pub(crate) fn was_shown(&self) -> bool {
        self.shown.is_open()
    }

    /// It is being taken away, or has been.
    pub(crate) fn is_withdrawn(&self) -> bool {
        matches!(
            self.registration.state(),
            RegistrationState::Leaving { .. } | RegistrationState::Withdrawn
        )
    }

    /// Resolves once it has been taken away, after a [`withdraw`](Self::withdraw).
    pub(super) async fn gone(&self) {
        // An error is the end of its scope: there is nothing to wait for.
        let _ = self.registration.deregister().await;
    }

    /// Deregisters once `go` is open or something has failed, until the deadline of the
    /// deregistration, or a little after the stop is forced. A failure is noted as a remark: the
    /// lease will end what the registry still shows.
    pub(crate) async fn deregister(
        self,
        go: Gate,
        budget: Budget,
        control: Arc<Control>,
        journal: Arc<Journal>,
    ) -> RegistrationReport {
        tokio::select! {
            biased;
            // Given up only when the app is being dropped.
            _ = go.opened() => {}
            () = control.failed() => {}
        }
        budget.deadline().catch_up().await;
        let deadline = budget.deregister();
        // A drain that the stop has found has taken it away, with an event.
        let is_gone = matches!(self.registration.state(), RegistrationState::Withdrawn);
        let begun = Instant::now();
        let left = deadline.instant().saturating_duration_since(begun);
        let registry = self.registry;
        let awaited = || Awaited::Deregistration {
            registry: registry.clone(),
        };
        let deregistered = journal.awaits(awaited, self.registration.deregister_within(left));
        let deregistered = control.within(&deadline, FORCED_DEREGISTRATION, deregistered);
        let error = match deregistered.await {
            Some(Ok(())) => None,
            Some(Err(error)) => Some(error_chain(&error)),
            None => Some(format!("not confirmed after {:.1?}", begun.elapsed())),
        };
        let report = RegistrationReport {
            registry,
            took: begun.elapsed(),
            error,
        };
        // An instance that was never shown, and is not shown now, is worth no line.
        if !is_gone && (self.shown.is_open() || report.error.is_some()) {
            journal.emit(Event::Deregistered {
                registry: report.registry.clone(),
                took: report.took,
                error: report.error.clone(),
            });
        }
        report
    }
}
