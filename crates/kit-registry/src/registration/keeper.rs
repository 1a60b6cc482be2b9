//! The task behind a registration: it owns the order of the registrar's calls.
//!
//! Two futures run side by side in the one task until the exit: the *writer* makes one `register`
//! at a time and lets `hold` watch in between; the *pulse* runs `keep_alive` without a pause, also
//! while the writer waits for an answer, backs off, or is refused. Both are dropped before the one
//! `deregister` begins.

use std::convert::Infallible;
use std::sync::Arc;

use kit_sync::StopToken;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::desired::Desired;
use super::limits::{EAGER, limited};
use super::state::RegistrationState;
use super::writer::Writer;
use crate::backoff::Backoff;
use crate::{LossReason, Registrar, Remarks, ServiceInstance};

pub(super) struct Keeper {
    registrar: Arc<dyn Registrar>,
    desired: watch::Receiver<Desired>,
    state: watch::Sender<RegistrationState>,
    remarks: Remarks,
    /// The token of the scope that the task lives in.
    stop: StopToken,
    /// Whether anything may have been written.
    has_written: bool,
    begun: Instant,
}

/// The reason why the instance is to be taken away.
#[derive(Clone, Copy)]
enum Exit {
    /// `deregister` was called.
    Requested,
    /// The scope was cancelled.
    Cancelled,
}

impl Keeper {
    pub(super) fn new(
        registrar: Arc<dyn Registrar>,
        desired: &watch::Sender<Desired>,
        remarks: Remarks,
        stop: StopToken,
    ) -> (Keeper, watch::Receiver<RegistrationState>) {
        let (state, states) = watch::channel(RegistrationState::Pending);
        let keeper = Keeper {
            registrar,
            desired: desired.subscribe(),
            state,
            remarks,
            stop,
            has_written: false,
            begun: Instant::now(),
        };
        (keeper, states)
    }

    pub(super) async fn run(mut self) {
        let exit = exit(self.desired.clone(), self.stop.clone());
        let exit = tokio::select! {
            biased;
            exit = exit => exit,
            never = self.keep() => match never {},
        };
        self.withdraw(exit).await;
    }

    /// Shows the instance again and again. Dropped at the exit, with the calls in progress.
    async fn keep(&mut self) -> Infallible {
        self.has_written = true;
        let (losses, lost) = watch::channel(None);
        let registrar = &*self.registrar;
        let writer = Writer::new(
            registrar,
            self.desired.clone(),
            &self.state,
            lost,
            self.begun,
        );
        let pulse = pulse(registrar, self.desired.clone(), losses);
        tokio::select! {
            // The pulse is polled first, so `keep_alive` runs before the first write.
            biased;
            never = pulse => never,
            never = writer.run() => never,
        }
    }

    /// Takes the instance away. After `deregister` the attempts go on until one succeeds or the
    /// scope is cancelled; after a cancelled scope there is one attempt. A withdrawal that failed
    /// leaves the state `Leaving`, with the last error; nothing written needs no withdrawal.
    async fn withdraw(self, exit: Exit) {
        let instance = Arc::clone(&self.desired.borrow().instance);
        if self.has_written {
            let since = Instant::now();
            self.state
                .send_replace(RegistrationState::Leaving { since, why: None });
            let is_withdrawn = match exit {
                Exit::Cancelled => self.withdraw_once(&instance, since).await,
                // The caller had the time until the scope was cancelled.
                Exit::Requested => self
                    .stop
                    .run_until_cancelled(self.withdraw_again_and_again(&instance, since))
                    .await
                    .is_some(),
            };
            if !is_withdrawn {
                let why = self.state.borrow().to_string();
                match exit {
                    // No caller waits for a result, so this remark is the only one.
                    Exit::Cancelled => self.remarks.add(format!(
                        "{instance} is left in the registry until its time there runs out: {why}"
                    )),
                    Exit::Requested => tracing::debug!(%instance, why, "left in the registry"),
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

/// Runs `keep_alive` for as long as it is polled, and sends the reason of each end. A new reason
/// replaces one that was not read yet, so the pulse waits for no reader.
async fn pulse(
    registrar: &dyn Registrar,
    desired: watch::Receiver<Desired>,
    losses: watch::Sender<Option<LossReason>>,
) -> Infallible {
    let mut backoff = Backoff::up_to(EAGER);
    loop {
        let instance = Arc::clone(&desired.borrow().instance);
        let begun = Instant::now();
        let reason = registrar.keep_alive(&instance).await;
        tracing::debug!(%instance, %reason, "not kept alive");
        losses.send_replace(Some(reason));
        sleep(backoff.after_loss(begun.elapsed())).await;
    }
}

async fn exit(mut desired: watch::Receiver<Desired>, stop: StopToken) -> Exit {
    tokio::select! {
        biased;
        Ok(_) = desired.wait_for(|desired| !desired.is_wanted) => Exit::Requested,
        () = stop.cancelled() => Exit::Cancelled,
    }
}
