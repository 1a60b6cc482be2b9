//! Where the current code runs.

use std::cell::Cell;

use super::front::TaskId;

#[cfg(not(kit_loom))]
thread_local! {
    static INSIDE: Cell<Option<(usize, TaskId)>> = const { Cell::new(None) };
}
#[cfg(kit_loom)]
loom::thread_local! {
    static INSIDE: Cell<Option<(usize, TaskId)>> = Cell::new(None);
}

/// Until it is dropped, the code of this thread runs inside of a task of a group.
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
    let task = inside.filter(|inside| inside.0 == group);
    task.map(|(_, task)| task)
}

/// Whether this thread runs no task of tokio: it waits in `block_on`, or knows nothing of tokio.
pub(super) fn is_outside() -> bool {
    tokio::task::try_id().is_none()
}
