//! The task behind a registration.

use std::{convert::Infallible, future::Future, sync::Arc, time::Duration};

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

/// The longest pause until the first success: somebody's start is waiting for it.
const EAGER: Duration = Duration::from_secs(1);

pub(super) struct Keeper {
    registrar: Arc<dyn Registrar>,
    /// Two receivers, as each remembers for itself what it has seen.
    updates: watch::Receiver<Desired>,
    wanted: watch::Receiver<Desired>,
    state: watch::Sender<RegistrationState>,
    told: StopToken,
    /// Whether anything may have been written.
    attempted: bool,
    began: Instant,
}

/// Why the instance is not to be kept any longer.
enum Exit {
    /// Somebody called `deregister`.
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
            updates: desired.subscribe(),
            wanted: desired.subscribe(),
            state,
            told,
            attempted: false,
            began: Instant::now(),
        };
        (keeper, seen)
    }

    pub(super) async fn run(mut self) {
        let exit = exit(self.wanted.clone(), self.told.clone());
        let exit = tokio::select! {
            biased;
            exit = exit => exit,
            never = self.keep() => match never {},
        };
        self.withdraw(exit).await;
    }

    /// Shows the instance again and again. Dropped at an exit, with the call in progress.
    async fn keep(&mut self) -> Infallible {
        let mut backoff = Backoff::up_to(EAGER);
        loop {
            let instance = Arc::clone(&self.updates.borrow_and_update().instance);
            self.attempted = true;
            let attempt = limited("register", &instance, self.registrar.register(&instance));
            match attempt.await {
                Ok(()) => {
                    self.registered(&instance);
                    backoff.up_to_most();
                    let shown = Instant::now();
                    let lost = tokio::select! {
                        biased;
                        Ok(()) = self.updates.changed() => continue,
                        reason = self.registrar.hold(&instance) => lost(&instance, reason),
                    };
                    backoff.succeeded(shown.elapsed());
                    self.degraded(&instance, lost);
                }
                Err(error) => self.degraded(&instance, Arc::new(error)),
            }
            tokio::select! {
                biased;
                Ok(()) = self.updates.changed() => {}
                () = sleep(backoff.next()) => {}
            }
        }
    }

    async fn withdraw(self, exit: Exit) {
        let instance = Arc::clone(&self.updates.borrow().instance);
        if self.attempted {
            let since = Instant::now();
            self.state
                .send_replace(RegistrationState::Leaving { since, why: None });
            let withdrawn = match exit {
                Exit::Told => self.withdraw_once(&instance, since).await,
                // Whoever asked had the time until the scope was told.
                Exit::Asked => self
                    .told
                    .run_until_cancelled(self.withdraw_again_and_again(&instance, since))
                    .await
                    .is_some(),
            };
            if !withdrawn {
                tracing::warn!(%instance, "left in the registry until its time there runs out");
                return;
            }
            tracing::debug!(%instance, "deregistered");
        }
        self.state.send_replace(RegistrationState::Withdrawn);
    }

    async fn withdraw_again_and_again(&self, instance: &ServiceInstance, since: Instant) {
        let mut backoff = Backoff::new();
        while !self.withdraw_once(instance, since).await {
            sleep(backoff.next()).await;
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

    fn degraded(&self, instance: &ServiceInstance, why: Arc<Error>) {
        tracing::debug!(%instance, why = %why.chain(), "not registered");
        self.state.send_modify(|state| {
            let since = match state {
                RegistrationState::Degraded { since, .. } => *since,
                RegistrationState::Pending => self.began,
                _ => Instant::now(),
            };
            *state = RegistrationState::Degraded { since, why };
        });
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

fn lost(instance: &ServiceInstance, reason: LossReason) -> Arc<Error> {
    match reason {
        LossReason::Unreachable(error) => error,
        reason => Arc::new(Error::lost(instance, reason)),
    }
}
