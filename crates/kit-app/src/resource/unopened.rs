//! A resource that could not be opened: what is left of it are the tasks that its `open` has spawned.

use std::time::Duration;

use kit_sync::{Deadline, Scope};
use tokio::time::Instant;

use super::ResourceLimits;
use super::tasks::{end_tasks, record_cut};
use crate::ResourceReport;
use crate::core::Core;

pub(crate) struct UnopenedResource {
    pub(super) name: String,
    pub(super) limits: ResourceLimits,
    /// Where its tasks live; cancelled.
    pub(super) scope: Scope,
    /// Why it could not be opened.
    pub(super) error: String,
}

impl UnopenedResource {
    /// Ends the tasks within the time that an open resource has for its `close` and its tasks: a
    /// connection says goodbye in either case.
    pub(crate) async fn close(
        self,
        core: &Core,
        share: &Deadline,
        grace: Duration,
    ) -> ResourceReport {
        let begun = Instant::now();
        let deadline = self.limits.close_deadline(share);
        let tasks = end_tasks(&self.name, &self.scope, core, &deadline, grace, begun).await;
        record_cut(&self.name, &tasks, core);
        ResourceReport {
            name: self.name,
            opened_in: None,
            took: begun.elapsed(),
            error: Some(self.error),
            tasks,
        }
    }
}
