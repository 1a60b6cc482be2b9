//! The task behind a registration: it owns the order of things.
//!
//! Two futures run side by side in the one task until the exit: the *writer* makes one `register`
//! at a time and lets `hold` watch in between; the *pulse* runs `keep_alive` without a pause, also
//! while the writer waits for an answer, backs off, or is refused. Both are dropped before the one
//! `deregister` begins.

use std::{convert::Infallible, future::Future, pin::pin, sync::Arc, time::Duration};

use kit_sync::StopToken;
use tokio::{
    sync::watch,
    time::{Instant, sleep, timeout},
};

use super::{Desired, RegistrationState};
use crate::{Error, LossReason, Registrar, ServiceInstance, backoff::Backoff};

/// A call that takes longer is dropped and made again: the backends have limits of their own, and
/// this one catches a backend that has none.
const CALL_LIMIT: Duration = Duration::from_secs(15);

/// The longest pause until the first success, which a start may be waiting for, and between two
/// calls of `keep_alive`.
const EAGER: Duration = Duration::from_secs(1);

pub(super) struct Keeper {
    registrar: Arc<dyn Registrar>,
    desired: watch::Receiver<Desired>,
    state: watch::Sender<RegistrationState>,
    told: StopToken,
    /// Whether anything may have been written.
    attempted: bool,
    began: Instant,
}

/// Writes what is desired, and repairs it.
struct Writer<'a> {
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

/// Why the instance is not to be kept any longer.
#[derive(Clone, Copy)]
enum Exit {
    /// `deregister` was called.
    Asked,
    /// The scope was told to stop.
    Told,
}

impl Keeper {
    pub(super) fn new(
        registrar: Arc<dyn Registrar>,
        desired: &watch::Sender<Desired>,
        told: StopToken,
    ) -> (Self, watch::Receiver<RegistrationState>) {
        let (state, seen) = watch::channel(RegistrationState::Pending);
        let keeper = Self {
            registrar,
            desired: desired.subscribe(),
            state,
            told,
            attempted: false,
            began: Instant::now(),
        };
        (keeper, seen)
    }

    pub(super) async fn run(mut self) {
        let exit = exit(self.desired.clone(), self.told.clone());
        let exit = tokio::select! {
            biased;
            exit = exit => exit,
            never = self.keep() => match never {},
        };
        self.withdraw(exit).await;
    }

    /// Shows the instance again and again. Dropped at an exit, with the calls in progress.
    async fn keep(&mut self) -> Infallible {
        self.attempted = true;
        let (losses, lost) = watch::channel(None);
        let writer = Writer {
            registrar: &*self.registrar,
            desired: self.desired.clone(),
            state: &self.state,
            lost,
            backoff: Backoff::up_to(EAGER),
            began: self.began,
            accepted: None,
        };
        let pulse = pulse(&*self.registrar, self.desired.clone(), losses);
        tokio::select! {
            // The pulse is polled first, so it stands before the first write.
            biased;
            never = pulse => never,
            never = writer.run() => never,
        }
    }

    async fn withdraw(self, exit: Exit) {
        let instance = Arc::clone(&self.desired.borrow().instance);
        if self.attempted {
            let since = Instant::now();
            self.state
                .send_replace(RegistrationState::Leaving { since, why: None });
            let withdrawn = match exit {
                Exit::Told => self.withdraw_once(&instance, since).await,
                // The caller had the time until the scope was told.
                Exit::Asked => self
                    .told
                    .run_until_cancelled(self.withdraw_again_and_again(&instance, since))
                    .await
                    .is_some(),
            };
            if !withdrawn {
                let why = self.state.borrow().to_string();
                match exit {
                    // No caller waits for an answer, so this line is the only one.
                    Exit::Told => {
                        tracing::warn!(%instance, why, "left in the registry until its time there runs out");
                    }
                    Exit::Asked => tracing::debug!(%instance, why, "left in the registry"),
                }
                return;
            }
            tracing::debug!(%instance, "deregistered");
        }
        self.state.send_replace(RegistrationState::Withdrawn);
    }

    async fn withdraw_again_and_again(&self, instance: &ServiceInstance, since: Instant) {
        let mut backoff = Backoff::new();
        while !self.withdraw_once(instance, since).await {
            sleep(backoff.after_failure()).await;
        }
    }

    async fn withdraw_once(&self, instance: &ServiceInstance, since: Instant) -> bool {
        let attempt = limited("deregister", instance, self.registrar.deregister(instance));
        let Err(error) = attempt.await else {
            return true;
        };
        tracing::debug!(%instance, error = %error.chain(), "not deregistered");
        let why = Some(Arc::new(error));
        self.state
            .send_replace(RegistrationState::Leaving { since, why });
        false
    }
}

impl Writer<'_> {
    async fn run(mut self) -> Infallible {
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

/// Runs `keep_alive` for as long as it is polled, and says why it ended. A value that nobody has
/// read is replaced, so the pulse waits for no reader.
async fn pulse(
    registrar: &dyn Registrar,
    desired: watch::Receiver<Desired>,
    losses: watch::Sender<Option<LossReason>>,
) -> Infallible {
    let mut backoff = Backoff::up_to(EAGER);
    loop {
        let instance = Arc::clone(&desired.borrow().instance);
        let began = Instant::now();
        let reason = registrar.keep_alive(&instance).await;
        tracing::debug!(%instance, %reason, "not kept alive");
        losses.send_replace(Some(reason));
        sleep(backoff.after_loss(began.elapsed())).await;
    }
}

async fn pause_for(pause: Option<Duration>) {
    match pause {
        Some(pause) => sleep(pause).await,
        None => std::future::pending().await,
    }
}

async fn exit(mut desired: watch::Receiver<Desired>, told: StopToken) -> Exit {
    tokio::select! {
        biased;
        Ok(_) = desired.wait_for(|desired| !desired.wanted) => Exit::Asked,
        () = told.cancelled() => Exit::Told,
    }
}

async fn limited(
    verb: &'static str,
    instance: &ServiceInstance,
    call: impl Future<Output = Result<(), Error>>,
) -> Result<(), Error> {
    timeout(CALL_LIMIT, call).await.unwrap_or_else(|_| {
        Err(Error::NoAnswer {
            attempt: format!("{verb} {instance}"),
            within: CALL_LIMIT,
        })
    })
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
