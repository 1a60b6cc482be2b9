//! A named function that can be called again and again.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Mutex;

use kit_sync::BoxError;
use kit_transport::Context;

use super::every::Every;

/// How work ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum WorkKind {
    /// When it is cancelled.
    Worker,
    /// When it is done.
    Job,
    /// When it is cancelled; each time is a call.
    Every(Every),
}

type WorkFuture = Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>>;

type WorkFn = dyn FnMut(Context) -> WorkFuture + Send;

pub(crate) struct Work {
    pub(crate) name: String,
    pub(crate) kind: WorkKind,
    /// Where it was added to the app.
    pub(crate) added_at: &'static Location<'static>,
    call: Mutex<Box<WorkFn>>,
}

impl Work {
    #[track_caller]
    pub(crate) fn new<F, Fut>(name: String, kind: WorkKind, mut work: F) -> Work
    where
        F: FnMut(Context) -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        Work {
            name,
            kind,
            added_at: Location::caller(),
            call: Mutex::new(Box::new(move |context| Box::pin(work(context)))),
        }
    }

    /// Calls it, and awaits what it gives; a panic of the call is one of the future.
    pub(crate) async fn run(&self, context: Context) -> Result<(), BoxError> {
        let future = (kit_sync::lock(&self.call))(context);
        future.await
    }
}

impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({:?})", self.name, self.kind)
    }
}
