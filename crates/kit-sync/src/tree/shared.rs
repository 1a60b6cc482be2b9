//! The things that all scopes of a tree have in common.

use tokio::runtime::Handle;
use tokio::time::Instant;

use super::sites::Sites;

/// Made with the tree, and the same for each of its nodes.
#[derive(Debug)]
pub(super) struct TreeShared {
    /// `None` in models, which drive nodes from the threads of loom.
    runtime: Option<Handle>,
    begun: Instant,
    pub(super) sites: Sites,
}

impl TreeShared {
    pub(super) fn new(runtime: Option<Handle>) -> TreeShared {
        TreeShared {
            runtime,
            begun: Instant::now(),
            sites: Sites::new(),
        }
    }

    pub(super) fn runtime(&self) -> &Handle {
        self.runtime.as_ref().expect("models spawn nothing")
    }

    /// In hundredths of a second of the tree's life: ages of members are kept in four bytes, which
    /// is enough for 497 days.
    pub(super) fn now(&self) -> u32 {
        let hundredths = self.begun.elapsed().as_millis() / 10;
        u32::try_from(hundredths).unwrap_or(u32::MAX)
    }
}
