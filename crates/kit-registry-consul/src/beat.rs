//! Keeping the check of an entry passing.

use std::sync::Arc;
use std::time::Duration;

use hyper::Method;
use kit_registry::{Error, LossReason};
use tokio::time::{Instant, sleep_until};

use super::accounts::Account;
use super::agent::{Agent, CALL, Call, is_unknown};
use super::backoff::backoff;

/// The check of one entry.
pub(crate) struct Beat<'a> {
    pub(crate) agent: &'a Agent,
    pub(crate) account: &'a Arc<Account>,
    pub(crate) service_id: &'a str,
    pub(crate) attempt: &'a str,
    pub(crate) ttl: Duration,
}

impl Beat<'_> {
    /// Lets the check pass three times in each `ttl`, while the entry is ours.
    ///
    /// Beats that fail are repeated sooner. Without a success for two thirds of `ttl`, which is the time
    /// at which a check that is late becomes critical soon, it is not known whether the entry is found.
    pub(crate) async fn run(&self) -> LossReason {
        let mut ours = self.account.ours();
        let mut passed = Instant::now();
        let mut backoff = backoff().up_to(self.ttl / 6);
        loop {
            if !*ours.borrow_and_update() {
                // The account outlives this borrow of it, and so does the sender.
                let _ = ours.wait_for(|is_ours| *is_ours).await;
                passed = Instant::now();
            }
            let next = match self.pass(CALL.min(self.ttl / 3)).await {
                Ok(()) => {
                    passed = Instant::now();
                    backoff.reset();
                    passed + self.ttl / 3
                }
                Err(error) if is_unknown(&error) => {
                    self.account.record_loss();
                    return LossReason::Expired;
                }
                Err(error) => {
                    let next = Instant::now() + backoff.next_delay();
                    if next >= passed + self.ttl * 2 / 3 {
                        return LossReason::Unreachable(error.into());
                    }
                    tracing::debug!(error = %error.chain(), "to be tried again");
                    next
                }
            };
            tokio::select! {
                () = sleep_until(next) => {}
                Ok(()) = ours.changed() => {}
            }
        }
    }

    /// Lets the check pass once.
    pub(crate) async fn pass(&self, limit: Duration) -> Result<(), Error> {
        let doubt = self.account.begin_beat();
        let passed = self.agent.call(Call {
            attempt: self.attempt,
            method: Method::PUT,
            path: format!("/v1/agent/check/update/service:{}", self.service_id),
            body: r#"{"Status":"passing","Output":"pass"}"#.to_owned(),
            limit,
        });
        let passed = passed.await;
        if !matches!(passed, Err(Error::Unreachable { .. })) {
            doubt.settle();
        }
        passed.map(drop)
    }
}
