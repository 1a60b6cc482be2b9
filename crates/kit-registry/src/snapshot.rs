//! Snapshots of a service's instances, and the cursor over them.

mod difference;

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use kit_sync::{Changes, Published, StopToken};
use tokio::time::Instant;

pub use difference::{Changed, Difference};

use crate::ServiceInstance;

/// The instances of one service at one moment. A clone shares the list.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Snapshot {
    /// The instances, in the order of the bytes of their ids; each id stands there once.
    pub instances: Arc<[Arc<ServiceInstance>]>,
    /// The backend's count of changes; it grows. 0 for a list from a cache.
    pub revision: u64,
    /// Whether this is the present list of the registry.
    pub freshness: Freshness,
}

/// Whether a [`Snapshot`] is the present list of the registry.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Freshness {
    /// The registry answers.
    Fresh,
    /// The registry does not answer: these are the instances of its last answer.
    #[non_exhaustive]
    Stale {
        /// The first failure after the last answer.
        since: Instant,
        /// The time between the last answer and `since`, for a list that an earlier process, or an earlier
        /// watch, has [kept on disk](crate::Cached). `None` for a list that was right until `since`.
        cached: Option<Duration>,
        /// The last failure, in one line.
        why: Arc<str>,
    },
}

/// A cursor over the snapshots of one service: the latest wins, and an idle reader costs nothing and
/// holds up no other.
///
/// [`Discovery::watch`](crate::Discovery::watch) returns it; a backend makes it with [`Watch::new`].
#[must_use = "a cursor does nothing until it is read"]
pub struct Watch {
    /// The first snapshot, until it was returned.
    first: Option<Arc<Snapshot>>,
    last: Option<Arc<Snapshot>>,
    changes: Changes<Snapshot>,
    closed: StopToken,
    guard: Option<Box<dyn Any + Send + Sync>>,
}

/// The registry that a [`Watch`] belongs to has been closed: there are no more snapshots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the registry was closed")]
#[non_exhaustive]
pub struct Closed;

impl Snapshot {
    /// A fresh snapshot. The instances may come in any order: they are put into that of their ids
    /// when they are not. Of several with one id the last one stays.
    pub fn fresh(instances: impl Into<Arc<[Arc<ServiceInstance>]>>, revision: u64) -> Snapshot {
        let instances = instances.into();
        let is_ordered = instances.is_sorted_by(|one, next| one.id() < next.id());
        Snapshot {
            instances: if is_ordered {
                instances
            } else {
                ordered(&instances)
            },
            revision,
            freshness: Freshness::Fresh,
        }
    }

    /// What became of the instances of `old` in this snapshot: which were added, removed and
    /// changed. Neither revision nor freshness counts.
    ///
    /// ```
    /// use kit_registry::{ServiceInstance, Snapshot};
    /// # fn main() -> Result<(), kit_registry::Error> {
    /// # use std::sync::Arc;
    /// let one = Arc::new(ServiceInstance::builder("1", "helloworld").build()?);
    /// let two = Arc::new(ServiceInstance::builder("2", "helloworld").build()?);
    /// let old = Snapshot::fresh(vec![Arc::clone(&one)], 1);
    /// let new = Snapshot::fresh(vec![two], 2);
    /// let difference = new.diff(&old);
    /// assert_eq!(difference.added[0].id(), "2");
    /// assert_eq!(difference.removed, [one]);
    /// assert!(difference.changed.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn diff(&self, old: &Snapshot) -> Difference {
        difference::between(&old.instances, &self.instances)
    }

    /// The same instances, marked as stale because of `why`. A snapshot that is stale already keeps
    /// its `since`.
    #[must_use]
    pub fn stale(&self, why: impl Into<Arc<str>>) -> Snapshot {
        let (since, cached) = match self.freshness {
            Freshness::Fresh => (Instant::now(), None),
            Freshness::Stale { since, cached, .. } => (since, cached),
        };
        let why = why.into();
        Snapshot {
            freshness: Freshness::Stale { since, cached, why },
            ..self.clone()
        }
    }

    /// A list that was kept, and was the registry's `age` ago, marked as stale because of `why`. Its revision
    /// is 0, so that each answer of the registry is newer.
    pub fn cached(
        instances: impl Into<Arc<[Arc<ServiceInstance>]>>,
        age: Duration,
        why: impl Into<Arc<str>>,
    ) -> Snapshot {
        Snapshot {
            freshness: Freshness::Stale {
                since: Instant::now(),
                cached: Some(age),
                why: why.into(),
            },
            ..Snapshot::fresh(instances, 0)
        }
    }

    /// How long ago this was the list of the registry: zero for a fresh one, and it grows for a stale one.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use kit_registry::Snapshot;
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let kept = Snapshot::cached(Vec::new(), Duration::from_secs(60), "no route");
    /// tokio::time::advance(Duration::from_secs(5)).await;
    /// assert_eq!(kept.age(), Duration::from_secs(65));
    /// # }
    /// ```
    #[must_use]
    pub fn age(&self) -> Duration {
        match self.freshness {
            Freshness::Fresh => Duration::ZERO,
            Freshness::Stale { since, cached, .. } => {
                since.elapsed().saturating_add(cached.unwrap_or_default())
            }
        }
    }

    /// Whether the registry answers.
    #[must_use]
    pub fn is_fresh(&self) -> bool {
        matches!(self.freshness, Freshness::Fresh)
    }
}

/// In the order of their ids, the last one of each id.
fn ordered(instances: &[Arc<ServiceInstance>]) -> Arc<[Arc<ServiceInstance>]> {
    let by_id: BTreeMap<_, _> = instances.iter().map(|one| (one.id(), one)).collect();
    by_id.into_values().cloned().collect()
}

impl Watch {
    /// A cursor over the published snapshots: the present one, then each later one. It ends when
    /// `closed` is cancelled or when the publisher is dropped.
    pub fn new(published: &Published<Snapshot>, closed: StopToken) -> Watch {
        let changes = published.changes();
        Watch {
            first: Some(published.load()),
            last: None,
            changes,
            closed,
            guard: None,
        }
    }

    /// Keeps `guard` until the cursor is dropped: for a backend that counts its readers.
    pub fn guarded_by(mut self, guard: impl Any + Send + Sync) -> Watch {
        self.guard = Some(Box::new(guard));
        self
    }

    /// The next snapshot: the first one at once, even when it is empty; then the latest after each
    /// change. Snapshots that were replaced meanwhile are skipped; none comes twice.
    ///
    /// # Errors
    /// [`Closed`] once the registry's scope has ended, at each call.
    ///
    /// # Cancel safety
    /// Dropping the future loses no snapshot.
    pub async fn next(&mut self) -> Result<Arc<Snapshot>, Closed> {
        if self.closed.is_cancelled() {
            return Err(Closed);
        }
        if let Some(first) = self.first.take() {
            self.last = Some(Arc::clone(&first));
            return Ok(first);
        }
        loop {
            let next = tokio::select! {
                biased;
                () = self.closed.cancelled() => return Err(Closed),
                next = self.changes.next() => next.ok_or(Closed)?,
            };
            // A value that was stored between the subscription and the first load comes twice.
            if self
                .last
                .as_ref()
                .is_none_or(|last| !Arc::ptr_eq(last, &next))
            {
                self.last = Some(Arc::clone(&next));
                return Ok(next);
            }
        }
    }

    /// The snapshot as it is now, without waiting: for a client that picks an instance at each call, and that needs
    /// no task for [`next`](Self::next), which is not affected.
    ///
    /// ```
    /// use kit_registry::Schemes;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let tree = kit_sync::TaskTree::new("example");
    /// let registry = Schemes::default().open("memory:", tree.scope())?;
    /// let watch = registry.discovery.watch(&"prices".parse()?).await?;
    /// assert!(watch.latest()?.instances.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Closed`] once the registry's scope has ended.
    pub fn latest(&self) -> Result<Arc<Snapshot>, Closed> {
        match self.changes.latest() {
            Some(latest) if !self.closed.is_cancelled() => Ok(latest),
            _ => Err(Closed),
        }
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch")
            .field("last", &self.last)
            .field("closed", &self.closed.is_cancelled())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use kit_sync::Cause;

    use super::*;

    fn snapshot(revision: u64) -> Snapshot {
        Snapshot::fresh(Vec::new(), revision)
    }

    #[test]
    fn instances_come_in_the_order_of_their_ids_and_once() {
        let instance = |id: &str, version: &str| {
            let instance = ServiceInstance::builder(id, "n").version(version);
            Arc::new(instance.build().unwrap())
        };
        let given: Vec<_> = [("b", "1"), ("é", "1"), ("10", "1"), ("b", "2"), ("9", "1")]
            .map(|(id, version)| instance(id, version))
            .into();
        let seen = Snapshot::fresh(given, 1).instances;
        let seen: Vec<_> = seen.iter().map(|one| (one.id(), one.version())).collect();
        assert_eq!(seen, [("10", "1"), ("9", "1"), ("b", "2"), ("é", "1")]);
    }

    #[tokio::test]
    async fn the_first_comes_at_once_and_then_the_latest() {
        let published = Published::new(snapshot(1));
        let mut watch = Watch::new(&published, StopToken::new());
        assert_eq!(watch.next().await.unwrap().revision, 1);
        published.store(snapshot(2));
        published.store(snapshot(3));
        assert_eq!(watch.next().await.unwrap().revision, 3);
        drop(published);
        assert_eq!(watch.next().await.unwrap_err(), Closed);
        assert_eq!(watch.next().await.unwrap_err(), Closed);
    }

    #[tokio::test]
    async fn the_latest_is_there_without_waiting_and_comes_again() {
        let published = Published::new(snapshot(1));
        let mut watch = Watch::new(&published, StopToken::new());
        assert_eq!(watch.latest().unwrap().revision, 1);
        published.store(snapshot(2));
        assert_eq!(watch.latest().unwrap().revision, 2);
        assert_eq!(watch.next().await.unwrap().revision, 1);
        assert_eq!(watch.next().await.unwrap().revision, 2);
        drop(published);
        assert_eq!(watch.latest().unwrap_err(), Closed);
    }

    #[tokio::test]
    async fn a_closed_scope_ends_it_without_an_empty_list() {
        let published = Published::new(snapshot(1));
        let closed = StopToken::new();
        let mut watch = Watch::new(&published, closed.clone());
        watch.next().await.unwrap();
        closed.cancel(Cause::Dropped);
        assert_eq!(watch.latest().unwrap_err(), Closed);
        assert_eq!(watch.next().await.unwrap_err(), Closed);
    }

    #[tokio::test(start_paused = true)]
    async fn growing_stale_keeps_the_instances_and_the_first_moment() {
        let fresh = snapshot(1);
        let stale = fresh.stale("no route");
        let Freshness::Stale { since: first, .. } = stale.freshness else {
            panic!("not stale");
        };
        tokio::time::advance(std::time::Duration::from_secs(1)).await;
        match stale.stale("still none").freshness {
            Freshness::Stale { since, why, .. } => {
                assert_eq!((since, &*why), (first, "still none"));
            }
            Freshness::Fresh => panic!("not stale"),
        }
        assert!(fresh.is_fresh());
    }
}
