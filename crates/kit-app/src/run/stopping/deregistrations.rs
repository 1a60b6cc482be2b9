//! The deregistrations of a stop, which go on beside its other steps.

use std::collections::VecDeque;
use std::sync::Arc;

use kit_sync::{Gate, Latch, Scope, Task};

use crate::RegistrationReport;
use crate::budget::Budget;
use crate::core::Core;
use crate::journal::Journal;

/// Deregistrations from every registry at the same time. Each begins at [`begin`](Self::begin), or at
/// once when something has failed or fails meanwhile, because requests should go elsewhere then.
pub(super) struct Deregistrations {
    /// Those without a result, in the order of the registries.
    tasks: VecDeque<Task<RegistrationReport>>,
    /// Keeps them from their begin.
    latch: Option<Latch>,
}

impl Deregistrations {
    /// Spawns a task in `scope` for each registration. Nothing registers any more from here on.
    pub(super) fn arm(core: &Core, scope: &Scope, budget: &Budget) -> Deregistrations {
        let go = Gate::new();
        let latch = Some(go.latch("the hooks before"));
        let deregister = |registered: crate::registration::Registered| {
            let (control, journal) = (Arc::clone(&core.control), Arc::clone(&core.journal));
            let deregister = registered.deregister(go.clone(), budget.clone(), control, journal);
            scope.spawn_value("deregister", deregister)
        };
        let registered = core.registrations.end().into_iter();
        Deregistrations {
            tasks: registered.map(deregister).collect(),
            latch,
        }
    }

    pub(super) fn begin(&mut self) {
        let _: Option<()> = self.latch.take().map(Latch::open);
    }

    /// Records the results that were not recorded yet. The tasks keep their deadline themselves, that
    /// of a forced stop too.
    ///
    /// # Cancel safety
    /// Dropping it leaves the deregistrations going on; another call records the results that are left.
    pub(super) async fn end(&mut self, journal: &Journal) {
        while let Some(task) = self.tasks.front_mut() {
            let report = task.await;
            self.tasks.pop_front();
            let Ok(report) = report else { continue };
            if let Some(error) = &report.error {
                let registry = &report.registry;
                journal.note(format!(
                    "deregistration from {registry} not confirmed: {error}"
                ));
            }
            journal.record_registration(report);
        }
    }
}
