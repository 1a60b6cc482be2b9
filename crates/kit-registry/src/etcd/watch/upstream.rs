//! The task that follows one service.

use std::mem;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use crate::backoff::Backoff;
use crate::etcd::cluster::Via;
use crate::etcd::failure::cause;
use crate::etcd::key::range_end;
use crate::etcd::list::{Found, Listing};
use crate::etcd::proto::etcdserverpb::{WatchCreateRequest, WatchResponse};
use crate::etcd::proto::mvccpb::Event;
use crate::etcd::proto::mvccpb::event::EventType;
use crate::etcd::watch_stream::WatchStream;
use crate::{Error, Feed, ServiceName, Snapshot};

/// After this much silence etcd is asked for its progress: the answer shows that the stream lives.
const ASK_AFTER: Duration = Duration::from_secs(10);
/// The same, where there was no answer last time although etcd was there.
const ASK_SELDOM: Duration = Duration::from_secs(60);
/// The limit of the answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);

pub(super) struct Upstream {
    listing: Arc<Listing>,
    service: ServiceName,
    attempt: String,
    found: Found,
    /// The events of a response of which etcd has sent only a part.
    fragments: Vec<Event>,
    feed: Feed,
    /// When the present stream was opened.
    opened: Option<Instant>,
    ask_after: Duration,
}

/// Why a stream ended.
enum FollowEnd {
    Broken(Error),
    /// Some changes since our revision may not be sent any more.
    Relist,
}

impl Upstream {
    pub(super) fn new(
        listing: Arc<Listing>,
        service: ServiceName,
        found: Found,
        feed: Feed,
    ) -> Upstream {
        Upstream {
            listing,
            attempt: format!("watch {service}"),
            service,
            found,
            fragments: Vec::new(),
            feed,
            opened: None,
            ask_after: ASK_AFTER,
        }
    }

    /// Follows one stream after the other. Each begins at a new list, also when the last one only broke: what answers
    /// now may be another store at the same address, wiped or restored, whose revisions have passed ours meanwhile. It
    /// would send later changes alone.
    pub(super) async fn run(mut self) {
        let mut backoff = Backoff::new();
        loop {
            self.opened = None;
            let mut end = self.follow().await;
            loop {
                if let FollowEnd::Broken(error) = &end {
                    self.ask_after = ASK_AFTER;
                    self.feed.mark_stale(error);
                    let pause = match self.opened.take() {
                        Some(opened) => backoff.after_loss(opened.elapsed()),
                        None => backoff.after_failure(),
                    };
                    sleep(pause).await;
                }
                match self.listing.list(&self.service).await {
                    Ok(found) => break self.found = found,
                    Err(error) => end = FollowEnd::Broken(error),
                }
            }
        }
    }

    /// Opens a stream after the last revision seen and applies its events, until it ends.
    ///
    /// A stream that is silent for a while is asked for its progress. One that does not answer is given up, and the list
    /// says whether etcd is there: a broken connection may never say so, and the proxies of etcd answer no such question.
    /// They would cut a connection with pings, too.
    async fn follow(&mut self) -> FollowEnd {
        self.fragments.clear();
        let mut stream = match self.open().await {
            Ok(stream) => stream,
            Err(error) => return FollowEnd::Broken(error),
        };
        let mut last = Instant::now();
        self.opened = Some(last);
        let mut is_asked = false;
        loop {
            let limit = if is_asked {
                ANSWER_LIMIT
            } else {
                self.ask_after
            };
            tokio::select! {
                message = stream.responses.message() => match message {
                    Ok(Some(message)) => {
                        last = Instant::now();
                        if mem::take(&mut is_asked) {
                            self.ask_after = ASK_AFTER;
                        }
                        if let Some(end) = self.apply(message).await {
                            return end;
                        }
                    }
                    Ok(None) => return self.broken(stream.via, "the stream was ended".to_owned()),
                    Err(status) => return self.broken(stream.via, cause(&status)),
                },
                () = sleep_until(last + limit) => {
                    if is_asked || !stream.ask_progress() {
                        self.ask_after = ASK_SELDOM;
                        return FollowEnd::Relist;
                    }
                    is_asked = true;
                    last = Instant::now();
                }
            }
        }
    }

    async fn open(&self) -> Result<WatchStream, Error> {
        let prefix = self.listing.keys.prefix(&self.service);
        let create = WatchCreateRequest {
            range_end: range_end(&prefix),
            key: prefix.into_bytes(),
            start_revision: self.found.revision + 1,
            fragment: true,
        };
        WatchStream::open(&self.listing.client, &self.attempt, create).await
    }

    async fn apply(&mut self, message: WatchResponse) -> Option<FollowEnd> {
        if message.compact_revision > 0 {
            return Some(FollowEnd::Relist);
        }
        if message.canceled {
            // The token may be stale, which a stream says in this way: the next call gets a new one.
            self.listing.client.renew_token().await;
            let client = self.listing.client.cluster();
            let error = client.refused(&self.attempt, message.cancel_reason);
            return Some(FollowEnd::Broken(error));
        }
        if message.created {
            let shown = self.feed.last();
            if !shown.is_fresh() || shown.instances != self.found.snapshot().instances {
                self.publish();
            }
            return None;
        }
        self.fragments.extend(message.events);
        // A message without events is an answer to a request for progress.
        if message.fragment || self.fragments.is_empty() {
            return None;
        }
        for event in mem::take(&mut self.fragments) {
            let is_deleted = event.r#type() == EventType::Delete;
            let kv = event.kv.unwrap_or_default();
            self.found.revision = self.found.revision.max(kv.mod_revision);
            if is_deleted {
                self.found.delete(&kv.key);
            } else {
                self.found.put(&self.service, kv);
            }
        }
        self.publish();
        None
    }

    /// Shows what was found, under a revision that grows whatever that of the store does, as after a wipe.
    fn publish(&mut self) {
        let found = self.found.snapshot();
        self.feed.publish(Snapshot {
            revision: found.revision.max(self.feed.last().revision + 1),
            ..found
        });
    }

    fn broken(&self, via: Via, why: String) -> FollowEnd {
        let cluster = self.listing.client.cluster();
        FollowEnd::Broken(cluster.broken(via, &self.attempt, why))
    }
}
