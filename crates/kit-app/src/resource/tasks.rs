//! The end of the tasks of a resource.

use std::time::Duration;

use kit_sync::{CloseReport, Deadline, Scope};
use tokio::time::Instant;

use crate::budget::CUT_AHEAD;
use crate::core::Core;
use crate::report::overdue;
use crate::{Awaited, Error};

/// Closes the scope of a resource, which was cancelled, at the deadline, or `grace` after the stop was
/// forced. One whose time is used up already has a little all the same.
pub(super) async fn end_tasks(
    resource: &str,
    scope: &Scope,
    core: &Core,
    deadline: &Deadline,
    grace: Duration,
    begun: Instant,
) -> CloseReport {
    let deadline = deadline.clone().later(deadline.after(CUT_AHEAD));
    let grace = grace.max(core.control.since_forced() + CUT_AHEAD);
    let awaited = || Awaited::Close {
        resource: resource.to_owned(),
    };
    // The close aborts at the deadline by itself; the limit around it is for a stop that is forced.
    let limit = deadline.later_by(CUT_AHEAD);
    let closing = core
        .control
        .within(&limit, grace, scope.close_by(&deadline));
    match core.journal.awaits_since(begun, awaited, closing).await {
        Some(tasks) => tasks,
        None => scope.close(Instant::now()).await,
    }
}

/// Records the tasks that did not end in time as a failure.
pub(super) fn record_cut(resource: &str, tasks: &CloseReport, core: &Core) {
    if let Some(what) = overdue(resource, tasks) {
        core.journal.record_failure(Error::Cut { what });
    }
}
