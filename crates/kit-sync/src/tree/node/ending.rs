//! How a node ends, and with it everything below.

use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use super::{Entry, Inside, Node, OnAbort};
use crate::Cause;
use crate::panic::{Caught, catch, message};
use crate::sync::{Ordering, lock};
use crate::tree::Ending;
use crate::tree::records::Records;
use crate::tree::report::{Outcome, TaskReport};

impl Node {
    /// Tells the node and everything below it.
    pub(in crate::tree) fn cancel(&self, cause: Cause) -> bool {
        // Marked first: a task that ends because it was told was present at the stop.
        self.mark_cancelled();
        self.token.cancel(cause)
    }

    pub(super) fn mark_cancelled(&self) {
        let change = self.word.cancel();
        wake(self.tasks_to_wake(|entry| entry.task.ending == Ending::MayBeDropped));
        for child in self.children() {
            child.mark_cancelled();
        }
        self.after(change);
    }

    pub(in crate::tree) async fn until_ended(&self) {
        self.until(Node::is_ended).await;
    }

    /// Only for a node that has ended: until the last of what was inside is gone.
    pub(in crate::tree) async fn until_empty(&self) {
        self.until(|node| node.live() == 0).await;
    }

    async fn until(&self, condition: impl Fn(&Node) -> bool) {
        loop {
            let changed = self.changed.notified();
            if condition(self) {
                return;
            }
            changed.await;
        }
    }

    /// Ends the node and everything below it, whatever is inside, and aborts that.
    pub(in crate::tree) fn abort(&self) {
        self.aborting.store(true, Ordering::Release);
        let change = self.word.end();
        if !change.empty {
            wake(self.members_to_wake());
            wake(self.tasks_to_wake(|entry| entry.task.counts()));
            self.abort_what_is_no_future();
        }
        for child in self.children() {
            child.abort();
        }
        self.after(change);
    }

    fn abort_what_is_no_future(&self) {
        let mut inside = self.lock();
        let holds: Vec<_> = inside
            .holds
            .iter_mut()
            .filter_map(|(_, hold)| hold.take())
            .collect();
        let queued: Vec<_> = inside
            .tasks
            .iter()
            .filter(|(_, entry)| entry.task.counts())
            .filter_map(|(_, entry)| entry.task.queued.get().cloned())
            .collect();
        drop(inside);
        queued.iter().for_each(tokio::task::AbortHandle::abort);
        for OnAbort(end) in holds {
            // A panic in it must not keep the others from being told.
            if let Err(caught) = catch(end) {
                self.member_failed(panicked(self, &caught));
            }
        }
    }

    fn tasks_to_wake(&self, whom: impl Fn(&Entry) -> bool) -> Vec<Waker> {
        let inside = self.lock();
        let wakers = inside
            .tasks
            .iter()
            .filter(|(_, entry)| whom(entry))
            .filter_map(|(_, entry)| entry.waker.clone());
        wakers.collect()
    }

    /// What the node remembers, and what still lives in it.
    pub(in crate::tree) fn take_records(&self) -> Records {
        let children = self.children();
        let inside = self.lock();
        let mut records = lock(&self.records).take();
        for (_, child) in &inside.children {
            records.absorb(lock(&child.records).take());
        }
        records.stuck_holds += inside.holds.len();
        records.aborted_members += self.members(&inside, &children);
        for (_, Entry { task, .. }) in &inside.tasks {
            records.still_running(task);
        }
        drop(inside);
        records
    }

    /// How many unnamed members there are: what is counted and is nothing else.
    pub(super) fn members(&self, inside: &Inside, children: &[Arc<Node>]) -> usize {
        let tasks = inside.tasks.iter();
        let tasks = tasks.filter(|(_, entry)| entry.task.counts()).count();
        let children = children.iter().filter(|child| !child.is_ended()).count();
        self.live()
            .saturating_sub(tasks + inside.holds.len() + children)
    }
}

fn wake(wakers: Vec<Waker>) {
    wakers.into_iter().for_each(Waker::wake);
}

fn panicked(node: &Node, caught: &Caught) -> TaskReport {
    let (message, location) = (message(&*caught.payload), caught.location.clone());
    TaskReport::new(
        format!("{}/(on abort)", node.path()),
        location.clone().unwrap_or_default(),
        Duration::ZERO,
        Outcome::Panicked { message, location },
    )
}
