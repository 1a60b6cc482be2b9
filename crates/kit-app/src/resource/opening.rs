//! A resource whose `open` was called and has not ended.

use std::panic::Location;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kit_sync::{Cause, Ending, Scope, Task, TaskError, error_chain};
use kit_transport::{Context, Values};
use tokio::time::Instant;

use super::{Held, OpenResource, Resource, ResourceLimits, UnopenedResource};
use crate::core::Core;
use crate::error::source_of;
use crate::{Awaited, Error, Event};

pub(crate) struct Opening {
    name: String,
    pub(crate) limits: ResourceLimits,
    pub(crate) task: Task<Held>,
    added_at: &'static Location<'static>,
    /// Where `task` lives.
    calls: Scope,
    /// Where the tasks live that it spawns.
    scope: Scope,
    pub(crate) begun: Instant,
}

/// What a call of `open` has come to.
pub(crate) enum EndOfOpen {
    Opened(OpenResource),
    /// Why it could not be opened, and the rest of it that has to be closed.
    Unopened(Error, UnopenedResource),
}

impl Opening {
    /// Calls the function in a separate task below `root`, so that a panic or a blocked thread
    /// concerns this resource alone. `context` is made for the scope that it gets.
    pub(crate) fn call(
        resource: Resource,
        core: &Arc<Core>,
        root: &Scope,
        context: impl FnOnce(Scope) -> Context,
    ) -> Opening {
        let (name, limits) = (resource.name.clone(), resource.limits);
        core.emit(Event::ResourceOpening { name: name.clone() });
        let scope = root.child(&name);
        // The function can use its scope until it returns, also when that is cancelled meanwhile.
        let keep_open = scope.keep_open();
        let calls = root.child("calls").child(&name);
        // The end of a call has its own event.
        calls.observe_failures(|_| ());
        let context = context(scope.clone());
        let added_at = resource.added_at;
        let open = resource.into_open();
        let task = calls.spawn_at(added_at, "open", Ending::WhenCancelled, async move {
            let _keep_open = keep_open;
            open(context).await
        });
        Opening {
            name,
            limits,
            task,
            added_at,
            calls,
            scope,
            begun: Instant::now(),
        }
    }

    pub(crate) fn awaited(&self) -> Awaited {
        Awaited::Open {
            resource: self.name.clone(),
        }
    }

    /// Asks it to end; it may go on.
    pub(crate) fn cancel(&self, cause: Cause) {
        self.scope.cancel(cause);
    }

    /// The error of one that has used up its time.
    pub(crate) fn timed_out(&self, limit: Duration) -> Error {
        Error::OpenTimeout {
            resource: self.name.clone(),
            limit,
        }
    }

    /// Puts the value among those of the app, if there is one.
    pub(crate) fn end(
        self,
        ended: Result<Held, TaskError>,
        core: &Core,
        values: &mut Values,
    ) -> EndOfOpen {
        let Opening {
            name,
            limits,
            added_at,
            calls,
            scope,
            begun,
            ..
        } = self;
        let took = begun.elapsed();
        match ended {
            Ok(Held { put, remove, close }) => {
                put(&name, values);
                core.emit(Event::ResourceOpened {
                    name: name.clone(),
                    took,
                });
                EndOfOpen::Opened(OpenResource {
                    name,
                    limits,
                    added_at,
                    calls,
                    scope,
                    took,
                    remove,
                    close: Mutex::new(close),
                })
            }
            Err(error) => {
                scope.cancel(Cause::Requested("it could not be opened".to_owned()));
                let error = Error::Open {
                    resource: name.clone(),
                    source: source_of(error),
                };
                let unopened = UnopenedResource {
                    name,
                    limits,
                    scope,
                    error: error_chain(&error),
                };
                EndOfOpen::Unopened(error, unopened)
            }
        }
    }

    /// Drops one that did not end in time.
    pub(crate) async fn abort(self) -> (Error, UnopenedResource) {
        self.calls.close(Instant::now()).await;
        self.scope.cancel(Cause::Deadline);
        let error = Error::OpenDropped {
            resource: self.name.clone(),
            ran: self.begun.elapsed(),
        };
        let unopened = UnopenedResource {
            name: self.name,
            limits: self.limits,
            scope: self.scope,
            error: error_chain(&error),
        };
        (error, unopened)
    }
}
