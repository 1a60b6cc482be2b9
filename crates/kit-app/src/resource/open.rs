//! A resource that is open.

use std::panic::Location;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use kit_sync::{Cause, Deadline, Ending, Scope, error_chain};
use kit_transport::Values;
use tokio::time::Instant;

use super::tasks::{end_tasks, record_cut};
use super::{CloseFn, ResourceLimits};
use crate::core::Core;
use crate::error::source_of;
use crate::{Awaited, Error, Event, ResourceReport};

pub(crate) struct OpenResource {
    pub(super) name: String,
    pub(super) limits: ResourceLimits,
    /// Where it was added to the app.
    pub(super) added_at: &'static Location<'static>,
    /// Where its `close` runs.
    pub(super) calls: Scope,
    /// Where its tasks live.
    pub(super) scope: Scope,
    /// How long it took to open.
    pub(super) took: Duration,
    pub(super) remove: fn(&mut Values) -> bool,
    /// In a mutex, because a function that is called once is not `Sync`.
    pub(super) close: Mutex<Box<CloseFn>>,
}

impl OpenResource {
    /// Takes the value from those of the app, calls `close`, and ends the tasks of the resource:
    /// these come after it, because a client that is closed in an order may need the task that
    /// carries its connection.
    ///
    /// The limit is `share`, or less when its limit says so; a forced stop leaves `grace` after its
    /// signal.
    pub(crate) async fn close(
        self,
        core: &Core,
        values: &mut Values,
        cause: Cause,
        share: &Deadline,
        grace: Duration,
    ) -> ResourceReport {
        let begun = Instant::now();
        let OpenResource {
            name,
            limits,
            added_at,
            calls,
            scope,
            took: opened_in,
            remove,
            close,
        } = self;
        core.emit(Event::ResourceClosing { name: name.clone() });
        remove(values);
        let close = close.into_inner().unwrap_or_else(PoisonError::into_inner);
        let deadline = limits.close_deadline(share);
        let awaited = || Awaited::Close {
            resource: name.clone(),
        };
        let closing = calls.spawn_at(added_at, "close", Ending::WhenCancelled, close());
        let closing = core.control.within(&deadline, grace, closing);
        let error = match core.journal.awaits(awaited, closing).await {
            Some(Ok(())) => None,
            Some(Err(error)) => Some(Error::Close {
                resource: name.clone(),
                source: source_of(error),
            }),
            None => {
                calls.close(Instant::now()).await;
                Some(Error::CloseDropped {
                    resource: name.clone(),
                    ran: begun.elapsed(),
                })
            }
        };
        let line = error.as_ref().map(|error| error_chain(error));
        scope.cancel(cause);
        let tasks = end_tasks(&name, &scope, core, &deadline, grace, begun).await;
        core.emit(Event::ResourceClosed {
            name: name.clone(),
            took: begun.elapsed(),
            error: line.clone(),
        });
        if let Some(error) = error {
            core.journal.record_failure(error);
        }
        record_cut(&name, &tasks, core);
        ResourceReport {
            name,
            opened_in: Some(opened_in),
            took: begun.elapsed(),
            error: line,
            tasks,
        }
    }
}
