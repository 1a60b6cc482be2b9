//! The states and remarks of a registration, as events.

use std::sync::Arc;

use kit_registry::{Registration, RegistrationState};
use kit_sync::{Latch, Repeated, error_chain};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use crate::Event;
use crate::journal::Journal;
use crate::plural::plural;

/// Emits an event for each change of the registration's state that is worth one, and for each of its
/// remarks, for as long as the registration goes on. Opens `shown` after the event of the first
/// registration.
pub(super) async fn emit_states(
    registry: String,
    registration: Registration,
    mut remarks: broadcast::Receiver<String>,
    journal: Arc<Journal>,
    shown: Latch,
) {
    let mut states = registration.states();
    let mut emitter = StateEvents {
        registry,
        journal,
        shown: Some(shown),
        failures: Repeated::new(),
    };
    states.mark_changed();
    loop {
        tokio::select! {
            // A remark that was made before a state has its event before that of the state.
            biased;
            Some(remark) = next_remark(&mut remarks) => emitter.journal.remark(remark),
            changed = states.changed() => {
                if changed.is_err() {
                    return;
                }
                let state = states.borrow_and_update().clone();
                emitter.emit(&state);
            }
        }
    }
}

/// The next remark; `None` once there will be no more.
async fn next_remark(remarks: &mut broadcast::Receiver<String>) -> Option<String> {
    match remarks.recv().await {
        Ok(remark) => Some(remark),
        Err(RecvError::Lagged(missed)) => Some(format!(
            "missed of a registry: {}",
            plural(missed, "remark")
        )),
        Err(RecvError::Closed) => None,
    }
}

/// Emits a failure once, then seldom, and its end. These events are the only lines about it: the
/// crates below write theirs at debug.
struct StateEvents {
    registry: String,
    journal: Arc<Journal>,
    /// Held until the event of the first registration.
    shown: Option<Latch>,
    failures: Repeated,
}

impl StateEvents {
    /// Registered: an event for the first time and after failures. Degraded: outdated when the
    /// registry shows an older value, else lost. While the same failure repeats itself, `failures`
    /// decides which ones have an event.
    fn emit(&mut self, state: &RegistrationState) {
        match state {
            // Failures without an event have an end without one.
            RegistrationState::Registered
                if self.failures.ended().is_some() || self.shown.is_some() =>
            {
                self.emit_registered();
            }
            RegistrationState::Degraded { why, shown, .. } => {
                let is_shown = shown.is_some();
                if is_shown && self.shown.is_some() {
                    // It was registered, and a change refused, before this task was polled.
                    self.emit_registered();
                }
                let line = state.to_string();
                let Some(failures) = self.failures.failed(&line) else {
                    return;
                };
                let registry = self.registry.clone();
                self.journal.emit(if is_shown {
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

    fn emit_registered(&mut self) {
        let registry = self.registry.clone();
        self.journal.emit(Event::Registered { registry });
        let _: Option<()> = self.shown.take().map(Latch::open);
    }
}
