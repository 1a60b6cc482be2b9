//! Lists and watches. One task for each service that is watched looks at the directory, for all watches.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use async_trait::async_trait;
use kit_sync::{Cause, Published, Scope, StopToken};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::directory::Directory;
use super::notices::{Notices, SharedNotices};
use super::scan::{LivingEntries, Sightings};
use crate::{Discovery, Error, Remarks, ServiceName, Snapshot, Watch};

/// The time between two looks beside notices, in case one was lost.
const BESIDE_NOTICES: Duration = Duration::from_secs(5);
/// The time between two looks where the system gives no notices.
const WITHOUT_NOTICES: Duration = Duration::from_millis(500);

/// The reading side of a directory.
pub(super) struct LocalDiscovery {
    shared: Arc<ServiceReader>,
    upstreams: Mutex<HashMap<ServiceName, Weak<WatchedService>>>,
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

/// The list of a service, for as long as a watch of it is open.
struct WatchedService {
    published: Arc<Published<Snapshot>>,
    stop: StopToken,
}

impl Drop for WatchedService {
    fn drop(&mut self) {
        self.stop.cancel(Cause::Dropped);
    }
}

impl LocalDiscovery {
    pub(super) fn new(
        directory: Arc<Directory>,
        poll: Option<Duration>,
        remarks: Remarks,
        scope: Scope,
    ) -> LocalDiscovery {
        let shared = ServiceReader {
            sightings: Sightings::new(Arc::clone(&directory), remarks),
            notices: Notices::new(Arc::clone(&directory)),
            directory,
            poll,
            scope,
            revision: AtomicU64::new(0),
        };
        LocalDiscovery {
            shared: Arc::new(shared),
            upstreams: Mutex::default(),
        }
    }

    /// Whether another view's file is alive.
    pub(super) fn sightings(&self) -> &Sightings {
        &self.shared.sightings
    }

    /// The upstream that is there. Those of services that are not watched any more are forgotten.
    fn present(&self, service: &ServiceName) -> Option<Arc<WatchedService>> {
        let mut upstreams = kit_sync::lock(&self.upstreams);
        upstreams.retain(|_, upstream| upstream.strong_count() > 0);
        upstreams.get(service)?.upgrade()
    }

    /// Starts the task of a service, unless another watch has done so meanwhile.
    fn begin(&self, service: &ServiceName, first: Glance) -> Arc<WatchedService> {
        let mut upstreams = kit_sync::lock(&self.upstreams);
        if let Some(upstream) = upstreams.get(service).and_then(Weak::upgrade) {
            return upstream;
        }
        let published = Arc::new(Published::new(first.snapshot.clone()));
        let stop = StopToken::new();
        let upstream = Arc::new(WatchedService {
            published: Arc::clone(&published),
            stop: stop.clone(),
        });
        upstreams.insert(service.clone(), Arc::downgrade(&upstream));
        let (shared, service) = (Arc::clone(&self.shared), service.clone());
        let scope = &self.shared.scope;
        let closed = scope.token().clone();
        drop(scope.spawn(format!("watch {service}"), async move {
            tokio::select! {
                biased;
                () = stop.cancelled() => {}
                () = closed.cancelled() => {}
                () = shared.follow(&service, first, &published) => {}
            }
        }));
        upstream
    }
}

#[async_trait]
impl Discovery for LocalDiscovery {
    async fn instances(&self, service: &ServiceName) -> Result<Snapshot, Error> {
        let attempt = format!("list {service}");
        let look = self.shared.look(&attempt, service, false).await?;
        Ok(look.snapshot)
    }

    async fn watch(&self, service: &ServiceName) -> Result<Watch, Error> {
        let attempt = format!("watch {service}");
        let closed = self.shared.scope.token().clone();
        if closed.is_cancelled() {
            return Err(Error::closed(attempt));
        }
        let upstream = match self.present(service) {
            Some(upstream) => upstream,
            None => {
                let first = self.shared.look(&attempt, service, true).await?;
                self.begin(service, first)
            }
        };
        let watch = Watch::new(&upstream.published, closed);
        Ok(watch.guarded_by(upstream))
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
    async fn follow(
        self: &Arc<Self>,
        service: &ServiceName,
        mut last: Glance,
        published: &Published<Snapshot>,
    ) {
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
                    let shown = published.load();
                    if !shown.is_fresh() || shown.instances != look.snapshot.instances {
                        published.store(look.snapshot.clone());
                    }
                    last = look;
                }
                Err(error) => {
                    let why = error.chain().to_string();
                    tracing::debug!(%service, why, "list may be stale");
                    published.store(published.load().stale(why));
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
