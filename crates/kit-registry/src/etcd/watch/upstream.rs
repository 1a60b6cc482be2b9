//! The task that follows one service.

use std::sync::Arc;
use std::time::Duration;

use kit_sync::{Published, Repeated};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;

use crate::backoff::Backoff;
use crate::etcd::client::{MAX_MESSAGE, Via, requiring_leader};
use crate::etcd::failure::{Answer, cause};
use crate::etcd::key::range_end;
use crate::etcd::list::{Found, Listing};
use crate::etcd::proto::etcdserverpb::watch_client::WatchClient;
use crate::etcd::proto::etcdserverpb::watch_request::RequestUnion;
use crate::etcd::proto::etcdserverpb::{
    WatchCreateRequest, WatchProgressRequest, WatchRequest, WatchResponse,
};
use crate::etcd::proto::mvccpb::Event;
use crate::etcd::proto::mvccpb::event::EventType;
use crate::{Error, ServiceName, Snapshot};

/// After so much silence etcd is asked how far it is: that shows that the stream lives, and moves
/// the revision to resume from ahead of the next compaction.
const ASK_AFTER: Duration = Duration::from_secs(30);
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

pub(super) struct Upstream {
    listing: Arc<Listing>,
    service: ServiceName,
    attempt: String,
    found: Found,
    /// The events of a response that etcd has sent only a part of.
    fragments: Vec<Event>,
    published: Arc<Published<Snapshot>>,
    /// When the present stream was opened.
    opened: Option<Instant>,
    failures: Repeated,
}

/// Why a stream ended.
enum End {
    Broken(Error),
    /// What happened since our revision is no longer told.
    Relist,
}

impl Upstream {
    pub(super) fn new(
        listing: Arc<Listing>,
        service: ServiceName,
        found: Found,
        published: Arc<Published<Snapshot>>,
    ) -> Upstream {
        Upstream {
            listing,
            attempt: format!("watch {service}"),
            service,
            found,
            fragments: Vec::new(),
            published,
            opened: None,
            failures: Repeated::new(),
        }
    }

    pub(super) async fn run(mut self) {
        let mut backoff = Backoff::new();
        loop {
            self.opened = None;
            match self.follow().await {
                End::Relist => match self.listing.list(&self.service).await {
                    Ok(found) => {
                        self.found = found;
                        self.publish();
                        continue;
                    }
                    Err(error) => self.stale(&error),
                },
                End::Broken(error) => self.stale(&error),
            }
            let pause = match self.opened {
                Some(opened) => backoff.after_loss(opened.elapsed()),
                None => backoff.after_failure(),
            };
            sleep(pause).await;
        }
    }

    /// Opens a stream after the last revision seen and applies what it tells, until it ends.
    async fn follow(&mut self) -> End {
        self.fragments.clear();
        let ((requests, mut stream), via) = match self.open().await {
            Ok(opened) => opened,
            Err(error) => return End::Broken(error),
        };
        let mut heard = Instant::now();
        self.opened = Some(heard);
        let mut asked = false;
        loop {
            let patience = if asked { ANSWER_LIMIT } else { ASK_AFTER };
            tokio::select! {
                message = stream.message() => match message {
                    Ok(Some(message)) => {
                        heard = Instant::now();
                        asked = false;
                        if let Some(end) = self.apply(message).await {
                            return end;
                        }
                    }
                    Ok(None) => return self.broken(via, "the stream was ended".to_owned()),
                    Err(status) => return self.broken(via, cause(&status)),
                },
                () = sleep_until(heard + patience) => {
                    let progress = RequestUnion::ProgressRequest(WatchProgressRequest {});
                    if asked || requests.try_send(request(progress)).is_err() {
                        return self.broken(via, format!("silent for {ASK_AFTER:?}"));
                    }
                    asked = true;
                    heard = Instant::now();
                }
            }
        }
    }

    async fn open(
        &self,
    ) -> Result<((mpsc::Sender<WatchRequest>, Streaming<WatchResponse>), Via), Error> {
        let prefix = self.listing.keys.prefix(&self.service);
        let create = request(RequestUnion::CreateRequest(WatchCreateRequest {
            range_end: range_end(&prefix),
            key: prefix.into_bytes(),
            start_revision: self.found.revision + 1,
            progress_notify: true,
            fragment: true,
        }));
        self.listing
            .client
            .open(&self.attempt, |service| {
                let create = create.clone();
                async move {
                    let (sender, requests) = mpsc::channel(2);
                    // The server answers the first request before it opens the stream.
                    let _ = sender.try_send(create);
                    let requests = requiring_leader(ReceiverStream::new(requests));
                    let mut client =
                        WatchClient::new(service).max_decoding_message_size(MAX_MESSAGE);
                    Ok((sender, client.watch(requests).await?.into_inner()))
                }
            })
            .await
    }

    async fn apply(&mut self, message: WatchResponse) -> Option<End> {
        if message.compact_revision > 0 {
            return Some(End::Relist);
        }
        if message.canceled {
            // It may be the token, of which streams are told this way; the next call gets a new one.
            self.listing.client.renew_token().await;
            let registry = self.listing.client.description();
            let why = Answer(message.cancel_reason);
            return Some(End::Broken(Error::refused(&self.attempt, registry, why)));
        }
        if message.created {
            // Its header tells the store's revision and not ours. Behind ours it is another store,
            // wiped or restored, which would say nothing until it has caught up: list again.
            let now = message.header.map_or(0, |header| header.revision);
            if now < self.found.revision {
                return Some(End::Relist);
            }
            // What we missed comes next.
            if !self.published.load().is_fresh() {
                self.publish();
            }
            return None;
        }
        self.fragments.extend(message.events);
        if message.fragment {
            return None;
        }
        if self.fragments.is_empty() {
            // Progress: everything up to there was told.
            let told = message.header.map_or(0, |header| header.revision);
            self.found.revision = self.found.revision.max(told);
            return None;
        }
        for event in std::mem::take(&mut self.fragments) {
            let deleted = event.r#type() == EventType::Delete;
            let kv = event.kv.unwrap_or_default();
            self.found.revision = self.found.revision.max(kv.mod_revision);
            if deleted {
                self.found.delete(&kv.key);
            } else {
                self.found.put(&self.service, kv);
            }
        }
        self.publish();
        None
    }

    fn publish(&mut self) {
        if let Some(told) = self.failures.ended() {
            let after = told.since.elapsed();
            tracing::info!(service = %self.service, ?after, "instances are up to date again{told}");
        }
        self.published.store(self.found.snapshot());
    }

    fn stale(&mut self, error: &Error) {
        let why = error.chain().to_string();
        match self.failures.failed(&why) {
            Some(told) => {
                tracing::warn!(service = %self.service, why, "instances may be stale{told}");
            }
            None => tracing::debug!(service = %self.service, why, "instances may be stale"),
        }
        self.published.store(self.published.load().stale(why));
    }

    fn broken(&self, via: Via, why: String) -> End {
        let client = &self.listing.client;
        client.avoid(via);
        let error = Error::unreachable(&self.attempt, client.description(), Answer(why));
        End::Broken(error)
    }
}

fn request(union: RequestUnion) -> WatchRequest {
    WatchRequest {
        request_union: Some(union),
    }
}
