//! Keeping a lease alive, whatever else happens to the key that it carries.

use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until, timeout_at};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;

use super::client::Via;
use super::failure::{Answer, cause, is_stale_token};
use super::lease::{Lease, Registrations};
use super::proto::etcdserverpb::lease_client::LeaseClient;
use super::proto::etcdserverpb::{LeaseKeepAliveRequest, LeaseKeepAliveResponse};
use crate::backoff::Backoff;
use crate::{Error, LossReason, ServiceInstance};

/// One lease being kept alive.
struct Pulse<'a> {
    registrations: &'a Registrations,
    attempt: &'a str,
    lease: Lease,
    /// When etcd last said that the lease lives.
    confirmed: Instant,
}

/// A stream of beats and answers, and by which connection it came.
struct Stream {
    beats: mpsc::Sender<LeaseKeepAliveRequest>,
    answers: Streaming<LeaseKeepAliveResponse>,
    via: Via,
}

/// Why a stream ended.
enum End {
    Expired,
    Broken(Error),
}

impl Registrations {
    /// Keeps the present lease of the key, and each later one, from its grant on. Returns when one
    /// ended without being replaced, or was not confirmed for so long that it may have ended.
    pub(super) async fn keep_alive(&self, instance: &ServiceInstance) -> LossReason {
        let key = self.keys.of(instance);
        let attempt = format!("keep {instance} registered");
        let mut changes = self.ledger.changes();
        loop {
            changes.mark_unchanged();
            let Some(lease) = self.ledger.granted_lease(&key) else {
                changed(&mut changes).await;
                continue;
            };
            let pulse = Pulse {
                registrations: self,
                attempt: &attempt,
                lease,
                confirmed: Instant::now(),
            };
            let reason = tokio::select! {
                reason = pulse.run() => reason,
                () = self.replaced(&mut changes, &key, lease.id) => continue,
            };
            // Already replaced when a registration has noticed it first.
            if !matches!(reason, LossReason::Expired) || self.ledger.lease_gone(&key, lease.id) {
                return reason;
            }
        }
    }

    /// Returns once another lease than `id` is to be kept, or none.
    async fn replaced(&self, changes: &mut watch::Receiver<()>, key: &str, id: i64) {
        loop {
            changed(changes).await;
            let present = self.ledger.granted_lease(key);
            if present.is_none_or(|present| present.id != id) {
                return;
            }
        }
    }
}

/// The ledger has changed. Its end ends the caller as well.
async fn changed(changes: &mut watch::Receiver<()>) {
    if changes.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
}

impl Pulse<'_> {
    async fn run(mut self) -> LossReason {
        // As often as beats are due anyway.
        let mut backoff = Backoff::up_to(self.pause());
        loop {
            let (opened, error) = match self.beat().await {
                (_, End::Expired) => return LossReason::Expired,
                (opened, End::Broken(error)) => (opened, error),
            };
            let attempt = self.attempt;
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

    /// By when etcd has to say that the lease lives: before it may have ended.
    fn deadline(&self) -> Instant {
        self.confirmed + self.lease.ttl * 2 / 3
    }

    /// Between two beats.
    fn pause(&self) -> Duration {
        (self.lease.ttl / 3).max(Duration::from_millis(100))
    }

    /// Beats on one stream until it ends; with when it was opened.
    async fn beat(&mut self) -> (Option<Instant>, End) {
        let mut stream = match timeout_at(self.deadline(), self.open()).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return (None, End::Broken(error)),
            Err(_elapsed) => return (None, End::Broken(self.silent())),
        };
        let opened = Instant::now();
        let mut beat = interval(self.pause());
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first was sent with the opening of the stream.
        beat.reset();
        let end = loop {
            tokio::select! {
                _ = beat.tick() => {
                    // A full queue means that etcd reads nothing: the deadline will tell.
                    let _ = stream.beats.try_send(self.request());
                }
                answer = stream.answers.message() => match answer {
                    Ok(Some(answer)) if answer.ttl > 0 => self.confirmed = Instant::now(),
                    Ok(Some(_)) => break End::Expired,
                    Ok(None) => break self.broken(stream.via, "the stream was ended"),
                    Err(status) => {
                        if is_stale_token(&status) {
                            self.registrations.leases.renew_token().await;
                        }
                        break self.broken(stream.via, cause(&status));
                    }
                },
                () = sleep_until(self.deadline()) => {
                    self.registrations.leases.avoid(stream.via);
                    break End::Broken(self.silent());
                }
            }
        };
        (Some(opened), end)
    }

    async fn open(&self) -> Result<Stream, Error> {
        let first = self.request();
        let leases = &self.registrations.leases;
        let ((beats, answers), via) = leases
            .open(self.attempt, |service| async move {
                let (beats, requests) = mpsc::channel(4);
                // The server answers the first request before it opens the stream.
                let _ = beats.try_send(first);
                let requests = ReceiverStream::new(requests);
                let answers = LeaseClient::new(service).lease_keep_alive(requests).await?;
                Ok((beats, answers.into_inner()))
            })
            .await?;
        Ok(Stream {
            beats,
            answers,
            via,
        })
    }

    fn request(&self) -> LeaseKeepAliveRequest {
        LeaseKeepAliveRequest { id: self.lease.id }
    }

    fn broken(&self, via: Via, why: impl Into<String>) -> End {
        let leases = &self.registrations.leases;
        leases.avoid(via);
        let why = Answer(why.into());
        End::Broken(Error::unreachable(self.attempt, leases.description(), why))
    }

    fn silent(&self) -> Error {
        let registry = self.registrations.leases.description();
        let why = format!("no answer for {:.1?}", self.confirmed.elapsed());
        Error::unreachable(self.attempt, registry, Answer(why))
    }
}
