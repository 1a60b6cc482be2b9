//! What a run owns in every stage.

use std::sync::Arc;

use kit_sync::{Scope, TaskTree};

use crate::AppHandle;
use crate::component::Component;
use crate::core::Core;
use crate::settings::Settings;
use crate::signals::Installed;

/// Handed on from stage to stage.
pub(crate) struct Parts {
    pub(super) app: AppHandle,
    pub(super) settings: Settings,
    /// Those whose start was called.
    pub(super) components: Vec<Component>,
    pub(super) tree: TaskTree,
    /// After the tree: signals are taken until its tasks are aborted.
    pub(super) signals: Installed,
    /// Where the tasks live that hooks of the start spawn: cancelled when a stop begins.
    pub(super) start_hooks: Scope,
    /// The app's own tasks that see components end.
    pub(super) supervision: Scope,
    pub(super) registrations: Scope,
    /// Connections to registries: closed after the registrations that use them.
    pub(super) registries: Scope,
}

impl Parts {
    pub(super) fn new(
        app: AppHandle,
        settings: Settings,
        signals: Installed,
        tree: TaskTree,
    ) -> Parts {
        let child = |name| tree.scope().child(name);
        Parts {
            app,
            settings,
            signals,
            components: Vec::new(),
            start_hooks: child("hooks"),
            supervision: child("supervision"),
            registrations: child("registrations"),
            registries: child("registries"),
            tree,
        }
    }

    pub(super) fn core(&self) -> &Arc<Core> {
        self.app.core()
    }
}
