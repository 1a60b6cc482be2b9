//! The task tree as people read it.

use kit_sync::TreeSnapshot;

/// The tree without the owners of nothing.
pub(crate) fn without_empty(mut tree: TreeSnapshot) -> TreeSnapshot {
    remove_empty(&mut tree);
    tree
}

fn remove_empty(tree: &mut TreeSnapshot) {
    tree.scopes.retain(|scope| !scope.is_empty());
    tree.scopes.iter_mut().for_each(remove_empty);
}
