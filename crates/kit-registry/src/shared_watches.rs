//! One upstream watch for each service, whatever the number of its readers.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, Weak};

use kit_sync::{Cause, Published, Repeated, Scope, StopToken};

use crate::{Error, Freshness, ServiceName, Snapshot, Watch};

/// For a backend: the watches of one registry, of which the readers of one service share one upstream.
///
/// An upstream is a member of the scope and ends with it, or with its last reader. One that ends before, also by a
/// panic, closes the cursors of its readers, and the next reader begins another one.
///
/// ```
/// # use kit_registry::{Error, Feed, ServiceName, SharedWatches, Snapshot, Watch};
/// # async fn list(_: &ServiceName) -> Result<Snapshot, Error> { Ok(Snapshot::fresh(Vec::new(), 1)) }
/// async fn watch(watches: &SharedWatches, service: &ServiceName) -> Result<Watch, Error> {
///     let first = async { Ok((list(service).await?, ())) };
///     let followed = service.clone();
///     let follow = |(), mut feed: Feed| async move {
///         loop {
///             tokio::time::sleep(std::time::Duration::from_secs(1)).await;
///             match list(&followed).await {
///                 Ok(snapshot) => feed.publish(snapshot),
///                 Err(error) => feed.mark_stale(&error),
///             }
///         }
///     };
///     watches.watch(service, first, follow).await
/// }
/// ```
pub struct SharedWatches {
    scope: Scope,
    shared: Mutex<HashMap<ServiceName, Weak<Shared>>>,
}

/// The state that the readers of one service share; dropped with the last of them.
struct Shared {
    published: Arc<Published<Snapshot>>,
    /// Cancelled with the last reader, or when the upstream has ended.
    ended: StopToken,
}

/// Closes the cursors of an upstream when its task ends, also by a panic.
struct Ended(StopToken);

/// The end of an upstream at which snapshots go in.
///
/// A failure is a line in the log at its beginning, then with a growing interval, and when it is over.
pub struct Feed {
    service: ServiceName,
    published: Arc<Published<Snapshot>>,
    failures: Repeated,
}

impl SharedWatches {
    /// Without any watch. Upstreams are members of `scope`.
    #[must_use]
    pub fn new(scope: Scope) -> SharedWatches {
        SharedWatches {
            scope,
            shared: Mutex::default(),
        }
    }

    /// A cursor over the snapshots of a service. Without a running upstream, `first` gives the first
    /// snapshot, and `follow` runs in the scope with what `first` gave beside it.
    ///
    /// # Errors
    /// That of `first`, and [`Error::Closed`] when the scope has ended.
    ///
    /// # Cancel safety
    /// When dropped, no upstream was begun by it.
    pub async fn watch<T, F, Fut>(
        &self,
        service: &ServiceName,
        first: impl Future<Output = Result<(Snapshot, T), Error>>,
        follow: F,
    ) -> Result<Watch, Error>
    where
        F: FnOnce(T, Feed) -> Fut,
        Fut: Future<Output = ()> + Send + 'static,
    {
        if self.scope.is_cancelled() {
            return Err(Error::closed(format!("watch {service}")));
        }
        if let Some(shared) = self.running(service) {
            return Ok(self.read(shared));
        }
        let (snapshot, state) = first.await?;
        let shared = self.start(service, snapshot, |feed| follow(state, feed))?;
        Ok(self.read(shared))
    }

    fn running(&self, service: &ServiceName) -> Option<Arc<Shared>> {
        alive(&self.shared(), service)
    }

    /// Begins to follow the service, unless another call did meanwhile.
    ///
    /// The task ends by a token that its last reader cancels. It is spawned under the lock, so that no
    /// second task is spawned for the same service, and before its readers can find it.
    fn start<Fut>(
        &self,
        service: &ServiceName,
        snapshot: Snapshot,
        follow: impl FnOnce(Feed) -> Fut,
    ) -> Result<Arc<Shared>, Error>
    where
        Fut: Future<Output = ()> + Send + 'static,
    {
        let mut all = self.shared();
        if let Some(shared) = alive(&all, service) {
            return Ok(shared);
        }
        let shared = Arc::new(Shared {
            published: Arc::new(Published::new(snapshot)),
            ended: self.scope.token().child(),
        });
        let follow = follow(Feed {
            service: service.clone(),
            published: Arc::clone(&shared.published),
            failures: Repeated::new(),
        });
        let ended = Ended(shared.ended.clone());
        let task = async move {
            // Moved as a whole, to be dropped with the task.
            let Ended(token) = &ended;
            token.run_until_cancelled(follow).await;
        };
        let name = format!("watch {service}");
        if self.scope.try_spawn(name.clone(), task).is_err() {
            return Err(Error::closed(name));
        }
        all.retain(|_, shared| shared.strong_count() > 0);
        all.insert(service.clone(), Arc::downgrade(&shared));
        Ok(shared)
    }

    fn read(&self, shared: Arc<Shared>) -> Watch {
        Watch::new(&shared.published, shared.ended.clone()).guarded_by(shared)
    }

    fn shared(&self) -> MutexGuard<'_, HashMap<ServiceName, Weak<Shared>>> {
        kit_sync::lock(&self.shared)
    }
}

/// The upstream of a service that has not ended.
fn alive(all: &HashMap<ServiceName, Weak<Shared>>, service: &ServiceName) -> Option<Arc<Shared>> {
    let shared = all.get(service)?.upgrade()?;
    (!shared.ended.is_cancelled()).then_some(shared)
}

impl fmt::Debug for SharedWatches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.shared().keys()).finish()
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.ended
            .cancel(Cause::Requested("its last reader was dropped".to_owned()));
    }
}

impl Drop for Ended {
    fn drop(&mut self) {
        self.0
            .cancel(Cause::Requested("the upstream has ended".to_owned()));
    }
}

impl Feed {
    /// The snapshot that readers see now.
    #[must_use]
    pub fn last(&self) -> Arc<Snapshot> {
        self.published.load()
    }

    /// Shows a snapshot to the readers: the registry has answered.
    pub fn publish(&mut self, snapshot: Snapshot) {
        if let Some(failures) = self.failures.ended() {
            let after = failures.since.elapsed();
            tracing::info!(service = %self.service, ?after, "instances are up to date again{failures}");
        }
        self.published.store(snapshot);
    }

    /// Shows a snapshot as it is, fresh or stale, without a line: for one that comes from the watch of another
    /// registry, which has lines about it.
    pub fn hand_on(&mut self, snapshot: Arc<Snapshot>) {
        self.published.store(snapshot);
    }

    /// Shows the last snapshot as a stale one: the registry has not answered. A reader sees each cause once, not
    /// each failure.
    pub fn mark_stale(&mut self, error: &Error) {
        let why = error.chain().to_string();
        match self.failures.failed(&why) {
            Some(failures) => {
                tracing::warn!(service = %self.service, why, "instances may be stale{failures}");
            }
            None => tracing::debug!(service = %self.service, why, "instances may be stale"),
        }
        let last = self.published.load();
        let is_same =
            matches!(&last.freshness, Freshness::Stale { why: before, .. } if **before == *why);
        if !is_same {
            self.published.store(last.stale(why));
        }
    }
}

impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed")
            .field("service", &self.service)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use kit_sync::TaskTree;
    use tokio::time::sleep;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_upstream_that_panics_closes_its_cursors_and_the_next_reader_begins_another_one() {
        let tree = TaskTree::new("test");
        let watches = SharedWatches::new(tree.scope().clone());
        let service = "n".parse().unwrap();
        let watch = async |revision| {
            let first = async { Ok((Snapshot::fresh(Vec::new(), revision), ())) };
            let follow = |(), _feed| async {
                sleep(Duration::from_secs(1)).await;
                panic!("no luck");
            };
            watches.watch(&service, first, follow).await.unwrap()
        };
        for revision in [1, 2] {
            let mut cursor = watch(revision).await;
            assert_eq!(cursor.next().await.unwrap().revision, revision);
            assert!(cursor.next().await.is_err(), "it is closed");
        }
    }
}
