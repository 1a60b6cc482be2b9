//! The part of a registration's task that writes: one `register` at a time, and `hold` in between.
//! It alone knows the value that is shown, and publishes `Registered` and `Degraded`.

use std::convert::Infallible;
use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::desired::Desired;
use super::limits::{EAGER, limited};
use super::state::RegistrationState;
use crate::backoff::Backoff;
use crate::{Error, LossReason, Registrar, ServiceInstance};

/// Writes the desired value, and repairs it.
pub(super) struct Writer<'a> {
    registrar: &'a dyn Registrar,
    desired: watch::Receiver<Desired>,
    /// The reason of the pulse's last end.
    losses: watch::Receiver<Option<LossReason>>,
    backoff: Backoff,
    progress: Progress<'a>,
}

/// The value that the registry shows, as far as is known, and the state that is published for it.
struct Progress<'a> {
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

impl<'a> Writer<'a> {
    pub(super) fn new(
        registrar: &'a dyn Registrar,
        desired: watch::Receiver<Desired>,
        state: &'a watch::Sender<RegistrationState>,
        losses: watch::Receiver<Option<LossReason>>,
        begun: Instant,
    ) -> Writer<'a> {
        Writer {
            registrar,
            desired,
            losses,
            backoff: Backoff::up_to(EAGER),
            progress: Progress::new(state, begun),
        }
    }

    pub(super) async fn run(mut self) -> Infallible {
        loop {
            let instance = Arc::clone(&self.desired.borrow_and_update().instance);
            let pause = self.write(&instance).await;
            self.rest(&instance, pause).await;
        }
    }

    /// One attempt. Returns the pause before the next one; after a success there is none.
    async fn write(&mut self, wanted: &Arc<ServiceInstance>) -> Option<Duration> {
        let error = match self.register(wanted).await {
            Ok(None) => {
                self.progress.publish_registered(wanted);
                return None;
            }
            Ok(Some(lost)) => {
                self.progress.publish_degraded(wanted, lost);
                return Some(self.backoff.after_loss(Duration::ZERO));
            }
            Err(error) => error,
        };
        if matches!(error, Error::Lost { .. }) {
            self.progress.mark_lost();
        }
        // An instance as it was before a change that is refused is better than none.
        if is_refusal(&error)
            && let Some(before) = self.progress.to_be_restored(wanted)
            && let Err(error) = self.register(&before).await
        {
            tracing::debug!(instance = %before, error = %error.chain(), "value before not restored");
        }
        self.progress.publish_degraded(wanted, Arc::new(error));
        Some(self.backoff.after_failure())
    }

    /// One call of `register`. It may take long, so an end of the pulse meanwhile is published at
    /// once. `Ok(Some)` is a success with a loss: the registry took the instance, but its lease
    /// expired during the call, and the write may have come before that. `Unreachable` is no such
    /// loss, because the success disproves it.
    async fn register(
        &mut self,
        instance: &Arc<ServiceInstance>,
    ) -> Result<Option<Arc<Error>>, Error> {
        self.losses.mark_unchanged();
        let registrar = self.registrar;
        let mut call = pin!(limited("register", instance, registrar.register(instance)));
        let mut lost = None;
        loop {
            tokio::select! {
                biased;
                result = &mut call => {
                    result?;
                    break;
                }
                Ok(()) = self.losses.changed() => {
                    let reason = self.take_loss();
                    let is_certain = !matches!(reason, LossReason::Unreachable(_));
                    let why = error_of(instance, reason);
                    if self.progress.shown().is_some() {
                        self.progress.mark_lost();
                        self.progress.publish_degraded(instance, Arc::clone(&why));
                    }
                    if is_certain {
                        lost = Some(why);
                    }
                }
            }
        }
        self.backoff.up_to_most();
        self.progress.record_accepted(instance, lost.is_none());
        Ok(lost)
    }

    /// Waits for a reason to write: another value, a loss, or the end of the pause.
    async fn rest(&mut self, wanted: &Arc<ServiceInstance>, pause: Option<Duration>) {
        let Some(shown) = self.progress.shown().cloned() else {
            return self.pause(pause).await;
        };
        let lost = tokio::select! {
            biased;
            Ok(()) = self.desired.changed() => return,
            Ok(()) = self.losses.changed() => self.take_loss(),
            reason = self.registrar.hold(&shown) => reason,
            () = pause_for(pause) => return,
        };
        self.progress.mark_lost();
        self.progress
            .publish_degraded(wanted, error_of(wanted, lost));
        let pause = self.backoff.after_loss(self.progress.lasted());
        self.pause(Some(pause)).await;
    }

    async fn pause(&mut self, pause: Option<Duration>) {
        tokio::select! {
            biased;
            Ok(()) = self.desired.changed() => {}
            () = pause_for(pause) => {}
        }
    }

    fn take_loss(&mut self) -> LossReason {
        // There is a reason from the first change on.
        let reason = self.losses.borrow_and_update().clone();
        reason.unwrap_or(LossReason::Expired)
    }
}

impl<'a> Progress<'a> {
    fn new(state: &'a watch::Sender<RegistrationState>, begun: Instant) -> Progress<'a> {
        Progress {
            state,
            begun,
            accepted: None,
        }
    }

    /// The registry has confirmed this value, which may be lost already.
    fn record_accepted(&mut self, instance: &Arc<ServiceInstance>, is_shown: bool) {
        self.accepted = Some(Accepted {
            instance: Arc::clone(instance),
            at: Instant::now(),
            is_shown,
        });
    }

    fn mark_lost(&mut self) {
        if let Some(accepted) = &mut self.accepted {
            accepted.is_shown = false;
        }
    }

    /// The value that is shown.
    fn shown(&self) -> Option<&Arc<ServiceInstance>> {
        let accepted = self.accepted.as_ref()?;
        accepted.is_shown.then_some(&accepted.instance)
    }

    /// The time since the last value was accepted.
    fn lasted(&self) -> Duration {
        let accepted = self.accepted.as_ref();
        accepted.map_or(Duration::ZERO, |accepted| accepted.at.elapsed())
    }

    /// The value that was accepted before `wanted`, when it is not shown.
    fn to_be_restored(&self, wanted: &ServiceInstance) -> Option<Arc<ServiceInstance>> {
        let accepted = self.accepted.as_ref()?;
        let is_another = *accepted.instance != *wanted;
        (is_another && !accepted.is_shown).then(|| Arc::clone(&accepted.instance))
    }

    fn publish_registered(&self, instance: &ServiceInstance) {
        match self.state.send_replace(RegistrationState::Registered) {
            RegistrationState::Degraded { since, .. } => {
                let after = since.elapsed();
                tracing::debug!(%instance, ?after, "registered again");
            }
            _ => tracing::debug!(%instance, "registered"),
        }
    }

    fn publish_degraded(&self, wanted: &Arc<ServiceInstance>, why: Arc<Error>) {
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

async fn pause_for(pause: Option<Duration>) {
    match pause {
        Some(pause) => sleep(pause).await,
        None => pending().await,
    }
}

/// Whether the registry was reached and refused the value.
fn is_refusal(error: &Error) -> bool {
    !matches!(
        error,
        Error::Unreachable { .. }
            | Error::NoAnswer { .. }
            | Error::Closed { .. }
            | Error::Lost { .. }
    )
}

fn error_of(instance: &ServiceInstance, reason: LossReason) -> Arc<Error> {
    match reason {
        LossReason::Unreachable(error) => error,
        reason => Arc::new(Error::lost(instance, reason)),
    }
}
