//! The task behind a registration: it owns the order of things.
//!
//! Two futures run side by side in the one task until the exit: the *writer* makes one `register`
//! at a time and lets `hold` watch in between; the *pulse* runs `keep_alive` without a pause, also
//! while the writer waits for an answer, backs off, or is refused. Both are dropped before the one
//! `deregister` begins.

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use kit_sync::StopToken;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use super::writer::Writer;
use super::{Desired, RegistrationState};
use crate::backoff::Backoff;
use crate::{Error, LossReason, Registrar, ServiceInstance};

/// A call that takes longer is dropped and made again: the backends have limits of their own, and
/// this one catches a backend that has none.
const CALL_LIMIT: Duration = Duration::from_secs(15);

/// The longest pause until the first success, which a start may be waiting for, and between two
/// calls of `keep_alive`.
pub(super) const EAGER: Duration = Duration::from_secs(1);

pub(super) struct Keeper {
    registrar: Arc<dyn Registrar>,
    desired: watch::Receiver<Desired>,
    state: watch::Sender<RegistrationState>,
    told: StopToken,
    /// Whether anything may have been written.
    attempted: bool,
    began: Instant,
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
    ) -> (Keeper, watch::Receiver<RegistrationState>) {
        let (state, seen) = watch::channel(RegistrationState::Pending);
        let keeper = Keeper {
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
        let registrar = &*self.registrar;
        let writer = Writer::new(
            registrar,
            self.desired.clone(),
            &self.state,
            lost,
            self.began,
        );
        let pulse = pulse(registrar, self.desired.clone(), losses);
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

/// Runs `keep_alive` for as long as it is polled, and says why it ended. A reason that was
/// not read yet is replaced, so the pulse waits for no reader.
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

async fn exit(mut desired: watch::Receiver<Desired>, told: StopToken) -> Exit {
    tokio::select! {
        biased;
        Ok(_) = desired.wait_for(|desired| !desired.wanted) => Exit::Asked,
        () = told.cancelled() => Exit::Told,
    }
}

pub(super) async fn limited(
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
