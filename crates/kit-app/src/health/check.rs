//! A check as its author gave it.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;

use kit_sync::BoxError;
use kit_transport::{MissingValue, Values};

use super::options::CheckOptions;
use super::record::Record;
use crate::{AppHandle, Error};

/// The argument of a check.
#[derive(Clone, Debug)]
pub struct CheckContext {
    handle: AppHandle,
    values: Values,
}

impl CheckContext {
    pub(super) fn new(handle: AppHandle, values: Values) -> CheckContext {
        CheckContext { handle, values }
    }

    /// The running application.
    #[must_use]
    pub fn handle(&self) -> &AppHandle {
        &self.handle
    }

    /// A clone of the value of this type, such as a resource: all of them are open.
    ///
    /// # Errors
    /// [`MissingValue`] with the names of those that are there.
    pub fn get<T: Clone + Send + Sync + 'static>(&self) -> Result<T, MissingValue> {
        self.values.require()
    }
}

type CheckFuture = Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>>;

type CheckFn = dyn Fn(CheckContext) -> CheckFuture + Send + Sync;

/// A check that can be run any number of times.
#[derive(Clone)]
pub(crate) struct Check {
    pub(crate) name: String,
    pub(super) options: CheckOptions,
    /// Where it was added to the app.
    pub(super) added_at: &'static Location<'static>,
    call: Arc<CheckFn>,
}

impl Check {
    #[track_caller]
    pub(crate) fn new<F, Fut>(name: String, options: CheckOptions, check: F) -> Check
    where
        F: Fn(CheckContext) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        Check {
            name,
            options,
            added_at: Location::caller(),
            call: Arc::new(move |context| Box::pin(check(context))),
        }
    }

    /// The check as it was added at this place, if that is not where it was made.
    pub(crate) fn at(self, added_at: &'static Location<'static>) -> Check {
        Check { added_at, ..self }
    }

    /// A record for its results.
    pub(crate) fn record(&self) -> Arc<Record> {
        Arc::new(Record::new(&self.name, self.options))
    }

    /// Calls it; a panic in the closure itself is one of the future, too.
    pub(super) async fn run(self, context: CheckContext) -> Result<(), BoxError> {
        (self.call)(context).await
    }
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "check `{}`", self.name)
    }
}

/// Every option of these checks that is of no use.
pub(crate) fn wrong_options(checks: &[Check]) -> Vec<Error> {
    let wrong = checks.iter().flat_map(|check| {
        let of = format!(" for the check `{}`", check.name);
        let wrong = check.options.check().into_iter();
        Error::of_options("CheckOptions", wrong.map(move |wrong| wrong.of(&of)))
    });
    wrong.collect()
}
