//! Named functions at the four turning points of an application's life.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use kit_sync::{BoxError, Scope};

use crate::AppHandle;

/// When a hook runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HookStage {
    /// Before the first component starts.
    BeforeStart,
    /// After the instance was registered, before it is ready.
    AfterStart,
    /// After health went down, before the instance is deregistered. Runs on every stop.
    BeforeStop,
    /// After the last component has ended. Runs on every stop.
    AfterStop,
}

impl fmt::Display for HookStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            HookStage::BeforeStart => "before_start",
            HookStage::AfterStart => "after_start",
            HookStage::BeforeStop => "before_stop",
            HookStage::AfterStop => "after_stop",
        })
    }
}

/// How a hook of the start is run.
///
/// ```
/// use std::time::Duration;
///
/// use kit_app::{App, HookOptions};
///
/// let app = App::builder("orders").before_start_with(
///     "migrate",
///     HookOptions::new().timeout(Duration::from_secs(3600)),
///     |_app| async { Ok(()) },
/// );
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use = "options do nothing until they are given to a hook"]
pub struct HookOptions {
    pub(crate) timeout: Option<Duration>,
}

impl HookOptions {
    /// The defaults: the [`hook_timeout`](crate::AppBuilder::hook_timeout) of the app.
    pub fn new() -> HookOptions {
        HookOptions::default()
    }

    /// Replaces how long this hook may take. Then its token is cancelled and the start fails; the
    /// hook may go on until the deadline of the stop.
    pub fn timeout(self, timeout: Duration) -> HookOptions {
        let timeout = Some(timeout);
        HookOptions { timeout }
    }
}

/// What a hook is handed.
#[derive(Clone, Debug)]
pub struct HookContext {
    handle: AppHandle,
    scope: Scope,
}

impl HookContext {
    pub(crate) fn new(handle: AppHandle, scope: Scope) -> HookContext {
        HookContext { handle, scope }
    }

    /// The running application.
    #[must_use]
    pub fn handle(&self) -> &AppHandle {
        &self.handle
    }

    /// Where the hook's own tasks live. One that fails is named in the report and does not stop
    /// the app; what has to stop it is a component. Its token is told when a stop begins; a hook that runs
    /// during the start and listens to it can end early.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.scope
    }
}

type HookFuture = Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>>;

pub(crate) struct Hook {
    pub(crate) stage: HookStage,
    pub(crate) name: String,
    pub(crate) options: HookOptions,
    call: Box<dyn FnOnce(HookContext) -> HookFuture + Send>,
}

impl Hook {
    pub(crate) fn new<F, Fut>(stage: HookStage, name: String, options: HookOptions, hook: F) -> Hook
    where
        F: FnOnce(HookContext) -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        Hook {
            stage,
            name,
            options,
            call: Box::new(|context| Box::pin(hook(context))),
        }
    }

    /// Calls it; a panic in the closure itself is one of the future, too.
    pub(crate) async fn run(self, context: HookContext) -> Result<(), BoxError> {
        (self.call)(context).await
    }
}

impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `{}`", self.stage, self.name)
    }
}
