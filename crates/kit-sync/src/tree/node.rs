//! A node of the tree: a scope's place, and the coming and going of its tasks.

use std::num::NonZeroU64;
use std::panic::Location;
use std::sync::{Arc, Weak};

use super::contents::{Child, Contents, OnAbort};
use super::ending::Ending;
use super::errands::Errands;
use super::life::Life;
use super::members::Members;
use super::observer::Observer;
use super::outcome::Outcome;
use super::records::Records;
use super::report::TaskReport;
use super::shared::TreeShared;
use super::sites::place;
use super::supervisor::Supervised;
use super::task_state::{Nudge, TaskState};
use crate::panic::{catch, message};
use crate::roster::Slot;
use crate::sync::{AtomicBool, Mutex, MutexGuard, Ordering, lock};
use crate::{Cause, StopToken};

/// 1. Tasks, children and scopes hold a node; a node holds its children weakly. A node without a
///    holder has nothing inside and goes away. Its records go up to its parent then.
/// 2. Locks are taken from parent to child, never the other way round, and no lock is held while
///    a task is spawned, woken or dropped.
/// 3. A listed task, hold or child is counted in the same step under the node's lock; members
///    alone are counted and not listed there.
/// 4. Tasks end themselves: an abort raises a flag and wakes them, and they look at the flag
///    before each poll, and once more after they have left their waker.
#[derive(Debug)]
pub(super) struct Node {
    /// Unique in the process: a thread names the scope that it polls in by it.
    pub(super) id: u64,
    path: Arc<str>,
    parent: Option<Arc<Node>>,
    pub(super) shared: Arc<TreeShared>,
    pub(super) life: Arc<Life>,
    /// The deadline has passed: tasks inside end themselves, and so do those that arrive late.
    /// Every poll reads it.
    aborting: AtomicBool,
    contents: Mutex<Contents<Node>>,
    pub(super) members: Members,
    pub(super) observer: Observer,
    pub(super) errands: Errands,
}

/// The tasks, members, holds and children of a node at one moment.
pub(super) struct Census {
    pub(super) tasks: Vec<Arc<TaskState>>,
    pub(super) members: usize,
    pub(super) holds: usize,
    pub(super) children: Vec<Arc<Node>>,
}

impl Node {
    pub(super) fn root(name: &str, shared: TreeShared) -> Arc<Node> {
        let life = Life::new(None, StopToken::new(), None);
        Arc::new(Node::new(name.into(), None, Arc::new(shared), life))
    }

    fn new(path: Arc<str>, parent: Option<Arc<Node>>, shared: Arc<TreeShared>, life: Life) -> Node {
        Node {
            id: next_id(),
            path,
            parent,
            shared,
            life: Arc::new(life),
            aborting: AtomicBool::new(false),
            contents: Mutex::default(),
            members: Members::new(),
            observer: Observer::default(),
            errands: Errands::default(),
        }
    }

    /// A child; one that is born ended when its parent has ended.
    pub(super) fn child(
        parent: &Arc<Node>,
        name: &str,
        supervised: Option<Arc<Supervised>>,
    ) -> Arc<Node> {
        let supervised = supervised.or_else(|| parent.life.supervised.clone());
        let path = format!("{}/{name}", parent.path).into();
        let mut contents = parent.contents();
        let counted = parent.life.enter();
        let above = counted.then(|| Arc::clone(&parent.life));
        let life = Life::new(above, parent.life.token.child(), supervised);
        let shared = Arc::clone(&parent.shared);
        let child = Arc::new(Node::new(path, Some(Arc::clone(parent)), shared, life));
        if counted {
            let (node, life) = (Arc::downgrade(&child), Arc::clone(&child.life));
            contents.children.insert(child.id, Child { node, life });
        }
        drop(contents);
        if !counted {
            // Nothing is inside, and nothing waits for it: there is no change to settle.
            let _ = child.life.end();
        } else if parent.life.is_cancelled() {
            // Either the parent's cancel finds the child in the list, or this sees its mark.
            child.mark_cancelled();
        }
        child
    }

    pub(super) fn name(&self) -> &str {
        let above = self
            .parent
            .as_ref()
            .map_or(0, |parent| parent.path.len() + 1);
        &self.path[above..]
    }

    pub(super) fn path(&self) -> &Arc<str> {
        &self.path
    }

    /// The node and all above it, the nearest first.
    pub(super) fn with_parents(&self) -> impl Iterator<Item = &Node> {
        std::iter::successors(Some(self), |node| node.parent.as_deref())
    }

    fn children(&self) -> Vec<Arc<Node>> {
        let children = self.contents().children();
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

    fn contents(&self) -> MutexGuard<'_, Contents<Node>> {
        lock(&self.contents)
    }

    // === its end, and with it the end of everything below ===

    /// Cancels the node and everything below it.
    pub(super) fn cancel(&self, cause: Cause) -> bool {
        // Marked first: a task that ends because of the token was present at the stop.
        self.mark_cancelled();
        self.life.token.cancel(cause)
    }

    fn mark_cancelled(&self) {
        let change = self.life.cancel();
        self.nudge_tasks(|task| task.ending == Ending::MayBeDropped);
        for child in self.children() {
            child.mark_cancelled();
        }
        self.life.settle(change);
    }

    /// Ends the node and everything below it, whatever is inside, and aborts that.
    pub(super) fn abort(&self) {
        let mut holds = Vec::new();
        self.abort_tasks(&mut holds);
        // Last, because it is foreign code, which may take its time.
        holds.into_iter().for_each(|hold| self.end_hold(hold));
    }

    fn abort_tasks(&self, holds: &mut Vec<OnAbort>) {
        self.aborting.store(true, Ordering::Release);
        let change = self.life.end();
        if !change.empty {
            self.members.wake();
            self.nudge_tasks(TaskState::counts);
            holds.extend(self.contents().take_holds());
        }
        for child in self.children() {
            child.abort_tasks(holds);
        }
        self.life.settle(change);
    }

    /// A panic in one hold does not keep the others from being ended.
    fn end_hold(&self, hold: OnAbort) {
        if let Err(caught) = catch(hold.end) {
            let outcome = Outcome::Panicked {
                message: message(&*caught.payload).to_owned(),
                location: caught.location,
            };
            let failed = TaskState::of_unnamed("(on abort)", Some(hold.held_at), outcome);
            self.record_failure(failed);
        }
    }

    fn nudge_tasks(&self, is_asked: impl Fn(&TaskState) -> bool) {
        let nudges = self.contents().nudges(is_asked);
        nudges.into_iter().for_each(Nudge::give);
    }

    #[inline]
    pub(super) fn is_aborting(&self) -> bool {
        self.aborting.load(Ordering::Acquire)
    }

    // === named tasks ===

    /// Counts a task in and lists it; `None` when the node has ended. A task that may be left
    /// behind is listed but not counted.
    pub(super) fn enter_task(&self, task: &Arc<TaskState>) -> Option<u32> {
        let mut contents = self.contents();
        let entered = if task.counts() {
            self.life.enter()
        } else {
            !self.life.is_ended()
        };
        if !entered {
            return None;
        }
        if let Some(supervised) = &self.life.supervised {
            supervised.count_in();
        }
        let key = contents.tasks.insert(Arc::clone(task));
        Some(u32::try_from(key).expect("fewer than four thousand million tasks"))
    }

    /// Whether a named task has to end now.
    pub(super) fn must_end(&self, task: &TaskState) -> bool {
        match task.ending {
            Ending::MayBeLeftBehind { .. } => false,
            Ending::MayBeDropped => self.life.is_cancelled() || self.is_aborting(),
            Ending::WhenCancelled | Ending::Finite => self.is_aborting(),
        }
    }

    /// The task waits for something; gives whether it must end already.
    pub(super) fn leave_nudge(&self, task: &TaskState, nudge: Nudge) -> bool {
        task.leave_nudge(nudge);
        self.must_end(task)
    }

    /// Takes the task off the list and hands its end on: to the supervisor, to the observer, and
    /// to the records.
    ///
    /// Most tasks complete in a scope that goes on and is not supervised: no report will name
    /// them, so none is made. For the others it is made before the task leaves the list and the
    /// count, so that a close waits until the failure was observed. A scope may be cancelled
    /// between the first look and the lock; then the report is made under the lock.
    pub(super) fn end_task(&self, key: u32, task: &Arc<TaskState>) {
        let failed = task.outcome().is_failure();
        let report = || {
            task.record_age();
            TaskReport::new(&self.path, Arc::clone(task))
        };
        let supervised = self.life.supervised.as_ref();
        let is_asked = failed || supervised.is_some() || self.life.is_cancelled();
        let reported = is_asked.then(report);
        if let (Some(supervised), Some(report)) = (supervised, &reported) {
            supervised.count_out(report);
        }
        if failed && let Some(report) = &reported {
            self.observe(report);
        }
        let mut contents = self.contents();
        let listed = contents.tasks.remove(key as usize);
        if self.life.is_cancelled() {
            self.life
                .records()
                .add_task(reported.unwrap_or_else(report));
        } else if failed && let Some(report) = reported {
            self.life.records().add_failure(report);
        }
        let change = task.counts().then(|| self.life.leave_unsettled());
        drop(contents);
        drop(listed);
        if let Some(change) = change {
            self.life.settle(change);
        }
    }

    /// The named task that a thread says it polls.
    pub(super) fn task(&self, key: u32) -> Option<Arc<TaskState>> {
        self.contents().tasks.get(key as usize).cloned()
    }

    // === unnamed members ===

    /// Ends what [`Life::enter`] has begun.
    pub(super) fn end_member(&self, slot: Option<Slot>, aborted: bool) {
        if let Some(slot) = slot {
            self.members.unlist(slot);
        }
        if aborted {
            self.life.records().add_aborted_members(1);
        }
        self.life.leave();
    }

    pub(super) fn site(&self, location: &'static Location<'static>) -> u16 {
        self.shared.sites.number(location)
    }

    /// The place that has this number.
    pub(super) fn place(&self, site: u16) -> String {
        place(self.shared.sites.location(site))
    }

    // === holds ===

    pub(super) fn enter_hold(&self, on_abort: OnAbort) -> Option<usize> {
        let mut contents = self.contents();
        if !self.life.enter() {
            return None;
        }
        // An abort that began before was refused above; one that begins now finds it.
        Some(contents.holds.insert(Some(on_abort)))
    }

    pub(super) fn drop_hold(&self, key: usize) {
        let mut contents = self.contents();
        let on_abort = contents.holds.remove(key);
        let change = self.life.leave_unsettled();
        drop(contents);
        drop(on_abort);
        self.life.settle(change);
    }

    // === failures, errands, the census and the records ===

    /// Of a member or a hold.
    pub(super) fn record_failure(&self, failed: Arc<TaskState>) {
        let failure = TaskReport::new(&self.path, failed);
        self.observe(&failure);
        self.life.records().add_failure(failure);
    }

    /// Hands a failure to the nearest observer above.
    #[cold]
    fn observe(&self, failure: &TaskReport) {
        if let Some(node) = self.with_parents().find(|node| node.observer.is_set()) {
            node.observer.observe(failure);
        }
    }

    /// The description of an errand by the nearest scope that has words for errands.
    pub(super) fn errand(&self, number: u64) -> Option<String> {
        let number = NonZeroU64::new(number)?;
        let mut nodes = self.with_parents();
        nodes.find_map(|node| node.errands.describe(number))?
    }

    pub(super) fn census(&self) -> Census {
        let contents = self.contents();
        let tasks = contents.tasks.iter();
        let tasks = tasks.map(|(_, task)| Arc::clone(task)).collect();
        let members = contents.members(&self.life);
        let holds = contents.holds.len();
        let children = contents.children();
        drop(contents);
        Census {
            tasks,
            members,
            holds,
            children: children.iter().filter_map(Weak::upgrade).collect(),
        }
    }

    /// The records of the node, with everything that still lives in it.
    pub(super) fn take_records(&self) -> Records {
        let contents = self.contents();
        let mut records = self.life.records().take();
        for child in contents.children.values() {
            records.absorb(child.life.records().take());
        }
        records.add_stuck_holds(contents.holds.len());
        records.add_aborted_members(contents.members(&self.life));
        for (_, task) in &contents.tasks {
            records.add_task(TaskReport::new(&self.path, task.still_running()));
        }
        records
    }
}

impl Drop for Node {
    /// Leaves the parent's list and hands the records up in one step under the parent's lock: a
    /// close finds them in one place or the other, and a census counts no child as a member.
    fn drop(&mut self) {
        let Some(parent) = &self.parent else { return };
        let mut contents = parent.contents();
        if contents.children.remove(&self.id).is_none() {
            // It was born ended.
            return;
        }
        let records = self.life.records().take();
        parent.life.records().absorb(records);
        let ended = self.life.end().ended;
        let change = ended.then(|| parent.life.leave_unsettled());
        drop(contents);
        if let Some(change) = change {
            parent.life.settle(change);
        }
    }
}

fn next_id() -> u64 {
    // Of std also in models: nothing is learnt from it but that two nodes differ.
    static TAKEN: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    TAKEN.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
}
