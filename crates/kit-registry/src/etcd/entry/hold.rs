//! Watching the key of a registration, so that a foreign delete or a takeover is noticed at once.

use std::ops::ControlFlow;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use super::{Entry, Look, Registrations};
use crate::backoff::Backoff;
use crate::etcd::cluster::Via;
use crate::etcd::failure::cause;
use crate::etcd::ledger::Shown;
use crate::etcd::proto::etcdserverpb::{WatchCreateRequest, WatchResponse};
use crate::etcd::proto::mvccpb::Event;
use crate::etcd::proto::mvccpb::event::EventType;
use crate::etcd::units::LeaseId;
use crate::etcd::watch_stream::WatchStream;
use crate::{Error, LossReason, ServiceInstance};

/// The pause before the key is looked at again after reading was refused.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// One key being watched.
struct Hold<'a> {
    entry: Entry<'a>,
    shown: Shown,
    /// Whether the last watch has ended, so that a change may have been missed.
    is_again: bool,
    /// The last time at which there was a watch.
    watched: Instant,
}

/// The reason why a watch ended.
enum HoldEnd {
    Lost(LossReason),
    Broken(Error),
    /// Reading is not permitted.
    Blind,
}

/// Watches the key of `instance`, and returns why it does not have the value that was put last.
pub(crate) async fn hold(registrations: &Registrations, instance: &ServiceInstance) -> LossReason {
    let entry = registrations.entry(instance, format!("watch {instance}"));
    let Some(shown) = entry.account.last_shown() else {
        return LossReason::Missing;
    };
    let hold = Hold {
        entry,
        shown,
        is_again: false,
        watched: Instant::now(),
    };
    hold.run().await
}

impl Hold<'_> {
    /// Opens one watch after the other. The first begins behind the put. Each later one begins at the
    /// present, with a look at the key: what answers then may be another store at the same address,
    /// wiped or restored, whose revisions say nothing about ours.
    ///
    /// A watch that cannot be opened for two thirds of the lease's length is a loss; a key that may not
    /// be read is looked at once a minute and never lost here.
    async fn run(mut self) -> LossReason {
        let mut backoff = Backoff::new();
        loop {
            let ended = self.watch().await;
            self.is_again = true;
            let (opened, error) = match ended {
                (_, HoldEnd::Lost(reason)) => return reason,
                (_, HoldEnd::Blind) => {
                    sleep(LOOK_AGAIN).await;
                    self.watched = Instant::now();
                    continue;
                }
                (opened, HoldEnd::Broken(error)) => (opened, error),
            };
            tracing::debug!(key = self.entry.key, error = %error.chain(), "watch to be opened again");
            let pause = match opened {
                Some(opened) => {
                    self.watched = Instant::now();
                    backoff.after_loss(opened.elapsed())
                }
                None => backoff.after_failure(),
            };
            let next = Instant::now() + pause;
            if next >= self.watched + self.shown.lease.ttl * 2 / 3 {
                return LossReason::Unreachable(error.into());
            }
            sleep_until(next).await;
        }
    }

    /// Follows the key on one stream until it ends. Returns its end, and when it was opened.
    async fn watch(&mut self) -> (Option<Instant>, HoldEnd) {
        let mut stream = match self.open().await {
            Ok(stream) => stream,
            Err(error) => return (None, HoldEnd::Broken(error)),
        };
        let opened = Instant::now();
        let end = loop {
            match stream.responses.message().await {
                Ok(Some(response)) => {
                    if let ControlFlow::Break(end) = self.handle(response).await {
                        break end;
                    }
                }
                Ok(None) => break self.broken(stream.via, "the stream was ended"),
                Err(status) => break self.broken(stream.via, cause(&status)),
            }
        };
        (Some(opened), end)
    }

    async fn open(&self) -> Result<WatchStream, Error> {
        let create = WatchCreateRequest {
            key: self.entry.key.as_bytes().to_vec(),
            start_revision: if self.is_again {
                0
            } else {
                self.shown.revision + 1
            },
            ..WatchCreateRequest::default()
        };
        WatchStream::open(self.entry.leases(), &self.entry.attempt, create).await
    }

    async fn handle(&self, response: WatchResponse) -> ControlFlow<HoldEnd> {
        if response.compact_revision > 0 {
            // Some changes of the key will not be sent any more.
            return ControlFlow::Break(self.refused("the revision was compacted"));
        }
        if response.canceled {
            // A watch ends in the same way for a stale token and for a missing permission. A look
            // gets a new token, and then shows which it was.
            self.entry.leases().renew_token().await;
            self.look().await?;
            return ControlFlow::Break(self.refused(response.cancel_reason));
        }
        if response.created && self.is_again {
            // What comes after the look is sent.
            self.look().await?;
        }
        for event in response.events {
            self.judge(event).map_break(HoldEnd::Lost)?;
        }
        ControlFlow::Continue(())
    }

    fn judge(&self, event: Event) -> ControlFlow<LossReason> {
        let is_deleted = event.r#type() == EventType::Delete;
        let kv = event.kv.unwrap_or_default();
        if is_deleted {
            return ControlFlow::Break(LossReason::Missing);
        }
        self.judge_value(kv.lease, &kv.value)
    }

    fn judge_value(&self, lease: i64, value: &[u8]) -> ControlFlow<LossReason> {
        if self.entry.account.is_own_put(lease, value) {
            return ControlFlow::Continue(());
        }
        ControlFlow::Break(if lease == 0 || lease == self.shown.lease.id {
            LossReason::Changed
        } else {
            let by = LeaseId(lease).to_string();
            LossReason::TakenOver { by }
        })
    }

    /// Reads the key, and goes on when it is as it should be.
    async fn look(&self) -> ControlFlow<HoldEnd> {
        ControlFlow::Break(match self.entry.look().await {
            Ok(Look::Blind) => HoldEnd::Blind,
            Ok(Look::Seen(None)) => HoldEnd::Lost(LossReason::Missing),
            Ok(Look::Seen(Some(kv))) => {
                return self
                    .judge_value(kv.lease, &kv.value)
                    .map_break(HoldEnd::Lost);
            }
            Err(error) => HoldEnd::Broken(error),
        })
    }

    fn broken(&self, via: Via, why: impl Into<String>) -> HoldEnd {
        let Entry { attempt, .. } = &self.entry;
        HoldEnd::Broken(self.entry.leases().cluster().broken(via, attempt, why))
    }

    fn refused(&self, why: impl Into<String>) -> HoldEnd {
        let Entry { attempt, .. } = &self.entry;
        HoldEnd::Broken(self.entry.leases().cluster().refused(attempt, why))
    }
}
