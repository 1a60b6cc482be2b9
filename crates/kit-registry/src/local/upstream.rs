//! Lists and watches. One task for each service that is watched looks at the directory, for all watches.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use kit_sync::Scope;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::directory::Directory;
use super::notices::{Notices, SharedNotices};
use super::scan::{LivingEntries, Sightings};
use crate::{Discovery, Error, Feed, Remarks, ServiceName, SharedWatches, Snapshot, Watch};

/// The time between two looks beside notices, in case one was lost.
const BESIDE_NOTICES: Duration = Duration::from_secs(5);
/// The time between two looks where the system gives no notices.
const WITHOUT_NOTICES: Duration = Duration::from_millis(500);

/// The reading side of a directory.
pub(super) struct LocalDiscovery {
    reader: Arc<ServiceReader>,
    watches: SharedWatches,
}

/// What all watches of a view need.
struct ServiceReader {
    directory: Arc<Directory>,
    sightings: Sightings,
    notices: Notices,
    poll: Option<Duration>,
    scope: Scope,
    /// Counts the lists.
    revision: AtomicU64,
}

impl LocalDiscovery {
    pub(super) fn new(
        directory: Arc<Directory>,
        poll: Option<Duration>,
        remarks: Remarks,
        scope: Scope,
    ) -> LocalDiscovery {
        let reader = ServiceReader {
            sightings: Sightings::new(Arc::clone(&directory), remarks),
            notices: Notices::new(Arc::clone(&directory)),
            directory,
            poll,
            scope: scope.clone(),
            revision: AtomicU64::new(0),
        };
        LocalDiscovery {
            reader: Arc::new(reader),
            watches: SharedWatches::new(scope),
        }
    }

    /// Whether another view's file is alive.
    pub(super) fn sightings(&self) -> &Sightings {
        &self.reader.sightings
    }
}

#[async_trait]
impl Discovery for LocalDiscovery {
    async fn instances(&self, service: &ServiceName) -> Result<Snapshot, Error> {
        let attempt = format!("list {service}");
        let look = self.reader.look(&attempt, service, false).await?;
        Ok(look.snapshot)
    }

    async fn watch(&self, service: &ServiceName) -> Result<Watch, Error> {
        let attempt = format!("watch {service}");
        let first = async {
            let first = self.reader.look(&attempt, service, true).await?;
            Ok((first.snapshot.clone(), first))
        };
        let (reader, followed) = (Arc::clone(&self.reader), service.clone());
        let follow = |first, feed| async move { reader.follow(&followed, first, feed).await };
        self.watches.watch(service, first, follow).await
    }
}

/// One look at the directory.
struct Glance {
    snapshot: Snapshot,
    next_end: Option<Instant>,
    /// `None` without notices.
    notices: Option<OpenNotices>,
}

struct OpenNotices {
    changes: watch::Receiver<()>,
    _shared: Arc<SharedNotices>,
}

impl ServiceReader {
    /// Looks at the directory; notices, if they are wanted, are opened before.
    async fn look(
        self: &Arc<Self>,
        attempt: &str,
        service: &ServiceName,
        with_notices: bool,
    ) -> Result<Glance, Error> {
        let (shared, service) = (Arc::clone(self), service.clone());
        let with_notices = with_notices && self.poll.is_none();
        let looked = self.scope.spawn_blocking("look", move |_stop| {
            Ok(shared.look_now(&service, with_notices))
        });
        let looked = looked.await.map_err(|_ended| Error::closed(attempt))?;
        let (listing, notices) = looked.map_err(|error| self.directory.error(attempt, error))?;
        let revision = self.revision.fetch_add(1, Ordering::Relaxed) + 1;
        Ok(Glance {
            snapshot: Snapshot::fresh(listing.instances, revision),
            next_end: listing.next_end,
            notices,
        })
    }

    fn look_now(
        &self,
        service: &ServiceName,
        with_notices: bool,
    ) -> io::Result<(LivingEntries, Option<OpenNotices>)> {
        self.directory.ensure()?;
        let notices = match with_notices.then(|| self.notices.open()) {
            None => None,
            Some(Ok(shared)) => Some(OpenNotices {
                changes: shared.changes(),
                _shared: shared,
            }),
            Some(Err(error)) => {
                let registry = self.directory.description();
                tracing::debug!(registry, %error, "no notices of the system");
                None
            }
        };
        Ok((self.sightings.list(service)?, notices))
    }

    /// Looks again and again, and publishes what is different: after a notice, when an entry may have run
    /// out, and at regular times. The notices before are kept open until the new ones are, so those of
    /// one directory are opened once. A look that fails makes the list stale.
    async fn follow(self: &Arc<Self>, service: &ServiceName, mut last: Glance, mut feed: Feed) {
        let attempt = format!("watch {service}");
        loop {
            let regular = match (self.poll, &last.notices) {
                (Some(poll), _) => poll,
                (None, Some(_)) => BESIDE_NOTICES,
                (None, None) => WITHOUT_NOTICES,
            };
            let regular = Instant::now() + regular;
            let next = last.next_end.map_or(regular, |end| end.min(regular));
            tokio::select! {
                () = sleep_until(next) => {}
                () = changed(&mut last.notices) => {}
            }
            match self.look(&attempt, service, true).await {
                Ok(look) => {
                    let shown = feed.last();
                    if !shown.is_fresh() || shown.instances != look.snapshot.instances {
                        feed.publish(look.snapshot.clone());
                    }
                    last = look;
                }
                Err(error) => {
                    feed.mark_stale(&error);
                    last.next_end = None;
                    last.notices = None;
                }
            }
        }
    }
}

async fn changed(notices: &mut Option<OpenNotices>) {
    match notices {
        Some(notices) => {
            // The sender lives as long as these notices do.
            let _: Result<_, _> = notices.changes.changed().await;
        }
        None => std::future::pending().await,
    }
}
