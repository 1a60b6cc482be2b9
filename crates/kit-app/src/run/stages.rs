//! Launch, then running, then stopping: how an app goes from stage to stage.

use std::sync::Arc;

use kit_sync::TaskTree;

use super::launch::Launch;
use super::refused;
use super::running::Running;
use super::stopping::Stopping;
use crate::settings::Settings;
use crate::{AppHandle, Error, Report, RunError};

/// [`Launch`] → [`Running`] → [`Stopping`]; a start that fails or is called off goes on to
/// [`Stopping`] directly.
///
/// # Errors
/// When the exit code is not 0.
pub(crate) async fn run(app: AppHandle, settings: Settings) -> Result<Report, RunError> {
    let core = Arc::clone(app.core());
    // Outside the app's own tree: threads that deliver events and look at the clock until that
    // tree has ended.
    let home = TaskTree::new("lifecycle");
    let events = core.journal.events();
    if !events.is_inline() {
        core.control.set_home(home.scope());
    }
    let launch = match events.start(home.scope()) {
        Ok(()) => Launch::new(app, settings),
        Err(error) => Err(Error::Events(error)),
    };
    let mut launch = match launch {
        Ok(launch) => launch,
        Err(error) => return Err(refused::refused(&core, error, &home).await),
    };
    let (stopping, asked, interrupted) = match launch.start().await {
        Ok(()) => {
            let (stopping, asked) = Running::new(launch).until_asked().await;
            (stopping, asked, None)
        }
        Err(called_off) => Stopping::after(launch, called_off).await,
    };
    stopping.stop(asked, interrupted, &home).await
}
