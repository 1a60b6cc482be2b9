//! The state of a scope from open to empty, and the records that it leaves.

use std::sync::Arc;
use std::thread::JoinHandle;

use super::records::Records;
use super::supervisor::Supervised;
use super::word::{Change, Word};
use crate::StopToken;
use crate::sync::{AtomicBool, Mutex, MutexGuard, Notify, Ordering, lock};

/// The state of a scope: its count, its stop token, and the records and threads that a close takes.
///
/// It is shared by the scope's node and the list of the parent: while a node is being dropped,
/// which may be on another thread, the parent still finds its records and knows whether it is
/// counted.
///
/// 1. The count covers the tasks, the members and the holds of the scope, and each child that has
///    not ended. A child that is ended by force leaves the count while things still live in it.
/// 2. A child leaves its parent's count in the step that ends it, so a parent ends after its
///    children.
#[derive(Debug)]
pub(super) struct Life {
    parent: Option<Arc<Life>>,
    word: Word,
    /// The parent counts it no more.
    counted_out: AtomicBool,
    pub(super) token: StopToken,
    /// Notified when the scope has ended, and when a scope that has ended is empty.
    changed: Notify,
    pub(super) supervised: Option<Arc<Supervised>>,
    records: Mutex<Records>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Life {
    pub(super) fn new(
        parent: Option<Arc<Life>>,
        token: StopToken,
        supervised: Option<Arc<Supervised>>,
    ) -> Life {
        Life {
            parent,
            word: Word::default(),
            counted_out: AtomicBool::new(false),
            token,
            changed: Notify::new(),
            supervised,
            records: Mutex::default(),
            threads: Mutex::default(),
        }
    }

    // === the count ===

    /// Counts one more in, unless the scope has ended.
    pub(super) fn enter(&self) -> bool {
        self.word.enter()
    }

    /// Counts one out.
    pub(super) fn leave(&self) {
        self.settle(self.leave_unsettled());
    }

    /// Counts one out under the node's lock. The change is [settled](Self::settle) after the lock,
    /// because that wakes tasks.
    #[must_use]
    pub(super) fn leave_unsettled(&self) -> Change {
        self.word.leave()
    }

    pub(super) fn count(&self) -> usize {
        self.word.count()
    }

    pub(super) fn is_counted_out(&self) -> bool {
        self.counted_out.load(Ordering::Acquire)
    }

    // === the end ===

    /// From open to cancelled, and on to ended when empty; to be [settled](Self::settle).
    #[must_use]
    pub(super) fn cancel(&self) -> Change {
        self.word.cancel()
    }

    /// To ended, whatever lives in the scope; to be [settled](Self::settle).
    #[must_use]
    pub(super) fn end(&self) -> Change {
        self.word.end()
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.word.is_cancelled()
    }

    pub(super) fn is_ended(&self) -> bool {
        self.word.is_ended()
    }

    /// Passes a change on: to the parent's count, and to those that wait for the end.
    pub(super) fn settle(&self, change: Change) {
        if change.ended
            && let Some(parent) = &self.parent
        {
            parent.leave();
            self.counted_out.store(true, Ordering::Release);
        }
        if change.ended || change.empty && self.is_ended() {
            self.changed.notify_waiters();
        }
    }

    pub(super) async fn until_ended(&self) {
        self.until(Life::is_ended).await;
    }

    /// Only for a scope that has ended: until the last task inside is gone.
    pub(super) async fn until_empty(&self) {
        self.until(|life| life.count() == 0).await;
    }

    async fn until(&self, condition: impl Fn(&Life) -> bool) {
        loop {
            let changed = self.changed.notified();
            if condition(self) {
                return;
            }
            changed.await;
        }
    }

    // === records and threads ===

    pub(super) fn records(&self) -> MutexGuard<'_, Records> {
        lock(&self.records)
    }

    pub(super) fn keep_thread(&self, thread: JoinHandle<()>) {
        let mut threads = lock(&self.threads);
        let done: Vec<_> = threads
            .extract_if(.., |thread| thread.is_finished())
            .collect();
        threads.push(thread);
        drop(threads);
        // Unjoined, they would keep their stacks.
        join(done);
    }

    /// Joins the threads whose work is done.
    pub(super) fn join_threads(&self) {
        let threads = std::mem::take(&mut *lock(&self.threads));
        // A thread leaves the count as the last thing it does, so this waits for no work.
        let (done, running): (Vec<_>, Vec<_>) = threads
            .into_iter()
            .partition(|thread| self.count() == 0 || thread.is_finished());
        lock(&self.threads).extend(running);
        join(done);
    }
}

fn join(threads: Vec<JoinHandle<()>>) {
    for thread in threads {
        // A panic was caught inside and is in the records.
        let _ = thread.join();
    }
}
