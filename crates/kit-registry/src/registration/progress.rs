//! The value that the registry shows, as far as is known, and the state that is published for it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::state::RegistrationState;
use crate::{Error, ServiceInstance};

pub(super) struct Progress<'a> {
    state: &'a watch::Sender<RegistrationState>,
    /// The start of the registration.
    begun: Instant,
    /// The value that the registry accepted last.
    accepted: Option<Accepted>,
}

/// A value that the registry confirmed.
struct Accepted {
    instance: Arc<ServiceInstance>,
    at: Instant,
    /// No loss of it was reported.
    is_shown: bool,
}

impl<'a> Progress<'a> {
    pub(super) fn new(state: &'a watch::Sender<RegistrationState>, begun: Instant) -> Progress<'a> {
        Progress {
            state,
            begun,
            accepted: None,
        }
    }

    /// The registry has confirmed this value, which may be lost already.
    pub(super) fn record_accepted(&mut self, instance: &Arc<ServiceInstance>, is_shown: bool) {
        self.accepted = Some(Accepted {
            instance: Arc::clone(instance),
            at: Instant::now(),
            is_shown,
        });
    }

    pub(super) fn mark_lost(&mut self) {
        if let Some(accepted) = &mut self.accepted {
            accepted.is_shown = false;
        }
    }

    /// The value that is shown.
    pub(super) fn shown(&self) -> Option<&Arc<ServiceInstance>> {
        let accepted = self.accepted.as_ref()?;
        accepted.is_shown.then_some(&accepted.instance)
    }

    /// The time since the last value was accepted.
    pub(super) fn lasted(&self) -> Duration {
        let accepted = self.accepted.as_ref();
        accepted.map_or(Duration::ZERO, |accepted| accepted.at.elapsed())
    }

    /// The value that was accepted before `wanted`, when it is not shown.
    pub(super) fn to_be_restored(&self, wanted: &ServiceInstance) -> Option<Arc<ServiceInstance>> {
        let accepted = self.accepted.as_ref()?;
        let is_another = *accepted.instance != *wanted;
        (is_another && !accepted.is_shown).then(|| Arc::clone(&accepted.instance))
    }

    pub(super) fn publish_registered(&self, instance: &ServiceInstance) {
        match self.state.send_replace(RegistrationState::Registered) {
            RegistrationState::Degraded { since, .. } => {
                let after = since.elapsed();
                tracing::debug!(%instance, ?after, "registered again");
            }
            _ => tracing::debug!(%instance, "registered"),
        }
    }

    pub(super) fn publish_degraded(&self, wanted: &Arc<ServiceInstance>, why: Arc<Error>) {
        tracing::debug!(instance = %wanted, why = %why.chain(), "not registered");
        let shown = self.shown().cloned();
        let wanted = Arc::clone(wanted);
        self.state.send_modify(|state| {
            let since = match state {
                RegistrationState::Degraded { since, .. } => *since,
                RegistrationState::Pending => self.begun,
                _ => Instant::now(),
            };
            *state = RegistrationState::Degraded {
                since,
                why,
                shown,
                wanted,
            };
        });
    }
}
