//! Watching over a registration: keep-alives, and a watch on the key so that a foreign delete or a
//! takeover is noticed at once.

use std::{ops::ControlFlow, time::Duration};

use tokio::{
    sync::mpsc,
    time::{Instant, MissedTickBehavior, interval, sleep_until, timeout_at},
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;

use super::{
    LeaseId,
    client::{MAX_MESSAGE, Via, requiring_leader},
    failure::{Answer, cause},
    lease::{Registrations, Shown},
    proto::{
        etcdserverpb::{
            LeaseKeepAliveRequest, LeaseKeepAliveResponse, WatchCreateRequest, WatchRequest,
            WatchResponse, lease_client::LeaseClient, watch_client::WatchClient,
            watch_request::RequestUnion,
        },
        mvccpb::{Event, event::EventType},
    },
};
use crate::{Error, LossReason, ServiceInstance, backoff::Backoff};

/// One registration being watched over.
struct Hold<'a> {
    registrations: &'a Registrations,
    attempt: String,
    key: String,
    shown: Shown,
    /// The first revision that was not seen yet.
    from: i64,
    /// When etcd last said that the lease lives.
    confirmed: Instant,
}

/// The two streams, and by which connections they came.
struct Streams {
    beats: mpsc::Sender<LeaseKeepAliveRequest>,
    alive: Streaming<LeaseKeepAliveResponse>,
    alive_via: Via,
    /// Kept open: dropping it would end the watch.
    _watch_requests: mpsc::Sender<WatchRequest>,
    watch: Streaming<WatchResponse>,
    watch_via: Via,
}

/// Why a pair of streams ended.
enum End {
    Lost(LossReason),
    Broken(Error),
}

impl Registrations {
    pub(super) async fn hold(&self, instance: &ServiceInstance) -> LossReason {
        let key = self.keys.of(instance);
        let Some(shown) = self.ledger.last_shown(&key) else {
            return LossReason::Missing;
        };
        Hold {
            registrations: self,
            attempt: format!("keep {instance} registered"),
            key,
            from: shown.revision + 1,
            shown,
            confirmed: Instant::now(),
        }
        .run()
        .await
    }
}

impl Hold<'_> {
    async fn run(mut self) -> LossReason {
        let mut backoff = Backoff::new();
        loop {
            let opened = Instant::now();
            let error = match self.watch_over().await {
                End::Lost(reason) => return reason,
                End::Broken(error) => error,
            };
            tracing::debug!(key = self.key, error = %error.chain(), "streams to be opened again");
            backoff.succeeded(opened.elapsed());
            let next = Instant::now() + backoff.next();
            if next >= self.deadline() {
                return LossReason::Unreachable(error.into());
            }
            sleep_until(next).await;
        }
    }

    /// Until when etcd has to say that the lease lives: before it may have ended.
    fn deadline(&self) -> Instant {
        self.confirmed + self.shown.ttl * 2 / 3
    }

    async fn watch_over(&mut self) -> End {
        let opened = match timeout_at(self.deadline(), self.open()).await {
            Ok(opened) => opened,
            Err(_elapsed) => return End::Broken(self.silent()),
        };
        let mut streams = match opened {
            Ok(streams) => streams,
            Err(error) => return End::Broken(error),
        };
        let mut beat = interval((self.shown.ttl / 3).max(Duration::from_millis(100)));
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first was sent with the opening of the stream.
        beat.reset();
        loop {
            tokio::select! {
                _ = beat.tick() => {
                    // A full queue means that etcd reads nothing: the deadline will tell.
                    let _ = streams.beats.try_send(self.beat());
                }
                answer = streams.alive.message() => match answer {
                    Ok(Some(answer)) if answer.ttl > 0 => self.confirmed = Instant::now(),
                    Ok(Some(_)) => return End::Lost(LossReason::Expired),
                    Ok(None) => return self.broken(streams.alive_via, "the stream was ended"),
                    Err(status) => return self.broken(streams.alive_via, cause(&status)),
                },
                message = streams.watch.message() => match message {
                    Ok(Some(message)) => {
                        if let ControlFlow::Break(end) = self.seen(message).await {
                            return end;
                        }
                    }
                    Ok(None) => return self.broken(streams.watch_via, "the stream was ended"),
                    Err(status) => return self.broken(streams.watch_via, cause(&status)),
                },
                () = sleep_until(self.deadline()) => {
                    self.registrations.leases.avoid(streams.alive_via);
                    return End::Broken(self.silent());
                }
            }
        }
    }

    async fn open(&self) -> Result<Streams, Error> {
        let leases = &self.registrations.leases;
        let lease = self.beat();
        let ((beats, alive), alive_via) = leases
            .open(&self.attempt, |service| async move {
                let (beats, requests) = mpsc::channel(4);
                // The server answers the first request before it opens the stream.
                let _ = beats.try_send(lease);
                let requests = ReceiverStream::new(requests);
                let alive = LeaseClient::new(service).lease_keep_alive(requests).await?;
                Ok((beats, alive.into_inner()))
            })
            .await?;
        let create = WatchRequest {
            request_union: Some(RequestUnion::CreateRequest(WatchCreateRequest {
                key: self.key.as_bytes().to_vec(),
                start_revision: self.from,
                ..WatchCreateRequest::default()
            })),
        };
        let ((watch_requests, watch), watch_via) = leases
            .open(&self.attempt, |service| {
                let create = create.clone();
                async move {
                    let (sender, requests) = mpsc::channel(1);
                    let _ = sender.try_send(create);
                    let requests = requiring_leader(ReceiverStream::new(requests));
                    let mut client =
                        WatchClient::new(service).max_decoding_message_size(MAX_MESSAGE);
                    Ok((sender, client.watch(requests).await?.into_inner()))
                }
            })
            .await?;
        Ok(Streams {
            beats,
            alive,
            alive_via,
            _watch_requests: watch_requests,
            watch,
            watch_via,
        })
    }

    async fn seen(&mut self, message: WatchResponse) -> ControlFlow<End> {
        if message.compact_revision > 0 {
            // What happened to the key is no longer told: look, then watch from there.
            return ControlFlow::Break(match self.look().await {
                Ok(Some(reason)) => End::Lost(reason),
                Ok(None) => {
                    self.from = self.from.max(message.compact_revision);
                    End::Broken(self.refused("the revision was compacted".to_owned()))
                }
                Err(error) => End::Broken(error),
            });
        }
        if message.canceled {
            self.registrations.leases.renew_token().await;
            return ControlFlow::Break(End::Broken(self.refused(message.cancel_reason)));
        }
        for event in message.events {
            self.judge(event).map_break(End::Lost)?;
        }
        ControlFlow::Continue(())
    }

    fn judge(&mut self, event: Event) -> ControlFlow<LossReason> {
        let deleted = event.r#type() == EventType::Delete;
        let kv = event.kv.unwrap_or_default();
        self.from = self.from.max(kv.mod_revision + 1);
        if deleted {
            return ControlFlow::Break(LossReason::Missing);
        }
        self.judge_value(kv.lease, &kv.value)
    }

    fn judge_value(&self, lease: i64, value: &[u8]) -> ControlFlow<LossReason> {
        if lease == self.shown.lease && value == self.shown.value.as_bytes() {
            return ControlFlow::Continue(());
        }
        ControlFlow::Break(if lease == 0 || lease == self.shown.lease {
            LossReason::Changed
        } else {
            let by = LeaseId(lease).to_string();
            LossReason::TakenOver { by }
        })
    }

    async fn look(&self) -> Result<Option<LossReason>, Error> {
        let seen = self.registrations.look(&self.attempt, &self.key).await?;
        let Some(kv) = seen else {
            return Ok(Some(LossReason::Missing));
        };
        match self.judge_value(kv.lease, &kv.value) {
            ControlFlow::Break(reason) => Ok(Some(reason)),
            ControlFlow::Continue(()) => Ok(None),
        }
    }

    fn beat(&self) -> LeaseKeepAliveRequest {
        LeaseKeepAliveRequest {
            id: self.shown.lease,
        }
    }

    fn broken(&self, via: Via, why: impl Into<String>) -> End {
        self.registrations.leases.avoid(via);
        let registry = self.registrations.leases.description();
        End::Broken(Error::unreachable(
            &self.attempt,
            registry,
            Answer(why.into()),
        ))
    }

    fn refused(&self, why: String) -> Error {
        let registry = self.registrations.leases.description();
        Error::refused(&self.attempt, registry, Answer(why))
    }

    fn silent(&self) -> Error {
        let registry = self.registrations.leases.description();
        let why = format!("no answer for {:.1?}", self.confirmed.elapsed());
        Error::unreachable(&self.attempt, registry, Answer(why))
    }
}
