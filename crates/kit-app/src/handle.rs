//! The running application, as handlers, hooks and tests see it.

use std::fmt;
use std::sync::Arc;

use kit_sync::{Cause, Scope, TreeSnapshot};
use kit_transport::Stage;
use tokio::sync::watch;

use crate::core::Core;
use crate::events::Stamped;
use crate::health::{self, CheckStatus, Probe};
use crate::{ComponentStatus, Error, Info, OpenRegistry, RegistrationStatus, Undelivered};

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

/// A stop was asked for, which goes one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the app stops, and a stop cannot be taken back")]
#[non_exhaustive]
pub struct StopBegun;

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

    /// Asks for a drain: the app is not ready any more, health is down, intake is closed, and the
    /// instance is deregistered. Everything is still served, and a stop has this much less to do.
    /// `why` is printed in the log.
    ///
    /// It lasts until [`undrain`](Self::undrain) or the stop. Returns whether this call began it:
    /// not when one was asked for before, and not once a stop was asked for, which does all of this
    /// itself. No stage changes: those go one way.
    ///
    /// ```
    /// use kit_app::{App, Signals};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let app = App::builder("orders").signals(Signals::none()).build();
    /// let handle = app.handle();
    /// let (report, ()) = tokio::join!(app.run(), async {
    ///     handle.started().await.expect("it starts");
    ///     assert!(handle.drain("maintenance") && !handle.is_ready());
    ///     assert!(handle.undrain().is_ok() && handle.is_ready());
    ///     handle.stop("done");
    ///     assert!(handle.undrain().is_err());
    /// });
    /// # report.unwrap();
    /// # }
    /// ```
    pub fn drain(&self, why: impl Into<String>) -> bool {
        let begins = self.0.control.drain(why.into());
        if begins {
            self.0.health.mark_changed();
        }
        begins
    }

    /// Ends a drain: the instance is registered again, health and intake are what they were before it.
    /// Returns whether there was one.
    ///
    /// # Errors
    /// [`StopBegun`] once a stop was asked for: nothing changes.
    pub fn undrain(&self) -> Result<bool, StopBegun> {
        let was_asked = self.0.control.undrain().map_err(|_| StopBegun)?;
        self.0.health.mark_changed();
        Ok(was_asked)
    }

    /// Whether a drain was asked for and not ended.
    #[must_use]
    pub fn is_drained(&self) -> bool {
        self.0.control.drain_so_far().is_some()
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

    /// Whether it may receive traffic; [`readiness`](Self::readiness) says why not.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.readiness().passes
    }

    /// Whether it may receive traffic: the start is complete, neither a stop nor a drain was asked
    /// for, the runtime makes progress and every required check passes. It is false before anything
    /// else shows that the app stops.
    #[must_use]
    pub fn readiness(&self) -> Probe {
        health::readiness(&self.0)
    }

    /// Whether the runtime makes progress, as far as something watches it from another thread: the
    /// admin server does (feature `admin`), with a limit of a second, and the watchdog of
    /// [`App::main`](crate::App::main), with its `tick_limit`.
    #[must_use]
    pub fn liveness(&self) -> Probe {
        health::liveness(&self.0)
    }

    /// Whether the start is complete, whatever came then.
    #[must_use]
    pub fn startup(&self) -> Probe {
        health::startup(&self.0)
    }

    /// The checks, with their last results.
    #[must_use]
    pub fn checks(&self) -> Vec<CheckStatus> {
        self.0.health.statuses()
    }

    /// The components that were called to start, in that order, and where each stands.
    #[must_use]
    pub fn components(&self) -> Vec<ComponentStatus> {
        self.0.journal.components()
    }

    /// The last 256 events, the oldest first, without those that hold a tree of tasks.
    #[must_use]
    pub fn events(&self) -> Vec<Arc<Stamped>> {
        self.0.journal.events().recent()
    }

    /// How many events each consumer has missed so far because its queue was full, the log first; 0 for
    /// one that keeps up. Empty where delivery is [inline](crate::Delivery::Inline).
    #[must_use]
    pub fn dropped_events(&self) -> Vec<Undelivered> {
        self.0.journal.events().dropped()
    }

    /// Each registry, and whether it shows the instance. Empty before the app registers.
    #[must_use]
    pub fn registrations(&self) -> Vec<RegistrationStatus> {
        self.0.registrations.statuses()
    }

    /// Each registry that was opened by its URL, in the order in which they were given, to find other services in.
    /// Empty before the `before_start` hooks.
    ///
    /// ```
    /// use kit_app::{App, Signals};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let app = App::builder("orders").registry("memory:").signals(Signals::none());
    /// let app = app.after_start("stock", |ctx| async move {
    ///     let registry = ctx.handle().registries().remove(0);
    ///     let mut stock = registry.discovery.watch(&"stock".parse()?).await?;
    ///     let known = stock.next().await?;
    ///     assert!(known.is_fresh() && known.instances.is_empty());
    ///     ctx.handle().stop("seen");
    ///     Ok(())
    /// });
    /// # app.build().run().await.unwrap();
    /// # }
    /// ```
    #[must_use]
    pub fn registries(&self) -> Vec<OpenRegistry> {
        self.0.registrations.open()
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
