//! Named functions at the four turning points of an application's life.

pub(crate) mod running;
mod stage;

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};

use kit_sync::{BoxError, Scope};
use kit_transport::{MissingValue, Values};

pub use stage::{HookOptions, HookStage};

use crate::AppHandle;

/// The argument of a hook.
#[derive(Clone, Debug)]
pub struct HookContext {
    handle: AppHandle,
    scope: Scope,
    values: Values,
    /// Why a value is missing, when none can be there.
    without_resources: Option<&'static str>,
}

impl HookContext {
    pub(crate) fn new(handle: AppHandle, scope: Scope, values: Values) -> HookContext {
        HookContext {
            handle,
            scope,
            values,
            without_resources: None,
        }
    }

    /// The same for a hook of this stage.
    pub(crate) fn in_stage(self, stage: HookStage) -> HookContext {
        let without_resources = match stage {
            HookStage::BeforeStart => Some("resources are opened after the before_start hooks"),
            HookStage::AfterStop => Some("resources are closed before the after_stop hooks"),
            HookStage::AfterStart | HookStage::BeforeStop => None,
        };
        HookContext {
            without_resources,
            ..self
        }
    }

    /// The running application.
    #[must_use]
    pub fn handle(&self) -> &AppHandle {
        &self.handle
    }

    /// Where the hook's own tasks live. One that fails is named in the report and does not stop
    /// the app; a task that has to stop it belongs to a component. The scope of a hook of the start
    /// is cancelled when a stop begins; a hook that still runs and listens to it can end early.
    ///
    /// The tasks of every hook but those of `after_stop` end before the resources are closed; one that
    /// is cut there is a failure.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// A clone of the value of this type, such as a resource that is open: hooks after the start and
    /// before the stop find all of them, those before the start and after the stop find none.
    ///
    /// # Errors
    /// [`MissingValue`] with the names of those that are there.
    pub fn get<T: Clone + Send + Sync + 'static>(&self) -> Result<T, MissingValue> {
        let missing = |missing: MissingValue| match self.without_resources {
            Some(why) => missing.because(why),
            None => missing,
        };
        self.values.require().map_err(missing)
    }
}

type HookFuture = Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>>;

type HookFn = dyn FnOnce(HookContext) -> HookFuture + Send;

/// A hook that was not called yet.
pub(crate) struct Hook {
    pub(crate) stage: HookStage,
    pub(crate) name: String,
    pub(crate) options: HookOptions,
    /// Where it was added to the app.
    added_at: &'static Location<'static>,
    /// In a mutex, because a function that is called once is not `Sync`, and the future of a run,
    /// which borrows the hooks, has to be `Send`.
    call: Mutex<Box<HookFn>>,
}

impl Hook {
    #[track_caller]
    pub(crate) fn new<F, Fut>(stage: HookStage, name: String, options: HookOptions, hook: F) -> Hook
    where
        F: FnOnce(HookContext) -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        Hook {
            stage,
            name,
            options,
            added_at: Location::caller(),
            call: Mutex::new(Box::new(|context| Box::pin(hook(context)))),
        }
    }

    /// Calls it; a panic in the closure itself is one of the future, too.
    pub(crate) async fn run(self, context: HookContext) -> Result<(), BoxError> {
        let call = self.call.into_inner();
        call.unwrap_or_else(PoisonError::into_inner)(context).await
    }
}

impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `{}`", self.stage, self.name)
    }
}

/// The hooks that were not called yet, in the order in which they were given.
#[derive(Debug, Default)]
pub(crate) struct Hooks(Vec<Hook>);

impl Hooks {
    pub(crate) fn add(&mut self, hook: Hook) {
        self.0.push(hook);
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Hook> {
        self.0.iter()
    }

    /// Takes the next hook of a stage.
    pub(crate) fn take_next(&mut self, stage: HookStage) -> Option<Hook> {
        let next = self.0.iter().position(|hook| hook.stage == stage)?;
        Some(self.0.remove(next))
    }

    /// Takes all hooks of a stage.
    pub(crate) fn take_all(&mut self, stage: HookStage) -> Vec<Hook> {
        self.0.extract_if(.., |hook| hook.stage == stage).collect()
    }
}
