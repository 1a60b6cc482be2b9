//! A discovery for a registry that is asked again and again, from one call.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use kit_sync::Scope;
use tokio::time::{sleep, timeout};

use crate::caught::caught;
use crate::{Discovery, Error, Feed, ServiceName, SharedWatches, Snapshot, Watch};

/// The limit of one call of [`Lists::list`], for a backend without a shorter one.
const CALL: Duration = Duration::from_secs(15);

/// For a backend: the list of a registry that does not say when it changes. [`PolledDiscovery`] makes a
/// [`Discovery`] of it.
#[async_trait]
pub trait Lists: Send + Sync + 'static {
    /// The instances at this moment.
    ///
    /// `last` is the snapshot that was given last, so that it may be handed back when nothing has changed
    /// since its revision, and the registry need not send it; `None` at first and after a failure.
    ///
    /// It is best to end by itself when the registry gives no answer; it is dropped after 15 s.
    ///
    /// # Errors
    /// When the registry does not answer: an empty list never stands for that.
    ///
    /// # Cancel safety
    /// Dropping it changes nothing.
    async fn list(&self, service: &ServiceName, last: Option<Snapshot>) -> Result<Snapshot, Error>;
}

/// For a backend: a [`Discovery`] that asks for the list of each service that is watched after each pause.
///
/// A list is published when its instances are others than those before it, under a revision that grows
/// whatever that of the registry does, as after a wipe. After a failure, or a panic, the last list is stale, and is
/// asked for again. Readers of one service share the upstream, see [`SharedWatches`].
pub struct PolledDiscovery<L> {
    lists: Arc<L>,
    pause: Duration,
    scope: Scope,
    watches: SharedWatches,
}

impl<L: Lists> PolledDiscovery<L> {
    /// Without any watch. Upstreams are members of `scope`; once that is cancelled, calls fail.
    pub fn new(lists: Arc<L>, pause: Duration, scope: Scope) -> PolledDiscovery<L> {
        PolledDiscovery {
            lists,
            pause,
            watches: SharedWatches::new(scope.clone()),
            scope,
        }
    }
}

#[async_trait]
impl<L: Lists> Discovery for PolledDiscovery<L> {
    async fn instances(&self, service: &ServiceName) -> Result<Snapshot, Error> {
        if self.scope.is_cancelled() {
            return Err(Error::closed(format!("list {service}")));
        }
        list(&*self.lists, "list", service, None).await
    }

    async fn watch(&self, service: &ServiceName) -> Result<Watch, Error> {
        let first = async {
            let first = list(&*self.lists, "watch", service, None).await?;
            Ok((first.clone(), first))
        };
        let (lists, followed, pause) = (Arc::clone(&self.lists), service.clone(), self.pause);
        let follow = move |first, feed| async move {
            poll(&*lists, &followed, pause, first, feed).await;
        };
        self.watches.watch(service, first, follow).await
    }
}

/// One call, or [`Error::NoAnswer`] or [`Error::Panicked`]: a list of which nothing is heard any more does not stay
/// fresh.
async fn list(
    lists: &impl Lists,
    verb: &'static str,
    service: &ServiceName,
    last: Option<Snapshot>,
) -> Result<Snapshot, Error> {
    let attempt = format!("{verb} {service}");
    let call = caught(attempt.clone(), async { lists.list(service, last).await });
    match timeout(CALL, call).await {
        Ok(Ok(answered)) => answered,
        Ok(Err(panicked)) => Err(panicked),
        Err(_elapsed) => {
            let within = CALL;
            Err(Error::NoAnswer { attempt, within })
        }
    }
}

async fn poll(
    lists: &impl Lists,
    service: &ServiceName,
    pause: Duration,
    first: Snapshot,
    mut feed: Feed,
) {
    let mut last = Some(first);
    loop {
        sleep(pause).await;
        match list(lists, "watch", service, last.take()).await {
            Ok(seen) => {
                let shown = feed.last();
                if !shown.is_fresh() || *shown.instances != *seen.instances {
                    feed.publish(Snapshot {
                        revision: seen.revision.max(shown.revision + 1),
                        ..seen.clone()
                    });
                }
                last = Some(seen);
            }
            Err(error) => feed.mark_stale(&error),
        }
    }
}

impl<L> fmt::Debug for PolledDiscovery<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PolledDiscovery")
            .field("pause", &self.pause)
            .field("watches", &self.watches)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
