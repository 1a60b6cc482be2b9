//! Reloads as an option of an app.

use std::sync::Arc;

use kit_app::{AppBuilder, BoxError, Policy, WorkerOptions};

use super::engine::{Engine, Report};
use super::options::ReloadOptions;

use super::watch;

/// Adds a reload hook to an app, and a worker that watches files.
#[track_caller]
pub(super) fn option<T: Send + Sync + 'static>(
    engine: Arc<Engine<T>>,
    options: ReloadOptions,
) -> impl FnOnce(AppBuilder) -> AppBuilder {
    move |app| {
        for path in engine.absent_at_start() {
            let path = path.display();
            tracing::info!(
                "there is no settings file {path}: defaults and the other sources count"
            );
        }
        let hooked = Arc::clone(&engine);
        let app = app.on_reload("config", move |hook| {
            let engine = Arc::clone(&hooked);
            async move {
                let reloaded = engine.reload_in(hook.scope(), Report::ByApp).await;
                // With its source, which the app's line and event show: the mistakes, or why a subscriber refuses.
                reloaded.map(drop).map_err(BoxError::from)
            }
        });
        if !options.watch || engine.paths().is_empty() {
            return app;
        }
        // Without it the settings can be loaded anew all the same, and the app does its work.
        let worker = WorkerOptions::new().auxiliary().policy(Policy::Ignore);
        app.worker_with("config watcher", worker, move |context| {
            watch::run(Arc::clone(&engine), options, context)
        })
    }
}
