//! Where tasks live: a tree of named scopes, and its owner.

mod blocking;
mod contents;
mod ending;
mod errands;
mod hold;
mod life;
mod member;
mod members;
mod named;
mod node;
mod observer;
mod outcome;
mod records;
mod report;
pub(crate) mod roots;
mod scope;
mod shared;
mod sites;
mod snapshot;
mod supervisor;
mod task;
mod task_state;
mod word;

#[cfg(all(test, not(kit_loom)))]
mod tests;

#[cfg(all(test, kit_loom))]
mod models;

use tokio::runtime::Handle;
use tokio::time::Instant;

pub use ending::{Ending, Kind};
pub use hold::{Hold, Refused};
pub use outcome::Outcome;
pub use report::{CloseReport, TaskReport};
pub use scope::Scope;
pub use snapshot::{MembersSnapshot, ScopeState, TaskSnapshot, TreeSnapshot};
pub use supervisor::Supervisor;
pub use task::{Task, TaskError, TaskResult};

use crate::Cause;
use node::Node;
use shared::TreeShared;

/// Owns a tree of tasks.
///
/// Tasks are spawned through its [`scope`](Self::scope) and the scopes below it, and end with
/// [`close`](Self::close). Dropping the tree cancels every task ([`Cause::Dropped`]) and aborts it;
/// an aborted task ends at its next await, which may be after the drop returned: to be sure of the
/// end, await `close`.
///
/// There is one owner; a scope is cloned and handed on instead:
///
/// ```compile_fail,E0599
/// # fn of(tree: kit_sync::TaskTree) {
/// let other = tree.clone();
/// # }
/// ```
#[derive(Debug)]
pub struct TaskTree {
    root: Scope,
}

impl TaskTree {
    /// A tree whose root has this name and whose tasks run on the current runtime.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    #[must_use]
    pub fn new(name: impl AsRef<str>) -> TaskTree {
        let node = Node::root(name.as_ref(), TreeShared::new(Some(Handle::current())));
        roots::add(&node);
        TaskTree {
            root: Scope::of(node),
        }
    }

    /// The root.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.root
    }

    /// The tasks that live in it now; see [`Scope::tree`].
    #[must_use]
    pub fn tree(&self) -> TreeSnapshot {
        self.root.tree()
    }

    /// [Closes](Scope::close) the root.
    ///
    /// # Cancel safety
    /// As [`Scope::close`].
    pub async fn close(&self, deadline: Instant) -> CloseReport {
        self.root.close(deadline).await
    }
}

impl Drop for TaskTree {
    fn drop(&mut self) {
        self.root.cancel(Cause::Dropped);
        self.root.node.abort();
    }
}
