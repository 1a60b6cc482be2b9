//! How a node ends, and with it everything below.

use std::sync::Arc;
use std::task::Waker;

use super::{Inside, Node, OnAbort};
use crate::Cause;
use crate::panic::{catch, message};
use crate::sync::{Ordering, lock};
use crate::tree::ending::Ending;
use crate::tree::outcome::Outcome;
use crate::tree::records::Records;
use crate::tree::report::TaskReport;
use crate::tree::task_state::{Nudge, TaskState};

impl Node {
    /// Tells the node and everything below it.
    pub(in crate::tree) fn cancel(&self, cause: Cause) -> bool {
        // Marked first: a task that ends because it was told was present at the stop.
        self.mark_cancelled();
        self.token.cancel(cause)
    }

    pub(super) fn mark_cancelled(&self) {
        let change = self.word.cancel();
        self.nudge_tasks(|task| task.ending == Ending::MayBeDropped);
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
        let mut holds = Vec::new();
        self.abort_tasks(&mut holds);
        // Last: somebody else's code, which may take its time.
        // A panic in one must not keep the others from being told.
        holds.into_iter().for_each(|hold| self.end_hold(hold));
    }

    fn abort_tasks(&self, holds: &mut Vec<OnAbort>) {
        self.aborting.store(true, Ordering::Release);
        let change = self.word.end();
        if !change.empty {
            self.members_to_wake().into_iter().for_each(Waker::wake);
            self.nudge_tasks(TaskState::counts);
            let mut inside = self.lock();
            let held = inside.holds.iter_mut();
            holds.extend(held.filter_map(|(_, hold)| hold.take()));
        }
        for child in self.children() {
            child.abort_tasks(holds);
        }
        self.after(change);
    }

    fn end_hold(&self, hold: OnAbort) {
        if let Err(caught) = catch(hold.end) {
            let outcome = Outcome::Panicked {
                message: message(&*caught.payload).to_owned(),
                location: caught.location,
            };
            let failed = TaskState::of_unnamed("(on abort)", Some(hold.held_at), outcome);
            self.member_failed(TaskReport::new(self.path(), failed));
        }
    }

    fn nudge_tasks(&self, whom: impl Fn(&TaskState) -> bool) {
        let inside = self.lock();
        let whom = inside.tasks.iter().filter(|(_, task)| whom(task));
        let nudges: Vec<_> = whom.filter_map(|(_, task)| task.nudge()).collect();
        drop(inside);
        nudges.into_iter().for_each(Nudge::give);
    }

    /// What the node remembers, and what still lives in it.
    pub(in crate::tree) fn take_records(&self) -> Records {
        let inside = self.lock();
        let children = inside.children();
        let mut records = lock(&self.records).take();
        for (_, child) in &inside.children {
            records.absorb(lock(&child.records).take());
        }
        records.add_stuck_holds(inside.holds.len());
        records.add_aborted_members(self.members(&inside, &children));
        for (_, task) in &inside.tasks {
            records.add_task(TaskReport::new(self.path(), task.still_running()));
        }
        // The children after the lock: the last reference to one takes it.
        drop(inside);
        drop(children);
        records
    }

    /// How many unnamed members there are: what is counted and is nothing else. One too few for a
    /// moment when a child goes, never one too many.
    pub(super) fn members(&self, inside: &Inside, children: &[Option<Arc<Node>>]) -> usize {
        let tasks = inside.tasks.iter();
        let tasks = tasks.filter(|(_, task)| task.counts()).count();
        // One that is being dropped waits for the lock to be counted out.
        let counted = |child: &&Option<Arc<Node>>| {
            let child = child.as_ref();
            child.is_none_or(|child| !child.counted_out.load(Ordering::Acquire))
        };
        let children = children.iter().filter(counted).count();
        self.live()
            .saturating_sub(tasks + inside.holds.len() + children)
    }
}
