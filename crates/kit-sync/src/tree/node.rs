//! A node of the tree: its state, what lives in it, and what it remembers.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

use slab::Slab;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::AbortHandle;

use super::report::{Outcome, Records, TaskReport};
use super::supervisor::Watched;
use super::task::{Ending, TaskState};
use super::word::{Change, Word};
use crate::panic::{Caught, catch, message};
use crate::slots::{Slot, Slots};
use crate::{Cause, StopToken};

/// 1. The count of a node covers its tasks, its members, and each child that has not ended. A
///    child that is ended by force leaves the count while things still live in it.
/// 2. A child leaves its parent's count in the step that ends it, so a parent ends after its
///    children. Its records stay with it for whoever closes it, and go up when it is dropped.
/// 3. Tasks, children and scopes hold a node; a node holds its children weakly. One that nobody
///    holds has nothing inside and goes away.
/// 4. Locks are taken from parent to child, never the other way round, and no lock is held while
///    a task is spawned, aborted or dropped.
#[derive(Debug)]
pub(super) struct Node {
    name: Arc<str>,
    path: Arc<str>,
    parent: Option<Arc<Node>>,
    /// Its key among the parent's children.
    key: OnceLock<usize>,
    pub(super) runtime: Handle,
    pub(super) token: StopToken,
    pub(super) watched: Option<Arc<Watched>>,
    word: Word,
    /// Told when the node has ended, and when a node that has ended is empty.
    changed: Notify,
    inside: Mutex<Inside>,
    records: Arc<Mutex<Records>>,
}

/// What a node knows of a child. The records stay within reach while the child is being dropped,
/// which may be on another thread.
#[derive(Debug)]
struct Child {
    node: Weak<Node>,
    records: Arc<Mutex<Records>>,
}

#[derive(Debug, Default)]
struct Inside {
    tasks: Slab<Arc<TaskState>>,
    members: Slots,
    holds: Slab<Option<OnAbort>>,
    children: Slab<Child>,
    threads: Vec<JoinHandle<()>>,
    /// The deadline has passed: what arrives late is aborted at once.
    aborting: bool,
}

/// What ends a hold at the deadline.
pub(super) struct OnAbort(pub(super) Box<dyn FnOnce() + Send>);

impl std::fmt::Debug for OnAbort {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OnAbort")
    }
}

impl Node {
    pub(super) fn root(name: &str, runtime: Handle) -> Node {
        Node {
            name: name.into(),
            path: name.into(),
            parent: None,
            key: OnceLock::new(),
            runtime,
            token: StopToken::new(),
            watched: None,
            word: Word::default(),
            changed: Notify::new(),
            inside: Mutex::default(),
            records: Arc::default(),
        }
    }

    /// A child; one that is born ended when its parent has ended.
    pub(super) fn child(
        parent: &Arc<Node>,
        name: &str,
        watched: Option<Arc<Watched>>,
    ) -> Arc<Node> {
        let counted = parent.word.enter();
        let child = Arc::new(Node {
            name: name.into(),
            path: format!("{}/{name}", parent.path).into(),
            parent: counted.then(|| Arc::clone(parent)),
            key: OnceLock::new(),
            runtime: parent.runtime.clone(),
            token: parent.token.child(),
            watched: watched.or_else(|| parent.watched.clone()),
            word: Word::default(),
            changed: Notify::new(),
            inside: Mutex::default(),
            records: Arc::default(),
        });
        if counted {
            let (node, records) = (Arc::downgrade(&child), Arc::clone(&child.records));
            let key = parent.lock().children.insert(Child { node, records });
            child.key.get_or_init(|| key);
            // Either the parent's cancel finds the child in the list, or this sees its bits.
            if parent.is_ended() {
                child.abort();
            } else if parent.is_cancelled() {
                child.mark_cancelled();
            }
        } else {
            child.word.end();
        }
        child
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.word.is_cancelled()
    }

    pub(super) fn is_ended(&self) -> bool {
        self.word.is_ended()
    }

    pub(super) fn live(&self) -> usize {
        self.word.count()
    }

    // === coming and going ===

    /// Counts a task in and gives it a place; `None` when the node has ended. What may be left
    /// behind is listed but not counted.
    pub(super) fn enter_task(&self, task: &Arc<TaskState>) -> Option<usize> {
        let entered = if counts(task) {
            self.word.enter()
        } else {
            !self.is_ended()
        };
        if !entered {
            return None;
        }
        if let Some(watched) = &self.watched {
            watched.spawned();
        }
        Some(self.lock().tasks.insert(Arc::clone(task)))
    }

    /// The spawn has returned: a task that should already be gone is aborted now.
    pub(super) fn task_started(&self, task: &TaskState, abort: AbortHandle) {
        // The handle is set before the lock is taken, and whoever aborts raises its flag before
        // it takes the lock and reads the handle: one of the two sees the other.
        let abort = task.abort.get_or_init(|| abort);
        let aborting = self.lock().aborting && counts(task);
        if aborting || task.ending == Ending::MayBeDropped && self.is_cancelled() {
            abort.abort();
        }
    }

    pub(super) fn task_ended(&self, key: usize, task: &TaskState, outcome: Outcome) {
        let report = task.report(self, outcome);
        if let Some(watched) = &self.watched {
            watched.ended(&report);
        }
        let mut inside = self.lock();
        inside.tasks.remove(key);
        if self.is_cancelled() {
            lock(&self.records).tasks.push(report);
        } else if report.outcome.is_failure() {
            lock(&self.records).failure(report);
        }
        drop(inside);
        if counts(task) {
            self.leave();
        }
    }

    pub(super) fn enter_member(&self) -> Option<Slot> {
        if !self.word.enter() {
            return None;
        }
        let mut inside = self.lock();
        lock(&self.records).aborted_members += usize::from(inside.aborting);
        Some(inside.members.insert())
    }

    pub(super) fn member_started(&self, slot: Slot, abort: AbortHandle) {
        let mut inside = self.lock();
        let aborting = inside.aborting;
        inside.members.fill(slot, abort.clone());
        drop(inside);
        if aborting {
            abort.abort();
        }
    }

    pub(super) fn member_ended(&self, slot: Slot, failure: Option<TaskReport>) {
        let mut inside = self.lock();
        inside.members.remove(slot);
        if let Some(failure) = failure {
            lock(&self.records).failure(failure);
        }
        drop(inside);
        self.leave();
    }

    pub(super) fn enter_hold(&self, on_abort: OnAbort) -> Option<usize> {
        if !self.word.enter() {
            return None;
        }
        let mut inside = self.lock();
        let late = inside.aborting;
        let key = inside.holds.insert(Some(on_abort));
        let on_abort = if late { inside.holds[key].take() } else { None };
        drop(inside);
        if let Some(OnAbort(end)) = on_abort {
            end();
        }
        Some(key)
    }

    pub(super) fn hold_ended(&self, key: usize) {
        // The closure is dropped after the lock is released.
        let on_abort = self.lock().holds.remove(key);
        drop(on_abort);
        self.leave();
    }

    pub(super) fn keep_thread(&self, thread: JoinHandle<()>) {
        let mut inside = self.lock();
        let done: Vec<_> = inside
            .threads
            .extract_if(.., |thread| thread.is_finished())
            .collect();
        inside.threads.push(thread);
        drop(inside);
        // Unjoined, they would keep their stacks.
        join(done);
    }

    fn leave(&self) {
        self.after(self.word.leave());
    }

    fn after(&self, change: Change) {
        if change.ended
            && let Some(parent) = &self.parent
        {
            parent.leave();
        }
        if change.ended || change.empty && self.is_ended() {
            self.changed.notify_waiters();
        }
    }

    // === ending ===

    /// Tells the node and everything below it.
    pub(super) fn cancel(&self, cause: Cause) -> bool {
        // Marked first: a task that ends because it was told was present at the stop.
        self.mark_cancelled();
        self.token.cancel(cause)
    }

    fn mark_cancelled(&self) {
        let change = self.word.cancel();
        let dropped: Vec<_> = {
            let inside = self.lock();
            inside
                .tasks
                .iter()
                .filter(|(_, task)| task.ending == Ending::MayBeDropped)
                .filter_map(|(_, task)| task.abort.get().cloned())
                .collect()
        };
        dropped.iter().for_each(AbortHandle::abort);
        for child in self.children() {
            child.mark_cancelled();
        }
        self.after(change);
    }

    pub(super) async fn until_ended(&self) {
        self.until(Node::is_ended).await;
    }

    /// Only for a node that has ended: until the last of what was inside is gone.
    pub(super) async fn until_empty(&self) {
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

    /// The node and everything below it, parents first.
    pub(super) fn subtree(self: &Arc<Node>) -> Vec<Arc<Node>> {
        let mut nodes = vec![Arc::clone(self)];
        let mut next = 0;
        while next < nodes.len() {
            nodes.extend(nodes[next].children());
            next += 1;
        }
        nodes
    }

    /// Ends the node and everything below it, whatever is inside, and aborts that.
    pub(super) fn abort(&self) {
        let (tasks, members, holds) = {
            let mut inside = self.lock();
            if !std::mem::replace(&mut inside.aborting, true) {
                lock(&self.records).aborted_members += inside.members.len();
            }
            let tasks: Vec<_> = inside
                .tasks
                .iter()
                .map(|(_, task)| Arc::clone(task))
                .collect();
            let holds: Vec<_> = inside
                .holds
                .iter_mut()
                .filter_map(|(_, hold)| hold.take())
                .collect();
            (tasks, inside.members.abort_handles(), holds)
        };
        let change = self.word.end();
        members.iter().for_each(AbortHandle::abort);
        for task in tasks.iter().filter(|task| counts(task)) {
            task.abort.get().inspect(|abort| abort.abort());
        }
        for OnAbort(end) in holds {
            // A panic in it must not keep the others from being told.
            if let Err(caught) = catch(end) {
                lock(&self.records).failure(panicked(self, &caught));
            }
        }
        for child in self.children() {
            child.abort();
        }
        self.after(change);
    }

    /// What the node remembers, and what still lives in it.
    pub(super) fn take_records(&self) -> Records {
        let inside = self.lock();
        let mut records = std::mem::take(&mut *lock(&self.records));
        for (_, child) in &inside.children {
            records.absorb(std::mem::take(&mut *lock(&child.records)));
        }
        records.stuck_holds += inside.holds.len();
        for (_, task) in &inside.tasks {
            records.tasks.push(task.report(self, still_running(task)));
        }
        records
    }

    /// The threads whose work is done.
    pub(super) fn join_threads(&self) {
        let threads = std::mem::take(&mut self.lock().threads);
        // A thread leaves its place as the last thing it does, so this waits for no work.
        let (done, running): (Vec<_>, Vec<_>) = threads
            .into_iter()
            .partition(|thread| self.live() == 0 || thread.is_finished());
        self.lock().threads.extend(running);
        join(done);
    }

    fn children(&self) -> Vec<Arc<Node>> {
        let inside = self.lock();
        let children: Vec<_> = inside
            .children
            .iter()
            .map(|(_, child)| Weak::clone(&child.node))
            .collect();
        drop(inside);
        // Without the lock: the last reference to a child takes it to leave the list.
        children.iter().filter_map(Weak::upgrade).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        lock(&self.inside)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let Some(parent) = &self.parent else { return };
        if let Some(key) = self.key.get() {
            // In one step: whoever asks the parent finds the records in one place or the other.
            let mut inside = parent.lock();
            inside.children.remove(*key);
            let records = std::mem::take(&mut *lock(&self.records));
            lock(&parent.records).absorb(records);
        }
        if self.word.end().ended {
            parent.leave();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn join(threads: Vec<JoinHandle<()>>) {
    for thread in threads {
        // A panic was caught inside and is in the records.
        let _ = thread.join();
    }
}

fn panicked(node: &Node, caught: &Caught) -> TaskReport {
    let (message, location) = (message(&*caught.payload), caught.location.clone());
    TaskReport {
        path: format!("{}/(on abort)", node.path()),
        spawned_at: location.clone().unwrap_or_default(),
        age: Duration::ZERO,
        outcome: Outcome::Panicked { message, location },
    }
}

fn counts(task: &TaskState) -> bool {
    !matches!(task.ending, Ending::MayBeLeftBehind { .. })
}

fn still_running(task: &TaskState) -> Outcome {
    match &task.ending {
        Ending::MayBeLeftBehind { reason } => Outcome::LeftBehind {
            reason: reason.to_string(),
        },
        _ if task.abort.get().is_none() => Outcome::Stuck {
            why: "a thread cannot be aborted".to_owned(),
        },
        _ => Outcome::Stuck {
            why: "it did not come back from its poll".to_owned(),
        },
    }
}
