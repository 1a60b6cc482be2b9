//! Where the current code runs: inside of which task of which group, and on which thread.

use std::cell::Cell;

use super::lanes::Thread;
use super::places::TaskId;

#[cfg(not(kit_loom))]
thread_local! {
    static INSIDE: Cell<Option<(usize, TaskId)>> = const { Cell::new(None) };
}
#[cfg(kit_loom)]
loom::thread_local! {
    static INSIDE: Cell<Option<(usize, TaskId)>> = Cell::new(None);
}

/// Until it is dropped, the code of this thread runs inside of a task.
pub(super) struct Inside {
    before: Option<(usize, TaskId)>,
}

impl Inside {
    pub(super) fn enter(group: usize, task: TaskId) -> Inside {
        Inside {
            before: INSIDE.with(|inside| inside.replace(Some((group, task)))),
        }
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        INSIDE.with(|inside| inside.set(self.before));
    }
}

/// The task of this group inside of which the current code runs.
pub(super) fn task_of(group: usize) -> Option<TaskId> {
    let inside = INSIDE.with(Cell::get);
    inside.filter(|inside| inside.0 == group).map(|(_, task)| task)
}

/// The current thread, if it runs a task of tokio.
pub(super) fn thread() -> Option<Thread> {
    tokio::task::try_id()?;
    Some(INSIDE.with(|inside| std::ptr::from_ref(inside).addr()))
}
