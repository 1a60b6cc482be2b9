//! Asking the registry, and the list on disk in place of its answer.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kit_sync::{Repeated, Scope};
use tokio::time::{sleep, timeout};

use super::saver::{CONFIRM, Saver};
use super::store::ListFiles;
use crate::backoff::Backoff;
use crate::{Discovery, Error, Feed, ServiceName, Snapshot, Watch};

/// How long a registry is waited for when a list of it is on disk.
const PATIENCE: Duration = Duration::from_secs(2);

/// A registry and its lists on disk.
pub(super) struct Source {
    discovery: Arc<dyn Discovery>,
    store: Arc<ListFiles>,
    saver: Saver,
    scope: Scope,
    /// Of calls of `instances`; a watch has separate lines.
    failures: Mutex<Repeated>,
}

/// What a call of the registry has given so far.
enum Attempt<T, F> {
    Answered(T),
    /// A list from the disk, why it is needed, and the call if it goes on.
    Kept(Snapshot, Error, Option<F>),
}

/// A call of `watch`.
type Opening = Pin<Box<dyn Future<Output = Result<Watch, Error>> + Send>>;

/// The beginning of an upstream.
pub(super) enum Begun {
    Open(Watch),
    /// Its readers begin with a list from the disk.
    Kept(Error, Option<Opening>),
}

impl Source {
    pub(super) fn new(
        discovery: Arc<dyn Discovery>,
        store: Arc<ListFiles>,
        saver: Saver,
        scope: Scope,
    ) -> Source {
        Source {
            discovery,
            store,
            saver,
            scope,
            failures: Mutex::default(),
        }
    }

    /// The instances now, or as they are on disk.
    ///
    /// # Errors
    /// That of the registry, when no list is on disk.
    pub(super) async fn instances(&self, service: &ServiceName) -> Result<Snapshot, Error> {
        let attempt = format!("list {service}");
        self.refuse_when_closed(&attempt)?;
        let listing = self.discovery.instances(service);
        match self.attempt(attempt, service, listing).await? {
            Attempt::Answered(snapshot) => {
                self.save(service, &snapshot);
                if let Some(failures) = kit_sync::lock(&self.failures).ended() {
                    tracing::info!(%service, "instances are those of the registry again{failures}");
                }
                Ok(snapshot)
            }
            Attempt::Kept(kept, error, _dropped) => {
                self.log_failure(service, &error);
                Ok(kept)
            }
        }
    }

    /// A list from the disk does not stand for a scope that was cancelled.
    fn refuse_when_closed(&self, attempt: &str) -> Result<(), Error> {
        if self.scope.is_cancelled() {
            return Err(Error::closed(attempt));
        }
        Ok(())
    }

    /// Waits for a call of the registry. When it fails, or takes long, the list on disk takes its place, if
    /// there is one.
    ///
    /// # Errors
    /// That of the call, when there is no list; and when the registry was closed.
    async fn attempt<T, F>(
        &self,
        attempt: String,
        service: &ServiceName,
        mut call: F,
    ) -> Result<Attempt<T, F>, Error>
    where
        F: Future<Output = Result<T, Error>> + Unpin,
    {
        let (error, unanswered) = match timeout(PATIENCE, &mut call).await {
            Ok(Ok(answer)) => return Ok(Attempt::Answered(answer)),
            Ok(Err(error @ Error::Closed { .. })) => return Err(error),
            Ok(Err(error)) => (error, None),
            Err(_elapsed) => {
                let within = PATIENCE;
                (Error::NoAnswer { attempt, within }, Some(call))
            }
        };
        match (self.kept(service, &error).await, unanswered) {
            (Some(kept), call) => Ok(Attempt::Kept(kept, error, call)),
            (None, Some(call)) => call.await.map(Attempt::Answered),
            (None, None) => Err(error),
        }
    }

    /// The list on disk, because of an error.
    async fn kept(&self, service: &ServiceName, error: &Error) -> Option<Snapshot> {
        let (store, name) = (Arc::clone(&self.store), service.clone());
        let read = format!("read {service}");
        let loaded = self
            .scope
            .spawn_blocking(read, move |_stop| Ok(store.load(&name)));
        let kept = loaded.await.ok()??;
        let why = error.chain().to_string();
        Some(Snapshot::cached(kept.instances, kept.age, why))
    }

    fn log_failure(&self, service: &ServiceName, error: &Error) {
        let why = error.chain().to_string();
        match kit_sync::lock(&self.failures).failed(&why) {
            Some(failures) => {
                tracing::warn!(%service, why, "instances are those on disk{failures}");
            }
            None => tracing::debug!(%service, why, "instances are those on disk"),
        }
    }

    fn save(&self, service: &ServiceName, snapshot: &Snapshot) {
        if snapshot.is_fresh() {
            self.saver.save(service, &snapshot.instances);
        }
    }

    /// The first snapshot of an upstream.
    ///
    /// # Errors
    /// That of the registry, when no list is on disk.
    pub(super) async fn begin(&self, service: &ServiceName) -> Result<(Snapshot, Begun), Error> {
        let attempt = format!("watch {service}");
        self.refuse_when_closed(&attempt)?;
        let opening = self.opening(service);
        match self.attempt(attempt.clone(), service, opening).await? {
            Attempt::Kept(kept, error, opening) => Ok((kept, Begun::Kept(error, opening))),
            Attempt::Answered(mut watch) => {
                let first = watch.next().await;
                let first = first.map_err(|_closed| Error::closed(attempt))?;
                self.save(service, &first);
                Ok((Snapshot::clone(&first), Begun::Open(watch)))
            }
        }
    }

    /// Hands on what the registry's watch shows, and keeps what is fresh. Returns when that watch is closed.
    pub(super) async fn follow(&self, service: &ServiceName, begun: Begun, mut feed: Feed) {
        let mut watch = match begun {
            Begun::Open(watch) => watch,
            Begun::Kept(error, opening) => {
                feed.mark_stale(&error);
                let Ok(watch) = self.reopen(service, opening, &mut feed).await else {
                    return;
                };
                watch
            }
        };
        loop {
            tokio::select! {
                next = watch.next() => {
                    let Ok(next) = next else { return };
                    self.save(service, &next);
                    if next.is_fresh() {
                        // With a line, when there was one of this watch about the time before.
                        feed.publish(Snapshot::clone(&next));
                    } else {
                        feed.hand_on(next);
                    }
                }
                () = sleep(CONFIRM) => self.save(service, &feed.last()),
            }
        }
    }

    /// Opens the registry's watch, with back-off, for as long as it takes.
    ///
    /// # Errors
    /// [`Error::Closed`].
    async fn reopen(
        &self,
        service: &ServiceName,
        mut opening: Option<Opening>,
        feed: &mut Feed,
    ) -> Result<Watch, Error> {
        let mut backoff = Backoff::new();
        loop {
            let opening = match opening.take() {
                Some(opening) => opening,
                None => {
                    sleep(backoff.after_failure()).await;
                    self.opening(service)
                }
            };
            match opening.await {
                Err(error) if !matches!(error, Error::Closed { .. }) => feed.mark_stale(&error),
                opened => return opened,
            }
        }
    }

    fn opening(&self, service: &ServiceName) -> Opening {
        let (discovery, service) = (Arc::clone(&self.discovery), service.clone());
        Box::pin(async move { discovery.watch(&service).await })
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source")
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}
