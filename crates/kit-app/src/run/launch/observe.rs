//! The observers of a tree, which live beside every stage of its app.

use std::sync::Arc;

use kit_sync::{Cause, Ending, Scope, StopToken};

use crate::core::Core;

/// Makes events of the failures of tasks and of a forced stop, and stops the app with its parent.
pub(super) fn observe(root: &Scope, core: &Arc<Core>, parent: Option<StopToken>) {
    core.emit_failures_of(root);
    let requests = root.child("requests to stop");
    if let Some(parent) = parent {
        let core = Arc::clone(core);
        let parent = async move {
            parent.cancelled().await;
            core.control
                .ask(parent.cause().unwrap_or(Cause::ParentEnded));
        };
        requests.spawn_as("of the parent", Ending::MayBeDropped, parent);
    }
    // Where events are delivered inline the thread that forces it has emitted nothing.
    let core = Arc::clone(core);
    let forced = async move {
        core.control.forced().await;
        core.control.announce(&core.journal);
    };
    requests.spawn_as("by force", Ending::MayBeDropped, forced);
}
