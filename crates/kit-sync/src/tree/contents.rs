//! The lists of a node: named tasks, holds and children.

use std::collections::BTreeMap;
use std::panic::Location;
use std::sync::{Arc, Weak};

use slab::Slab;

use super::life::Life;
use super::task_state::{Nudge, TaskState};

/// The lists of a node, behind its lock. `N` is the node: its file stands above this one.
#[derive(Debug)]
pub(super) struct Contents<N> {
    pub(super) tasks: Slab<Arc<TaskState>>,
    /// `None` once the hold was asked to end.
    pub(super) holds: Slab<Option<OnAbort>>,
    /// By the number of the node, and so the oldest first.
    pub(super) children: BTreeMap<u64, Child<N>>,
}

#[derive(Debug)]
pub(super) struct Child<N> {
    pub(super) node: Weak<N>,
    pub(super) life: Arc<Life>,
}

/// The closure that ends a hold at the deadline.
pub(super) struct OnAbort {
    pub(super) end: Box<dyn FnOnce() + Send>,
    pub(super) held_at: &'static Location<'static>,
}

impl<N> Contents<N> {
    /// How many unnamed members this scope has: the count less all that is listed. One too few
    /// for a moment when a child ends, never one too many.
    pub(super) fn members(&self, scope: &Life) -> usize {
        let tasks = self.tasks.iter();
        let tasks = tasks.filter(|(_, task)| task.counts()).count();
        let children = self.children.values();
        let children = children
            .filter(|child| !child.life.is_counted_out())
            .count();
        // Read last: a child that is seen counted out has left this count before.
        let count = scope.count();
        count.saturating_sub(tasks + self.holds.len() + children)
    }

    /// The nudges of the tasks for which `is_asked` holds and that wait for something; to be given
    /// after the lock.
    pub(super) fn nudges(&self, is_asked: impl Fn(&TaskState) -> bool) -> Vec<Nudge> {
        let asked = self.tasks.iter().filter(|(_, task)| is_asked(task));
        asked.filter_map(|(_, task)| task.nudge()).collect()
    }

    /// The closures of the holds that were not asked to end before.
    pub(super) fn take_holds(&mut self) -> Vec<OnAbort> {
        let holds = self.holds.iter_mut();
        holds.filter_map(|(_, hold)| hold.take()).collect()
    }

    /// To be upgraded after the lock: the last reference to a child takes it to leave the list.
    pub(super) fn children(&self) -> Vec<Weak<N>> {
        let children = self.children.values();
        children.map(|child| Weak::clone(&child.node)).collect()
    }
}

impl<N> Default for Contents<N> {
    fn default() -> Contents<N> {
        Contents {
            tasks: Slab::new(),
            holds: Slab::new(),
            children: BTreeMap::new(),
        }
    }
}

impl std::fmt::Debug for OnAbort {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("OnAbort").field(&self.held_at).finish()
    }
}
