//! All trees of the process: where a test finds the names of the tasks that a runtime still holds.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::runtime::Handle;

use super::node::Node;
use super::scope::Scope;

static ROOTS: Mutex<Vec<Weak<Node>>> = Mutex::new(Vec::new());

/// Not by `crate::lock`: models have no static locks, so this one is std's under loom, too.
fn locked() -> MutexGuard<'static, Vec<Weak<Node>>> {
    ROOTS.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn add(root: &Arc<Node>) {
    let mut roots = locked();
    roots.retain(|root| root.strong_count() > 0);
    roots.push(Arc::downgrade(root));
}

/// Whether failures in the scope with this number are given to an observer, its own or one above.
pub(crate) fn is_observed(scope: u64) -> bool {
    let roots = locked();
    let roots: Vec<_> = roots.iter().filter_map(Weak::upgrade).collect();
    let mut nodes = roots.iter().flat_map(Node::subtree);
    let node = nodes.find(|node| node.id == scope);
    node.is_some_and(|node| node.with_parents().any(|node| node.observer.is_set()))
}

/// The trees whose tasks run there.
pub(crate) fn of(runtime: &Handle) -> Vec<Scope> {
    let roots = locked();
    let nodes: Vec<_> = roots.iter().filter_map(Weak::upgrade).collect();
    drop(roots);
    let here = |node: &Arc<Node>| node.shared.runtime().id() == runtime.id();
    nodes.into_iter().filter(here).map(Scope::of).collect()
}
