//! Watching the key of a registration, so that a foreign delete or a takeover is noticed at once.

use std::ops::ControlFlow;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;

use super::LeaseId;
use super::client::{MAX_MESSAGE, Via, requiring_leader};
use super::failure::{Answer, cause};
use super::lease::{Look, Registrations, Shown};
use super::proto::etcdserverpb::watch_client::WatchClient;
use super::proto::etcdserverpb::watch_request::RequestUnion;
use super::proto::etcdserverpb::{WatchCreateRequest, WatchRequest, WatchResponse};
use super::proto::mvccpb::Event;
use super::proto::mvccpb::event::EventType;
use crate::backoff::Backoff;
use crate::{Error, LossReason, ServiceInstance};

/// How long after a refusal a permission to read is looked for again.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// One key being watched.
struct Hold<'a> {
    registrations: &'a Registrations,
    attempt: String,
    key: String,
    shown: Shown,
    /// The first revision that was not seen yet.
    from: i64,
    /// When there was a watch last.
    watched: Instant,
}

/// A watch, and by which connection it came.
struct Stream {
    /// Kept open: dropping it would end the watch.
    _requests: mpsc::Sender<WatchRequest>,
    events: Streaming<WatchResponse>,
    via: Via,
}

/// Why a watch ended.
enum End {
    Lost(LossReason),
    Broken(Error),
    /// Reading is not permitted.
    Blind,
}

impl Registrations {
    pub(super) async fn hold(&self, instance: &ServiceInstance) -> LossReason {
        let key = self.keys.of(instance);
        let Some(shown) = self.ledger.last_shown(&key) else {
            return LossReason::Missing;
        };
        Hold {
            registrations: self,
            attempt: format!("watch {instance}"),
            key,
            from: shown.revision + 1,
            shown,
            watched: Instant::now(),
        }
        .run()
        .await
    }
}

impl Hold<'_> {
    async fn run(mut self) -> LossReason {
        let mut backoff = Backoff::new();
        loop {
            let (opened, error) = match self.watch().await {
                (_, End::Lost(reason)) => return reason,
                (_, End::Blind) => {
                    sleep(LOOK_AGAIN).await;
                    self.watched = Instant::now();
                    continue;
                }
                (opened, End::Broken(error)) => (opened, error),
            };
            tracing::debug!(key = self.key, error = %error.chain(), "watch to be opened again");
            let pause = match opened {
                Some(opened) => {
                    self.watched = Instant::now();
                    backoff.after_loss(opened.elapsed())
                }
                None => backoff.after_failure(),
            };
            let next = Instant::now() + pause;
            if next >= self.watched + self.shown.ttl * 2 / 3 {
                return LossReason::Unreachable(error.into());
            }
            sleep_until(next).await;
        }
    }

    /// Follows the key on one stream until it ends; with when it was opened.
    async fn watch(&mut self) -> (Option<Instant>, End) {
        let mut stream = match self.open().await {
            Ok(stream) => stream,
            Err(error) => return (None, End::Broken(error)),
        };
        let opened = Instant::now();
        let end = loop {
            match stream.events.message().await {
                Ok(Some(message)) => {
                    if let ControlFlow::Break(end) = self.seen(message).await {
                        break end;
                    }
                }
                Ok(None) => break self.broken(stream.via, "the stream was ended"),
                Err(status) => break self.broken(stream.via, cause(&status)),
            }
        };
        (Some(opened), end)
    }

    async fn open(&self) -> Result<Stream, Error> {
        let create = WatchRequest {
            request_union: Some(RequestUnion::CreateRequest(WatchCreateRequest {
                key: self.key.as_bytes().to_vec(),
                start_revision: self.from,
                ..WatchCreateRequest::default()
            })),
        };
        let ((requests, events), via) = self
            .registrations
            .leases
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
        Ok(Stream {
            _requests: requests,
            events,
            via,
        })
    }

    async fn seen(&mut self, message: WatchResponse) -> ControlFlow<End> {
        if message.compact_revision > 0 {
            // What happened to the key is no longer told: look, then watch from there.
            let compacted = self.from.max(message.compact_revision);
            self.look().await?;
            self.from = compacted;
            let why = "the revision was compacted".to_owned();
            return ControlFlow::Break(End::Broken(self.refused(why)));
        }
        if message.canceled {
            // A watch says the same of a token that is out of date and of a missing permission. A
            // look gets a new token, and then tells which it was.
            self.registrations.leases.renew_token().await;
            self.look().await?;
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
        let ledger = &self.registrations.ledger;
        if ledger.is_own_put(&self.key, lease, value) {
            return ControlFlow::Continue(());
        }
        ControlFlow::Break(if lease == 0 || lease == self.shown.lease {
            LossReason::Changed
        } else {
            let by = LeaseId(lease).to_string();
            LossReason::TakenOver { by }
        })
    }

    /// Goes on when the key is as it should be.
    async fn look(&self) -> ControlFlow<End> {
        let look = self.registrations.look(&self.attempt, &self.key).await;
        ControlFlow::Break(match look {
            Ok(Look::Blind) => End::Blind,
            Ok(Look::Seen(None)) => End::Lost(LossReason::Missing),
            Ok(Look::Seen(Some(kv))) => {
                return self.judge_value(kv.lease, &kv.value).map_break(End::Lost);
            }
            Err(error) => End::Broken(error),
        })
    }

    fn broken(&self, via: Via, why: impl Into<String>) -> End {
        let leases = &self.registrations.leases;
        leases.avoid(via);
        let why = Answer(why.into());
        End::Broken(Error::unreachable(&self.attempt, leases.description(), why))
    }

    fn refused(&self, why: String) -> Error {
        let registry = self.registrations.leases.description();
        Error::refused(&self.attempt, registry, Answer(why))
    }
}
