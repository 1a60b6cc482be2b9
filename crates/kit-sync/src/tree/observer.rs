//! Hearing of a failure when it happens, not when the scope is closed.

use std::fmt;

use super::node::Node;
use super::report::TaskReport;
use crate::panic::catch;
use crate::sync::OnceLock;

type Observe = dyn Fn(&TaskReport) + Send + Sync;

/// The function of a node that its failures are given to, if it has one.
#[derive(Default)]
pub(super) struct Observer(OnceLock<Box<Observe>>);

impl Observer {
    /// Whether this is the node's first.
    pub(super) fn set(&self, observe: Box<Observe>) -> bool {
        self.0.set(observe).is_ok()
    }

    pub(super) fn is_set(&self) -> bool {
        self.0.get().is_some()
    }
}

/// Calls the nearest observer from `node` upwards. No lock is held, because it is foreign code; a
/// panic in it changes nothing.
#[cold]
pub(super) fn observe(node: &Node, failure: &TaskReport) {
    let mut next = Some(node);
    while let Some(node) = next {
        if let Some(observe) = node.observer.0.get() {
            // An observer that panics has no observer of its own.
            let _ = catch(|| observe(failure));
            return;
        }
        next = node.parent();
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Observer").field(&self.is_set()).finish()
    }
}
