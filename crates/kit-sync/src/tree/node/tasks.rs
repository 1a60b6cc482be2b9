//! Coming and going of named tasks, holds and threads.

use std::sync::Arc;
use std::thread::JoinHandle;

use super::{Node, OnAbort};
use crate::sync::{Ordering, lock};
use crate::tree::ending::Ending;
use crate::tree::observer::observe;
use crate::tree::report::TaskReport;
use crate::tree::task_state::{Nudge, TaskState};

/// What lives in a node.
pub(in crate::tree) struct Census {
    pub(in crate::tree) tasks: Vec<Arc<TaskState>>,
    pub(in crate::tree) members: usize,
    pub(in crate::tree) holds: usize,
    pub(in crate::tree) children: Vec<Arc<Node>>,
}

impl Node {
    /// Counts a task in and gives it a place; `None` when the node has ended. What may be left
    /// behind is listed but not counted.
    pub(in crate::tree) fn enter_task(&self, task: &Arc<TaskState>) -> Option<u32> {
        // Counted and listed in one step for those who have the lock.
        let mut inside = self.lock();
        let entered = if task.counts() {
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
        let key = inside.tasks.insert(Arc::clone(task));
        Some(u32::try_from(key).expect("fewer than four thousand million tasks"))
    }

    /// Whether a named task has to end now.
    pub(in crate::tree) fn must_end(&self, task: &TaskState) -> bool {
        match task.ending {
            Ending::MayBeLeftBehind { .. } => false,
            Ending::MayBeDropped => self.is_cancelled() || self.is_aborting(),
            Ending::WhenTold | Ending::Finite => self.is_aborting(),
        }
    }

    /// The task waits for something; gives whether it must end already.
    pub(in crate::tree) fn leave_nudge(&self, task: &TaskState, nudge: Nudge) -> bool {
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
    pub(in crate::tree) fn task_ended(&self, key: u32, task: &Arc<TaskState>) {
        let failed = task.outcome().is_failure();
        let report = || {
            task.record_age();
            TaskReport::new(self.path(), Arc::clone(task))
        };
        let reported = (failed || self.watched.is_some() || self.is_cancelled()).then(report);
        if let (Some(watched), Some(report)) = (&self.watched, &reported) {
            watched.ended(report);
        }
        if failed && let Some(report) = &reported {
            observe(self, report);
        }
        let mut inside = self.lock();
        let listed = inside.tasks.remove(key as usize);
        if self.is_cancelled() {
            lock(&self.records).add_task(reported.unwrap_or_else(report));
        } else if failed && let Some(report) = reported {
            lock(&self.records).add_failure(report);
        }
        // Uncounted and unlisted in one step for those who have the lock.
        let change = task.counts().then(|| self.word.leave());
        drop(inside);
        drop(listed);
        if let Some(change) = change {
            self.after(change);
        }
    }

    /// What lives in the node.
    pub(in crate::tree) fn census(&self) -> Census {
        let inside = self.lock();
        let children = inside.children();
        let tasks = inside.tasks.iter();
        let tasks = tasks.map(|(_, task)| Arc::clone(task)).collect();
        let (members, holds) = (self.members(&inside, &children), inside.holds.len());
        // The children after the lock: the last reference to one takes it.
        drop(inside);
        Census {
            tasks,
            members,
            holds,
            children: children.into_iter().flatten().collect(),
        }
    }

    /// The named task that a thread says it polls.
    pub(in crate::tree) fn task(&self, key: u32) -> Option<Arc<TaskState>> {
        self.lock().tasks.get(key as usize).cloned()
    }

    #[inline]
    pub(in crate::tree) fn is_aborting(&self) -> bool {
        self.aborting.load(Ordering::Acquire)
    }

    pub(in crate::tree) fn enter_hold(&self, on_abort: OnAbort) -> Option<usize> {
        let mut inside = self.lock();
        if !self.word.enter() {
            return None;
        }
        // An abort that began before was refused above; one that begins now finds it.
        Some(inside.holds.insert(Some(on_abort)))
    }

    pub(in crate::tree) fn hold_ended(&self, key: usize) {
        let mut inside = self.lock();
        let on_abort = inside.holds.remove(key);
        let change = self.word.leave();
        drop(inside);
        drop(on_abort);
        self.after(change);
    }

    pub(in crate::tree) fn keep_thread(&self, thread: JoinHandle<()>) {
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

    /// Joins the threads whose work is done.
    pub(in crate::tree) fn join_threads(&self) {
        let threads = std::mem::take(&mut self.lock().threads);
        // A thread leaves its place as the last thing it does, so this waits for no work.
        let (done, running): (Vec<_>, Vec<_>) = threads
            .into_iter()
            .partition(|thread| self.live() == 0 || thread.is_finished());
        self.lock().threads.extend(running);
        join(done);
    }
}

fn join(threads: Vec<JoinHandle<()>>) {
    for thread in threads {
        // A panic was caught inside and is in the records.
        let _ = thread.join();
    }
}
