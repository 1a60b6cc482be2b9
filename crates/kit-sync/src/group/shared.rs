//! The state that a group's owner, its handles and its tasks share.

use std::task::Waker;

use tokio::runtime::Handle;

use super::count::Count;
use crate::group_failure::GroupFailure;
use crate::roster::Roster;
use crate::sync::{AtomicBool, Mutex, Notify, Ordering, lock};
use crate::{Cause, StopToken};

pub(super) struct GroupCore<E> {
    pub(super) runtime: Option<Handle>,
    pub(super) token: StopToken,
    pub(super) count: Count,
    aborting: AtomicBool,
    pub(super) waiting: Roster<Waker>,
    pub(super) first: Mutex<Option<GroupFailure<E>>>,
    /// Notified when the last task has ended while the owner waits for that.
    empty: Notify,
}

impl<E> GroupCore<E> {
    pub(super) fn new(runtime: Option<Handle>) -> GroupCore<E> {
        GroupCore {
            runtime,
            token: StopToken::new(),
            count: Count::default(),
            aborting: AtomicBool::new(false),
            waiting: Roster::new(),
            first: Mutex::new(None),
            empty: Notify::new(),
        }
    }

    pub(super) fn is_aborting(&self) -> bool {
        self.aborting.load(Ordering::Acquire)
    }

    pub(super) fn leave(&self) {
        if self.count.leave() {
            self.empty.notify_waiters();
        }
    }

    pub(super) async fn until_empty(&self) {
        loop {
            let empty = self.empty.notified();
            if self.count.wait_for_none() {
                return self.count.waited();
            }
            empty.await;
        }
    }

    /// The error or panic that a wait gives.
    pub(super) fn take_first(&self) -> Option<GroupFailure<E>> {
        lock(&self.first).take()
    }

    /// Keeps the first error, or the first panic instead.
    pub(super) fn fail(&self, first: GroupFailure<E>, cause: Cause) {
        let mut kept = lock(&self.first);
        let replaced = if first.replaces(kept.as_ref()) {
            kept.replace(first)
        } else {
            Some(first)
        };
        drop(kept);
        // Foreign code runs in its drop: not under the lock.
        drop(replaced);
        self.token.cancel(cause);
    }

    /// Refuses, cancels and aborts: the owner is gone.
    pub(super) fn end(&self) {
        self.aborting.store(true, Ordering::Release);
        let alive = self.count.end();
        self.token.cancel(Cause::Dropped);
        if alive {
            self.waiting
                .collect(Waker::clone)
                .into_iter()
                .for_each(Waker::wake);
        }
    }
}
