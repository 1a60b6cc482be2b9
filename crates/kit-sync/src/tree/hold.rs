//! Holds: memberships of a scope that are not tasks.

use std::fmt;
use std::sync::Arc;

use super::contents::OnAbort;
use super::node::Node;

/// The scope has ended: nothing enters it any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the scope has ended")]
#[non_exhaustive]
pub struct Refused;

/// A membership that is not a task; see [`Scope::hold`](super::Scope::hold).
#[must_use = "dropping a hold ends it"]
pub struct Hold {
    node: Arc<Node>,
    key: usize,
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.node.drop_hold(self.key);
    }
}

impl fmt::Debug for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hold")
            .field("scope", &self.node.path())
            .finish()
    }
}

pub(super) fn hold(node: &Arc<Node>, on_abort: OnAbort) -> Result<Hold, Refused> {
    let key = node.enter_hold(on_abort).ok_or(Refused)?;
    Ok(Hold {
        node: Arc::clone(node),
        key,
    })
}
