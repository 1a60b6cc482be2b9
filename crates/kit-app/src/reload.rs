//! Reload hooks: what is read again while the app goes on.

mod reloads;
mod requests;
mod running;
mod task;

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;

use kit_sync::BoxError;

use crate::HookContext;

pub(crate) use reloads::Reloads;
pub(crate) use requests::ReloadRequests;
pub(crate) use task::ReloadTask;

type Reload = Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>>;

/// A function that is called at every reload.
#[derive(Clone)]
pub(crate) struct ReloadHook {
    pub(crate) name: String,
    /// Where it was added to the app.
    added_at: &'static Location<'static>,
    call: Arc<dyn Fn(HookContext) -> Reload + Send + Sync>,
}

impl ReloadHook {
    #[track_caller]
    pub(crate) fn new<F, Fut>(name: String, hook: F) -> ReloadHook
    where
        F: Fn(HookContext) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        ReloadHook {
            name,
            added_at: Location::caller(),
            call: Arc::new(move |context| Box::pin(hook(context))),
        }
    }

    /// Calls it; a panic in the closure itself is one of the future, too.
    async fn run(self, context: HookContext) -> Result<(), BoxError> {
        (self.call)(context).await
    }
}

impl fmt::Debug for ReloadHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "reload hook `{}`", self.name)
    }
}
