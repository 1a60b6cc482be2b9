//! Watches with a task in between, in which a fault may be.

use std::sync::atomic::{AtomicUsize, Ordering};

use kit_registry::{Snapshot, Watch};
use kit_sync::{Cause, Published, Scope, StopToken};
use tokio::sync::watch;

use crate::backend::Fault;

/// The watches of one view.
pub(crate) struct Feeds {
    fault: Fault,
    scope: Scope,
    count: AtomicUsize,
    open: watch::Sender<usize>,
    one_ended: StopToken,
}

/// Dropped with its watch.
struct OpenWatch {
    open: watch::Sender<usize>,
    one_ended: StopToken,
    /// The end of the task.
    stop: StopToken,
}

impl Drop for OpenWatch {
    fn drop(&mut self) {
        self.open.send_modify(|open| *open -= 1);
        self.one_ended.cancel(Cause::Dropped);
        self.stop.cancel(Cause::Dropped);
    }
}

impl Feeds {
    pub(crate) fn new(fault: Fault, scope: &Scope) -> Feeds {
        Feeds {
            fault,
            scope: scope.clone(),
            count: AtomicUsize::new(0),
            open: watch::Sender::new(0),
            one_ended: StopToken::new(),
        }
    }

    pub(crate) async fn no_watch_is_open(&self) {
        let mut open = self.open.subscribe();
        let none = open.wait_for(|open| *open == 0).await;
        none.expect("the sender is here");
    }

    /// The watch, with the fault.
    pub(crate) async fn feed(&self, mut inner: Watch) -> Watch {
        let mut first = inner.next().await.expect("an open watch");
        while self.fault == Fault::HidesTheEmptyList && first.instances.is_empty() {
            first = inner.next().await.expect("an open watch");
        }
        let number = self.count.fetch_add(1, Ordering::SeqCst);
        self.open.send_modify(|open| *open += 1);
        let stop = StopToken::new();
        let guard = OpenWatch {
            open: self.open.clone(),
            one_ended: self.one_ended.clone(),
            stop: stop.clone(),
        };
        if self.fault == Fault::Leaks {
            let token = self.scope.token().clone();
            self.scope
                .spawn("leak", async move { token.cancelled().await });
        }
        let published = Published::new(first);
        let scope_ends = self.scope.token().clone();
        let closed = match self.fault {
            Fault::EndsEmpty => StopToken::new(),
            _ => scope_ends.clone(),
        };
        let watch = Watch::new(&published, closed).guarded_by(guard);
        let (fault, one_ended) = (self.fault, self.one_ended.clone());
        self.scope.spawn("feed", async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = scope_ends.cancelled() => {}
                () = copy(fault, number, inner, &published, &one_ended) => {}
            }
            if fault == Fault::EndsEmpty {
                published.store(Snapshot::fresh(Vec::new(), 0));
            }
        });
        watch
    }
}

/// Hands on each snapshot, but for those that the fault keeps.
async fn copy(
    fault: Fault,
    number: usize,
    mut inner: Watch,
    published: &Published<Snapshot>,
    one_ended: &StopToken,
) {
    while let Ok(next) = inner.next().await {
        let is_kept = match fault {
            Fault::EndsWithOne => one_ended.is_cancelled(),
            Fault::KeepsTheLast => next.instances.is_empty(),
            Fault::ServesEight => number >= 8,
            Fault::MissesTheLast => {
                number % 3 == 2 && next.instances.iter().any(|i| i.id() == "last")
            }
            _ => false,
        };
        if !is_kept {
            published.store(next);
        }
    }
}
