//! Keeping a lease alive, whatever else happens to the key that it carries.

use std::future::pending;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until, timeout_at};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;

use super::{Entry, Registrations};
use crate::backoff::Backoff;
use crate::etcd::cluster::Via;
use crate::etcd::failure::{cause, is_stale_token};
use crate::etcd::ledger::{Account, Lease};
use crate::etcd::proto::etcdserverpb::lease_client::LeaseClient;
use crate::etcd::proto::etcdserverpb::{LeaseKeepAliveRequest, LeaseKeepAliveResponse};
use crate::{Error, LossReason, ServiceInstance};

/// One lease being kept alive.
struct Pulse<'a> {
    entry: &'a Entry<'a>,
    lease: Lease,
    /// The time of etcd's last answer that the lease lives.
    confirmed: Instant,
}

/// A stream of beats and answers, and the connection that it is on.
struct Beats {
    requests: mpsc::Sender<LeaseKeepAliveRequest>,
    answers: Streaming<LeaseKeepAliveResponse>,
    via: Via,
}

/// The reason why a stream of beats ended.
enum BeatsEnd {
    Expired,
    Broken(Error),
}

/// Keeps the present lease of the key, and each later one, from its grant on. Returns when a lease
/// ended without being replaced, or was not confirmed for so long that it may have ended.
pub(crate) async fn keep_alive(
    registrations: &Registrations,
    instance: &ServiceInstance,
) -> LossReason {
    let entry = registrations.entry(instance, format!("keep {instance} registered"));
    let mut changes = entry.account.changes();
    loop {
        changes.mark_unchanged();
        let Some(lease) = entry.account.granted_lease() else {
            changed(&mut changes).await;
            continue;
        };
        let pulse = Pulse {
            entry: &entry,
            lease,
            confirmed: Instant::now(),
        };
        let reason = tokio::select! {
            reason = pulse.run() => reason,
            () = replaced(&mut changes, &entry.account, lease.id) => continue,
        };
        // A lease that a registration found to have ended is replaced already.
        if !matches!(reason, LossReason::Expired) || entry.account.replace_lease(lease.id) {
            return reason;
        }
    }
}

/// Returns once another lease than `id` is to be kept, or none.
async fn replaced(changes: &mut watch::Receiver<()>, account: &Account, id: i64) {
    loop {
        changed(changes).await;
        let present = account.granted_lease();
        if present.is_none_or(|present| present.id != id) {
            return;
        }
    }
}

/// Waits for a change of the account, which the caller keeps open.
async fn changed(changes: &mut watch::Receiver<()>) {
    if changes.changed().await.is_err() {
        pending::<()>().await;
    }
}

impl Pulse<'_> {
    async fn run(mut self) -> LossReason {
        // At most as long as the time between two beats.
        let mut backoff = Backoff::up_to(self.pause());
        loop {
            let (opened, error) = match self.beat().await {
                (_, BeatsEnd::Expired) => return LossReason::Expired,
                (opened, BeatsEnd::Broken(error)) => (opened, error),
            };
            let attempt = &self.entry.attempt;
            tracing::debug!(attempt, error = %error.chain(), "stream to be opened again");
            let pause = match opened {
                Some(opened) => backoff.after_loss(opened.elapsed()),
                None => backoff.after_failure(),
            };
            let next = Instant::now() + pause;
            if next >= self.deadline() {
                return LossReason::Unreachable(error.into());
            }
            sleep_until(next).await;
        }
    }

    /// The deadline for etcd's next answer that the lease lives: before it may have ended.
    fn deadline(&self) -> Instant {
        self.confirmed + self.lease.ttl * 2 / 3
    }

    /// The time between two beats.
    fn pause(&self) -> Duration {
        (self.lease.ttl / 3).max(Duration::from_millis(100))
    }

    /// Beats on one stream until it ends. Returns its end, and when it was opened.
    ///
    /// The first beat opens the stream, because the server answers it before the call returns. Then
    /// one beat is sent for each third of the lease's length, and each answer moves the deadline. An
    /// answer without a length says that the lease has ended; every other end of the stream gives
    /// up its connection, so that the next stream is opened elsewhere.
    async fn beat(&mut self) -> (Option<Instant>, BeatsEnd) {
        let mut stream = match timeout_at(self.deadline(), self.open()).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return (None, BeatsEnd::Broken(error)),
            Err(_elapsed) => {
                let Entry { attempt, .. } = self.entry;
                let error = self
                    .entry
                    .leases()
                    .cluster()
                    .unreachable(attempt, self.silence());
                return (None, BeatsEnd::Broken(error));
            }
        };
        let leases = self.entry.leases();
        let opened = Instant::now();
        let mut beat = interval(self.pause());
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        beat.reset();
        let end = loop {
            tokio::select! {
                _ = beat.tick() => {
                    // A full queue means that etcd reads nothing; then the deadline comes.
                    let _ = stream.requests.try_send(self.request());
                }
                answer = stream.answers.message() => match answer {
                    Ok(Some(answer)) if answer.ttl > 0 => self.confirmed = Instant::now(),
                    Ok(Some(_)) => break BeatsEnd::Expired,
                    Ok(None) => break self.broken(stream.via, "the stream was ended"),
                    Err(status) => {
                        if is_stale_token(&status) {
                            leases.renew_token().await;
                        }
                        break self.broken(stream.via, cause(&status));
                    }
                },
                () = sleep_until(self.deadline()) => {
                    break self.broken(stream.via, self.silence());
                }
            }
        };
        (Some(opened), end)
    }

    async fn open(&self) -> Result<Beats, Error> {
        let first = self.request();
        let ((requests, answers), via) = self
            .entry
            .leases()
            .open(&self.entry.attempt, |service| async move {
                let (beats, requests) = mpsc::channel(4);
                // The server answers the first request before it opens the stream.
                let _ = beats.try_send(first);
                let requests = ReceiverStream::new(requests);
                let answers = LeaseClient::new(service).lease_keep_alive(requests).await?;
                Ok((beats, answers.into_inner()))
            })
            .await?;
        Ok(Beats {
            requests,
            answers,
            via,
        })
    }

    fn request(&self) -> LeaseKeepAliveRequest {
        LeaseKeepAliveRequest { id: self.lease.id }
    }

    fn broken(&self, via: Via, why: impl Into<String>) -> BeatsEnd {
        let Entry { attempt, .. } = self.entry;
        let cluster = self.entry.leases().cluster();
        BeatsEnd::Broken(cluster.broken(via, attempt, why))
    }

    fn silence(&self) -> String {
        format!("no answer for {:.1?}", self.confirmed.elapsed())
    }
}
