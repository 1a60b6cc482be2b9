//! The running application, as handlers, hooks and tests see it.

use std::fmt;
use std::sync::Arc;

use kit_sync::{Cause, Scope, TreeSnapshot};
use kit_transport::Stage;
use tokio::sync::watch;

use crate::core::Core;
use crate::{ComponentStatus, Error, Info, RegistrationStatus};

/// A handle to a running [`App`](crate::App), for hooks, components, handlers and tests. Cheap to
/// clone.
///
/// With feature `http` it is an extractor for axum's handlers; on a request of tonic,
/// `grpc::RequestExt::app` gives it.
#[derive(Clone)]
pub struct AppHandle(Arc<Core>);

/// The application stopped before it was ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the app stopped before it was ready")]
#[non_exhaustive]
pub struct NeverReady;

impl AppHandle {
    pub(crate) fn new(core: Arc<Core>) -> AppHandle {
        AppHandle(core)
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.0
    }

    /// Asks for a clean stop; `why` is printed in the log and the report. The first request
    /// stands; returns whether this was it.
    pub fn stop(&self, why: impl Into<String>) -> bool {
        self.0.control.ask(Cause::Requested(why.into()))
    }

    /// Asks for a [reload](crate::AppBuilder::on_reload); `why` is printed in the log. Requests that
    /// come before it begins, or while one runs, are one reload. Returns whether there will be one: there
    /// is a hook, and no stop was asked for.
    pub fn reload(&self, why: impl Into<String>) -> bool {
        let reloads = &self.0.reloads;
        let is_wanted = reloads.has_hooks && !self.0.control.is_asked();
        if is_wanted {
            reloads.ask(Cause::Requested(why.into()));
        }
        is_wanted
    }

    /// The identity of the application.
    #[must_use]
    pub fn info(&self) -> &Info {
        &self.0.info
    }

    /// The present stage.
    #[must_use]
    pub fn stage(&self) -> Stage {
        self.0.stage()
    }

    /// The stages, as they change.
    #[must_use]
    pub fn stages(&self) -> watch::Receiver<Stage> {
        self.0.stages()
    }

    /// Resolves when the application is ready.
    ///
    /// # Errors
    /// [`NeverReady`] when it stopped before it was.
    ///
    /// # Cancel safety
    /// May be dropped and called again at any time.
    pub async fn started(&self) -> Result<(), NeverReady> {
        self.0.ready().opened().await.map_err(|_| NeverReady)
    }

    /// Whether it may receive traffic: the start is complete and no stop has begun.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.0.was_ready() && self.stage() == Stage::Running
    }

    /// The components that were called to start, in that order, and where each stands.
    #[must_use]
    pub fn components(&self) -> Vec<ComponentStatus> {
        self.0.journal.components()
    }

    /// Each registry, and whether it shows the instance. Empty before the app registers.
    #[must_use]
    pub fn registrations(&self) -> Vec<RegistrationStatus> {
        self.0.registrations.statuses()
    }

    /// The app's tasks, as they are now; `None` before it runs. `Display` is an indented tree.
    #[must_use]
    pub fn tasks(&self) -> Option<TreeSnapshot> {
        self.0.tasks().map(Scope::tree)
    }

    /// Replaces one entry of the metadata and registers again.
    ///
    /// # Errors
    /// [`Error::Identity`] when the registries do not take it; nothing is changed then.
    pub fn set_metadata(&self, key: &str, value: &str) -> Result<(), Error> {
        self.0.registrations.set_metadata(key, value)
    }
}

impl fmt::Debug for AppHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppHandle")
            .field("name", &self.0.info.name())
            .field("stage", &self.stage())
            .finish_non_exhaustive()
    }
}
