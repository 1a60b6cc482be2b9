//! Launch, then running, then stopping: how an app goes from stage to stage.

use std::sync::Arc;
use std::time::Duration;

use kit_sync::TaskTree;
use tokio::time::Instant;

use super::launch::Launch;
use super::options;
use super::refused::Refusal;
use super::running::Running;
use super::stopping::Stopping;
use crate::orchestrator::{self, TerminationMessage};
use crate::settings::{RunWatchdog, Settings};
use crate::{AppHandle, Error, Report, RunError};

/// How long a run waits for the end of its watchdog's thread, which looks for it all the time.
const WATCHDOG_ENDS: Duration = Duration::from_secs(1);

/// [`Launch`] → [`Running`] → [`Stopping`]; a start that fails or is called off goes on to
/// [`Stopping`] directly.
///
/// # Errors
/// When the exit code is not 0.
pub(crate) async fn run(app: AppHandle, mut settings: Settings) -> Result<Report, RunError> {
    // That of `main` has a home already. Another one outlives the stop that it watches over, too, and
    // ends with the run.
    let watch = TaskTree::new("watchdog");
    if settings.run_watchdog != RunWatchdog::None && settings.watchdog_home.is_none() {
        settings.watchdog_home = Some(watch.scope().clone());
    }
    let ended = run_watched(app, settings).await;
    watch.close(Instant::now() + WATCHDOG_ENDS).await;
    ended
}

/// # Errors
/// When the exit code is not 0.
async fn run_watched(app: AppHandle, mut settings: Settings) -> Result<Report, RunError> {
    let core = Arc::clone(app.core());
    // Outside the app's own tree: threads that deliver events and look at the clock until that
    // tree has ended.
    let home = TaskTree::new("lifecycle");
    let events = core.journal.events();
    if !events.is_inline() {
        core.control.set_home(home.scope());
    }
    let message = TerminationMessage::of(&settings);
    if let Some(notifier) = settings.notifier()
        && let Err(error) = orchestrator::start(&notifier, &core, home.scope())
    {
        let what = format!("the service manager gets no message: {error}");
        core.journal.remark(what);
    }
    let checked = match events.start(home.scope()) {
        Ok(()) => Refusal::unless_none(options::check(&settings, &core.info)),
        Err(error) => Err(Error::Events(error).into()),
    };
    if let Err(refusal) = checked {
        let steps = refusal.last_steps(&core, &mut settings);
        return Err(refusal.end(&core, &home, Some(steps), message).await);
    }
    let mut launch = match Launch::new(app, settings, home.scope()) {
        Ok(launch) => launch,
        Err(error) => return Err(Refusal::from(error).end(&core, &home, None, message).await),
    };
    let stopping = match launch.start().await {
        Ok(()) => Running::new(launch).until_asked().await,
        Err(called_off) => Stopping::after(launch, called_off),
    };
    stopping.stop(&home).await
}
