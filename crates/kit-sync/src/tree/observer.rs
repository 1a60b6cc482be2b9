//! The function that is called for each failure of a scope when it happens, not at its close.

use std::fmt;

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

    /// Calls the function. It is foreign code: no lock is held, and a panic in it changes nothing,
    /// because no other observer hears of it.
    pub(super) fn observe(&self, failure: &TaskReport) {
        if let Some(observe) = self.0.get() {
            let _ = catch(|| observe(failure));
        }
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Observer").field(&self.is_set()).finish()
    }
}
