//! What a program has of its reloads.

use std::fmt;
use std::sync::Arc;

use kit_app::AppBuilder;
use kit_sync::BoxError;
use tokio::sync::watch;

use super::current::Current;
use super::engine::Engine;
use super::option::option;
use super::options::ReloadOptions;
use super::outcome::{ReloadError, Reloaded, Reloads};
use super::source;
use super::subscriber::{Commit, Subscriber};
use crate::{Loaded, Rules};

/// Loads settings anew and replaces them, while the app runs. Cheap to clone.
///
/// A reload is asked for by a signal or the app's handle, by a change of a file (both through
/// [`option`](Self::option)), or by [`reload`](Self::reload). It loads everything anew, in the order that
/// always holds, so that a key which is gone has its default again. Anything wrong changes nothing.
/// What stands in a [`Live`](crate::Live) is replaced at once, for all readers; a change of anything else is
/// reported as one that needs a restart.
pub struct Reloader<T>(Arc<Engine<T>>);

impl<T: Rules> Reloader<T> {
    /// Begins with settings that were loaded, and loads them anew from the same sources, with the flags of the
    /// command line ([`Loaded::sources`]).
    ///
    /// ```no_run
    /// use kit_app::App;
    /// use kit_config::{Live, Reloader, Rules, Settings};
    /// use schemars::JsonSchema;
    /// use serde::{Deserialize, Serialize};
    ///
    /// #[derive(Default, Deserialize, JsonSchema, Serialize)]
    /// #[serde(default)]
    /// struct Orders {
    ///     /// How many at most.
    ///     limit: Live<u32>,
    /// }
    ///
    /// impl Rules for Orders {}
    ///
    /// let loaded = Settings::<Orders>::new().file("config/orders.toml").load()?;
    /// let reloader = Reloader::new(loaded);
    /// let current = reloader.current();
    /// let app = App::builder("orders").apply(reloader.option());
    /// println!("at most {}", *current.read().limit);
    /// # Ok::<(), kit_config::LoadError>(())
    /// ```
    #[must_use]
    pub fn new(loaded: Loaded<T>) -> Reloader<T> {
        Reloader(Arc::new(source::engine(loaded)))
    }

    /// The settings as they are now, for those that read them.
    #[must_use]
    pub fn current(&self) -> Current<T> {
        self.0.current()
    }

    /// Adds code that is asked, with the old and the new settings, before each replacement, in the order in
    /// which it was added. It is called only when something has changed.
    ///
    /// It works in two steps. First all subscribers are asked. One that returns an error, or panics, refuses:
    /// nothing is replaced, no other is asked, and what those before it gave is dropped. So `prepare` has no
    /// effect outside that its result does not undo when it is dropped. Then the settings are replaced,
    /// and the functions that were given are called, in order; `Ok(())` gives none.
    ///
    /// It runs on the task that reloads and must not block, nor wait for another reload.
    ///
    /// ```
    /// use kit_config::{Live, Reloader, Rules};
    /// # use schemars::JsonSchema;
    /// # use serde::{Deserialize, Serialize};
    ///
    /// #[derive(Default, Deserialize, JsonSchema, Serialize)]
    /// #[serde(default)]
    /// struct Orders {
    ///     connections: Live<u32>,
    /// }
    ///
    /// impl Rules for Orders {}
    ///
    /// fn resize_pool(reloader: &Reloader<Orders>) {
    ///     reloader.subscribe("pool", |_old, new| {
    ///         if *new.connections == 0 {
    ///             return Err("a pool of no connections");
    ///         }
    ///         let size = *new.connections;
    ///         Ok(move || println!("the pool has {size} connections now"))
    ///     });
    /// }
    /// ```
    pub fn subscribe<C, E>(
        &self,
        name: impl Into<String>,
        prepare: impl Fn(&T, &T) -> Result<C, E> + Send + Sync + 'static,
    ) where
        C: Commit,
        E: Into<BoxError>,
    {
        self.0.add_subscriber(Subscriber::new(name.into(), prepare));
    }

    /// How often settings were loaded anew, and with what success; changes after each time.
    #[must_use]
    pub fn reloads(&self) -> watch::Receiver<Reloads> {
        self.0.reloads()
    }

    /// Loads everything anew and replaces the settings, and gives what came of it. The files are read on the
    /// task that calls.
    ///
    /// Reloads run one at a time. All requests that come before one begins are one; a request during one
    /// is one more after it. A failure is logged with every mistake, once for each reload.
    ///
    /// # Errors
    /// [`ReloadError`]; nothing was changed then.
    ///
    /// # Cancel safety
    /// A reload that is dropped has changed nothing, or has ended.
    pub async fn reload(&self) -> Result<Reloaded, ReloadError> {
        self.0.reload().await
    }

    /// The option of an app that reloads: at a SIGHUP and at
    /// [`AppHandle::reload`](kit_app::AppHandle::reload), by the reload hook `config`; and when a file has
    /// changed, by the worker `config watcher`, which keeps no app of jobs running.
    ///
    /// ```
    /// use kit_app::{App, AppBuilder};
    /// use kit_config::{Reloader, Rules};
    ///
    /// fn reloading<T: Rules>(reloader: &Reloader<T>) -> AppBuilder {
    ///     App::builder("orders").apply(reloader.option())
    /// }
    /// ```
    pub fn option(&self) -> impl FnOnce(AppBuilder) -> AppBuilder + use<T> {
        self.option_with(ReloadOptions::new())
    }

    /// [`option`](Self::option) with separate options of how files are watched.
    pub fn option_with(
        &self,
        options: ReloadOptions,
    ) -> impl FnOnce(AppBuilder) -> AppBuilder + use<T> {
        option(Arc::clone(&self.0), options)
    }
}

impl<T> Clone for Reloader<T> {
    fn clone(&self) -> Reloader<T> {
        Reloader(Arc::clone(&self.0))
    }
}

impl<T> fmt::Debug for Reloader<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Reloader").field(&self.0).finish()
    }
}
