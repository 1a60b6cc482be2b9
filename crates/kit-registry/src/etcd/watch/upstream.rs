//! The task that follows one service.

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
use crate::{Error, Feed, ServiceName};

/// After this much silence etcd is asked for its progress: the answer shows that the stream lives.
const ASK_AFTER: Duration = Duration::from_secs(30);
/// The limit of the answer to that.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

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
}

/// Why a stream ended.
enum FollowEnd {
    Broken(Error),
    /// Some changes since our revision will not be sent any more.
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
        }
    }

    pub(super) async fn run(mut self) {
        let mut backoff = Backoff::new();
        loop {
            self.opened = None;
            match self.follow().await {
                FollowEnd::Relist => match self.listing.list(&self.service).await {
                    Ok(found) => {
                        self.found = found;
                        self.publish();
                        continue;
                    }
                    Err(error) => self.feed.mark_stale(&error),
                },
                FollowEnd::Broken(error) => self.feed.mark_stale(&error),
            }
            let pause = match self.opened {
                Some(opened) => backoff.after_loss(opened.elapsed()),
                None => backoff.after_failure(),
            };
            sleep(pause).await;
        }
    }

    /// Opens a stream after the last revision seen and applies its events, until it ends.
    ///
    /// A stream that is silent for [`ASK_AFTER`] is asked for its progress, which every live stream
    /// answers; one that does not is given up, because a broken connection may never say so.
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
            let limit = if is_asked { ANSWER_LIMIT } else { ASK_AFTER };
            tokio::select! {
                message = stream.responses.message() => match message {
                    Ok(Some(message)) => {
                        last = Instant::now();
                        is_asked = false;
                        if let Some(end) = self.apply(message).await {
                            return end;
                        }
                    }
                    Ok(None) => return self.broken(stream.via, "the stream was ended".to_owned()),
                    Err(status) => return self.broken(stream.via, cause(&status)),
                },
                () = sleep_until(last + limit) => {
                    if is_asked || !stream.ask_progress() {
                        return self.broken(stream.via, format!("silent for {ASK_AFTER:?}"));
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
            progress_notify: true,
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
            // The header has the store's revision. One behind ours is that of another store, wiped or
            // restored, which would send nothing until it has caught up: list again.
            let now = message.header.map_or(0, |header| header.revision);
            if now < self.found.revision {
                return Some(FollowEnd::Relist);
            }
            // The changes that were missed come next.
            if !self.feed.last().is_fresh() {
                self.publish();
            }
            return None;
        }
        let progress = progress(&message);
        self.fragments.extend(message.events);
        if message.fragment {
            return None;
        }
        if self.fragments.is_empty() {
            let revision = progress.unwrap_or(0);
            self.found.revision = self.found.revision.max(revision);
            return None;
        }
        for event in std::mem::take(&mut self.fragments) {
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

    fn publish(&mut self) {
        self.feed.publish(self.found.snapshot());
    }

    fn broken(&self, via: Via, why: String) -> FollowEnd {
        let cluster = self.listing.client.cluster();
        FollowEnd::Broken(cluster.broken(via, &self.attempt, why))
    }
}

/// The revision up to which everything was sent, of a message without events.
///
/// etcd sends one by itself from time to time, which moves the revision to resume from ahead of compactions. The answer
/// to a request for it is none of these: before 3.4.25 and 3.5.8 it may overtake events that it stands behind, and they
/// would be left out when the stream breaks then.
fn progress(message: &WatchResponse) -> Option<i64> {
    let revision = message.header.as_ref()?.revision;
    (message.watch_id >= 0).then_some(revision)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::etcd::proto::etcdserverpb::ResponseHeader;

    #[test]
    fn an_answer_to_a_request_for_progress_is_no_progress() {
        let message = |watch_id| WatchResponse {
            header: Some(ResponseHeader { revision: 9 }),
            watch_id,
            ..WatchResponse::default()
        };
        assert_eq!(progress(&message(0)), Some(9));
        assert_eq!(progress(&message(-1)), None);
    }
}
