//! A reloader as an option of an app.

use kit_app::{AppBuilder, BoxError, Policy, WorkerOptions};

use super::options::ReloadOptions;
use super::reloader::{Reloader, Report};
use super::watch;

impl<T: Send + Sync + 'static> Reloader<T> {
    /// The option of an app that reloads: at a SIGHUP and at
    /// [`AppHandle::reload`](kit_app::AppHandle::reload), by the reload hook `config`; and when a file has
    /// changed, by the worker `config watcher`, which keeps no app of jobs running.
    ///
    /// ```no_run
    /// # fn of(reloader: kit_config::Reloader<u32>) {
    /// use kit_app::App;
    ///
    /// let app = App::builder("orders").apply(reloader.option());
    /// # }
    /// ```
    pub fn option(&self) -> impl FnOnce(AppBuilder) -> AppBuilder + use<T> {
        self.option_with(ReloadOptions::new())
    }

    /// [`option`](Self::option) with separate options of how files are watched.
    #[track_caller]
    pub fn option_with(
        &self,
        options: ReloadOptions,
    ) -> impl FnOnce(AppBuilder) -> AppBuilder + use<T> {
        let reloader = self.clone();
        move |app| {
            let hooked = reloader.clone();
            let app = app.on_reload("config", move |hook| {
                let reloader = hooked.clone();
                async move {
                    let reloaded = reloader.reload_in(hook.scope(), Report::AtOnce).await;
                    // The mistakes were logged line by line; this is the app's line about its hook.
                    let failed = |error| -> BoxError { format!("{error}").into() };
                    reloaded.map(drop).map_err(failed)
                }
            });
            if !options.watch || reloader.paths().is_empty() {
                return app;
            }
            // Without it the settings can be loaded anew all the same, and the app does its work.
            let worker = WorkerOptions::new().auxiliary().policy(Policy::Ignore);
            app.worker_with("config watcher", worker, move |context| {
                watch::run(reloader.clone(), options, context)
            })
        }
    }
}
