//! A node of the tree: its state, what lives in it, and what it remembers.

mod ending;
mod members;
mod tasks;

use std::num::NonZeroU64;
use std::panic::Location;
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;

use slab::Slab;
use tokio::runtime::Handle;
use tokio::time::Instant;

use super::observer::Observer;
use super::records::Records;
use super::sites::{Sites, place};
use super::supervisor::Watched;
use super::task_state::TaskState;
use super::word::{Change, Word};
use crate::StopToken;
use crate::roster::Roster;
use crate::sync::{AtomicBool, Mutex, MutexGuard, Notify, OnceLock, Ordering, lock};

pub(super) use members::Waiting;

/// 1. The count of a node covers its tasks, its members, and each child that has not ended. A
///    child that is ended by force leaves the count while things still live in it.
/// 2. A child leaves its parent's count in the step that ends it, so a parent ends after its
///    children. Its records stay with it for whoever closes it, and go up when it is dropped.
/// 3. Tasks, children and scopes hold a node; a node holds its children weakly. One that nobody
///    holds has nothing inside and goes away.
/// 4. Locks are taken from parent to child, never the other way round, and no lock is held while
///    a task is spawned, woken or dropped.
/// 5. Tasks end themselves: an abort raises a flag and wakes them, and they look at the flag
///    before each poll, and once more after they have left their waker.
#[derive(Debug)]
pub(super) struct Node {
    /// Its own for ever: what a thread says it is polling in.
    pub(super) id: u64,
    name: Arc<str>,
    path: Arc<str>,
    parent: Option<Arc<Node>>,
    /// Its key among the parent's children.
    key: OnceLock<usize>,
    pub(super) runtime: Runtime,
    pub(super) token: StopToken,
    pub(super) watched: Option<Arc<Watched>>,
    pub(super) observer: Observer,
    pub(super) begun: Instant,
    word: Word,
    /// The deadline has passed: what is inside ends itself, and what arrives late as well.
    aborting: AtomicBool,
    /// The parent counts it no more.
    counted_out: AtomicBool,
    /// Told when the node has ended, and when a node that has ended is empty.
    changed: Notify,
    waiting: Roster<Waiting>,
    sites: Sites,
    /// Knows what the errands of its tasks are.
    errands: OnceLock<Errands>,
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
    holds: Slab<Option<OnAbort>>,
    children: Slab<Child>,
    threads: Vec<JoinHandle<()>>,
}

impl Inside {
    /// `None` for one that is being dropped.
    fn children(&self) -> Vec<Option<Arc<Node>>> {
        let children = self.children.iter();
        children.map(|(_, child)| child.node.upgrade()).collect()
    }
}

/// The words for the number of an errand.
pub(super) struct Errands(pub(super) Box<dyn Fn(NonZeroU64) -> Option<String> + Send + Sync>);

impl std::fmt::Debug for Errands {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Errands")
    }
}

/// What ends a hold at the deadline.
pub(super) struct OnAbort {
    pub(super) end: Box<dyn FnOnce() + Send>,
    pub(super) held_at: &'static Location<'static>,
}

impl std::fmt::Debug for OnAbort {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OnAbort")
    }
}

/// `None` in models, which drive nodes from threads of their own.
#[derive(Clone, Debug)]
pub(super) struct Runtime(pub(super) Option<Handle>);

impl Runtime {
    pub(super) fn handle(&self) -> &Handle {
        self.0.as_ref().expect("models spawn nothing")
    }
}

impl Node {
    pub(super) fn root(name: &str, runtime: Runtime) -> Arc<Node> {
        let path = Arc::from(name);
        Arc::new(Node::new(
            Arc::clone(&path),
            path,
            None,
            runtime,
            StopToken::new(),
            None,
        ))
    }

    fn new(
        name: Arc<str>,
        path: Arc<str>,
        parent: Option<Arc<Node>>,
        runtime: Runtime,
        token: StopToken,
        watched: Option<Arc<Watched>>,
    ) -> Node {
        let records = Arc::new(Mutex::new(Records::default()));
        Node {
            id: next_id(),
            name,
            path,
            parent,
            key: OnceLock::new(),
            runtime,
            token,
            watched,
            observer: Observer::default(),
            begun: Instant::now(),
            word: Word::default(),
            aborting: AtomicBool::new(false),
            counted_out: AtomicBool::new(false),
            changed: Notify::new(),
            waiting: Roster::new(),
            sites: Sites::new(),
            errands: OnceLock::new(),
            inside: Mutex::default(),
            records,
        }
    }

    /// A child; one that is born ended when its parent has ended.
    pub(super) fn child(
        parent: &Arc<Node>,
        name: &str,
        watched: Option<Arc<Watched>>,
    ) -> Arc<Node> {
        // Counted and listed in one step for those who have the lock.
        let mut inside = parent.lock();
        let counted = parent.word.enter();
        let child = Arc::new(Node::new(
            name.into(),
            format!("{}/{name}", parent.path).into(),
            counted.then(|| Arc::clone(parent)),
            parent.runtime.clone(),
            parent.token.child(),
            watched.or_else(|| parent.watched.clone()),
        ));
        if counted {
            let (node, records) = (Arc::downgrade(&child), Arc::clone(&child.records));
            let key = inside.children.insert(Child { node, records });
            drop(inside);
            child.key.get_or_init(|| key);
            // Either the parent's cancel finds the child in the list, or this sees its bits.
            if parent.is_cancelled() {
                child.mark_cancelled();
            }
        } else {
            drop(inside);
            child.word.end();
        }
        child
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn path(&self) -> &Arc<str> {
        &self.path
    }

    pub(super) fn parent(&self) -> Option<&Node> {
        self.parent.as_deref()
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

    pub(super) fn site(&self, location: &'static Location<'static>) -> u16 {
        self.sites.number(location)
    }

    /// The first to say stays.
    pub(super) fn describe_errands(&self, errands: Errands) {
        self.errands.get_or_init(|| errands);
    }

    /// What the nearest scope above its task says of an errand.
    pub(super) fn errand(&self, number: u64) -> Option<String> {
        let number = NonZeroU64::new(number)?;
        let nodes = std::iter::successors(Some(self), |node| node.parent.as_deref());
        let mut errands = nodes.filter_map(|node| node.errands.get());
        (errands.next()?.0)(number)
    }

    /// The place that has this number.
    pub(super) fn place(&self, site: u16) -> String {
        place(self.location(site))
    }

    pub(super) fn location(&self, site: u16) -> Option<&'static Location<'static>> {
        self.sites.location(site)
    }

    pub(super) fn children(&self) -> Vec<Arc<Node>> {
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

    fn leave(&self) {
        self.after(self.word.leave());
    }

    fn after(&self, change: Change) {
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
            let records = lock(&self.records).take();
            lock(&parent.records).absorb(records);
            // So do those who tell members from children by counting.
            let change = self.word.end().ended.then(|| parent.word.leave());
            drop(inside);
            if let Some(change) = change {
                parent.after(change);
            }
        }
    }
}

fn next_id() -> u64 {
    // Of std also in models: nothing is learnt from it but that two nodes differ.
    static TAKEN: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    TAKEN.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
}
