//! The part of a registration's task that writes: one `register` at a time, and `hold` in between.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::keeper::{EAGER, limited};
use super::{Desired, RegistrationState};
use crate::backoff::Backoff;
use crate::{Error, LossReason, Registrar, ServiceInstance};

/// Writes what is desired, and repairs it.
pub(super) struct Writer<'a> {
    registrar: &'a dyn Registrar,
    desired: watch::Receiver<Desired>,
    state: &'a watch::Sender<RegistrationState>,
    /// Why the pulse ended last.
    lost: watch::Receiver<Option<LossReason>>,
    backoff: Backoff,
    began: Instant,
    /// What the registry accepted last.
    accepted: Option<Accepted>,
}

/// A value that the registry confirmed.
struct Accepted {
    instance: Arc<ServiceInstance>,
    at: Instant,
    /// Nothing was heard of its loss.
    is_shown: bool,
}

impl<'a> Writer<'a> {
    pub(super) fn new(
        registrar: &'a dyn Registrar,
        desired: watch::Receiver<Desired>,
        state: &'a watch::Sender<RegistrationState>,
        lost: watch::Receiver<Option<LossReason>>,
        began: Instant,
    ) -> Writer<'a> {
        Writer {
            registrar,
            desired,
            state,
            lost,
            backoff: Backoff::up_to(EAGER),
            began,
            accepted: None,
        }
    }

    pub(super) async fn run(mut self) -> Infallible {
        loop {
            let instance = Arc::clone(&self.desired.borrow_and_update().instance);
            let pause = self.write(&instance).await;
            self.rest(&instance, pause).await;
        }
    }

    /// One attempt. Returns how long to wait before the next one; for ever after a success.
    async fn write(&mut self, wanted: &Arc<ServiceInstance>) -> Option<Duration> {
        let error = match self.register(wanted).await {
            Ok(None) => {
                self.registered(wanted);
                return None;
            }
            Ok(Some(lost)) => {
                self.degraded(wanted, lost);
                return Some(self.backoff.after_loss(Duration::ZERO));
            }
            Err(error) => error,
        };
        if matches!(error, Error::Lost { .. }) {
            self.not_shown();
        }
        // An instance as it was before a change that is refused is better than none.
        if is_refusal(&error)
            && let Some(before) = self.to_be_restored(wanted)
            && let Err(error) = self.register(&before).await
        {
            tracing::debug!(instance = %before, error = %error.chain(), "value before not restored");
        }
        self.degraded(wanted, Arc::new(error));
        Some(self.backoff.after_failure())
    }

    /// One call of `register`, which may take long: an end of the pulse meanwhile is in the state at
    /// once. `Ok(Some)` when the registry took the instance, and it may be gone all the same: what
    /// expired during the call may have been written before it did. That the registry could not be
    /// asked is disproved by the success.
    async fn register(
        &mut self,
        instance: &Arc<ServiceInstance>,
    ) -> Result<Option<Arc<Error>>, Error> {
        self.lost.mark_unchanged();
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
                Ok(()) = self.lost.changed() => {
                    let reason = self.why_the_pulse_ended();
                    let is_certain = !matches!(reason, LossReason::Unreachable(_));
                    let why = error_of(instance, reason);
                    if self.is_shown() {
                        self.not_shown();
                        self.degraded(instance, Arc::clone(&why));
                    }
                    if is_certain {
                        lost = Some(why);
                    }
                }
            }
        }
        self.backoff.up_to_most();
        self.accepted = Some(Accepted {
            instance: Arc::clone(instance),
            at: Instant::now(),
            is_shown: lost.is_none(),
        });
        Ok(lost)
    }

    /// Until there is a reason for an attempt: another value, a loss, or the end of the pause.
    async fn rest(&mut self, wanted: &Arc<ServiceInstance>, pause: Option<Duration>) {
        let shown = self.accepted.as_ref().filter(|accepted| accepted.is_shown);
        let shown = shown.map(|accepted| (Arc::clone(&accepted.instance), accepted.at));
        let Some((shown, at)) = shown else {
            return self.pause(pause).await;
        };
        let lost = tokio::select! {
            biased;
            Ok(()) = self.desired.changed() => return,
            Ok(()) = self.lost.changed() => self.why_the_pulse_ended(),
            reason = self.registrar.hold(&shown) => reason,
            () = pause_for(pause) => return,
        };
        self.not_shown();
        self.degraded(wanted, error_of(wanted, lost));
        let pause = self.backoff.after_loss(at.elapsed());
        self.pause(Some(pause)).await;
    }

    async fn pause(&mut self, pause: Option<Duration>) {
        tokio::select! {
            biased;
            Ok(()) = self.desired.changed() => {}
            () = pause_for(pause) => {}
        }
    }

    fn registered(&self, instance: &ServiceInstance) {
        let before = self.state.send_replace(RegistrationState::Registered);
        match before {
            RegistrationState::Degraded { since, .. } => {
                let after = since.elapsed();
                tracing::debug!(%instance, ?after, "registered again");
            }
            _ => tracing::debug!(%instance, "registered"),
        }
    }

    /// The value that was accepted before `wanted`, when it is not shown.
    fn to_be_restored(&self, wanted: &ServiceInstance) -> Option<Arc<ServiceInstance>> {
        let accepted = self.accepted.as_ref()?;
        let is_another = *accepted.instance != *wanted;
        (is_another && !accepted.is_shown).then(|| Arc::clone(&accepted.instance))
    }

    fn not_shown(&mut self) {
        if let Some(accepted) = &mut self.accepted {
            accepted.is_shown = false;
        }
    }

    fn is_shown(&self) -> bool {
        self.accepted
            .as_ref()
            .is_some_and(|accepted| accepted.is_shown)
    }

    fn why_the_pulse_ended(&mut self) -> LossReason {
        // Some from the first change on.
        let reason = self.lost.borrow_and_update().clone();
        reason.unwrap_or(LossReason::Expired)
    }

    fn degraded(&self, wanted: &Arc<ServiceInstance>, why: Arc<Error>) {
        tracing::debug!(instance = %wanted, why = %why.chain(), "not registered");
        let shown = self.accepted.as_ref().filter(|accepted| accepted.is_shown);
        let shown = shown.map(|accepted| Arc::clone(&accepted.instance));
        let wanted = Arc::clone(wanted);
        self.state.send_modify(|state| {
            let since = match state {
                RegistrationState::Degraded { since, .. } => *since,
                RegistrationState::Pending => self.began,
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
        None => std::future::pending().await,
    }
}

/// Whether the registry was there and will not have this value.
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
