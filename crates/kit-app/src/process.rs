//! The process around an app: its signals, its runtime, its last words and its exit code.

use std::future::Future;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;

use kit_sync::{BoxError, Cause, Scope, TaskTree, error_chain};
use tokio::runtime::Handle;

use crate::core::{Core, RunOwner};
use crate::events::Undelivered;
use crate::last_words::within_a_second;
use crate::log;
use crate::orchestrator::TerminationMessage;
use crate::panics;
use crate::run::stages::run;
use crate::settings::{RunWatchdog, Settings};
use crate::signals::BeforeBuild;
use crate::{AppHandle, Environment, Error, Report, RunError, RuntimeOptions, Signals};

/// An app that was built and can be run once.
pub(crate) struct Runnable {
    handle: AppHandle,
    settings: Settings,
    owner: RunOwner,
}

impl Runnable {
    pub(crate) fn new(core: Core, settings: Settings) -> Runnable {
        let core = Arc::new(core);
        Runnable {
            handle: AppHandle::new(Arc::clone(&core)),
            settings,
            owner: RunOwner(core),
        }
    }

    pub(crate) fn handle(&self) -> &AppHandle {
        &self.handle
    }

    pub(crate) fn take_runtime(&mut self) -> RuntimeOptions {
        self.settings.runtime.take().unwrap_or_default()
    }

    pub(crate) fn signals(&self) -> &Signals {
        &self.settings.signals
    }

    pub(crate) async fn run(self) -> Result<Report, RunError> {
        let Runnable {
            handle,
            settings,
            owner,
        } = self;
        let _owner = owner;
        run(handle, settings).await
    }
}

/// Runs the app that `build` gives, on a runtime of this function, until the process should end.
///
/// The handlers stand before the runtime is made, and their thread lives outside the app's tree; the
/// runtime is shut down without a wait for blocked threads.
pub(crate) fn main_with<F, Fut>(signals: &Signals, runtime: &RuntimeOptions, build: F) -> ExitCode
where
    F: FnOnce() -> Fut,
    Fut: Future<Output = Result<Runnable, BoxError>>,
{
    if Handle::try_current().is_ok() {
        return refused(Error::InsideRuntime);
    }
    panics::log_panics();
    kit_sync::panic::install_hook();
    let handlers = match signals.before_build() {
        Ok(handlers) => handlers,
        Err(error) => return refused(Error::Signals(error)),
    };
    let runtime = match runtime.build() {
        Ok(runtime) => runtime,
        Err(errors) => {
            // There is no runtime to wait beside.
            errors.iter().for_each(|error| print(error));
            return ExitCode::FAILURE;
        }
    };
    let code = runtime.block_on(async {
        // Outside the app's own tree: it has to outlive the stop that it watches over.
        let home = TaskTree::new("main");
        let ended = build_and_run(home.scope(), handlers, build).await;
        ended.unwrap_or_else(|error| {
            // There was no run that could have left it.
            if let Some(message) = TerminationMessage::in_environment(&Environment::detect()) {
                message.leave_beside(&error_chain(&error), home.scope());
            }
            within_a_second(home.scope(), in_this_log(move || print(&error)));
            ExitCode::FAILURE
        })
    });
    runtime.shutdown_background();
    code
}

/// Builds the app, gives it what belongs to a process (handlers, surroundings, watchdog), and runs it.
///
/// A stop that is asked for during the build drops the build, which is a good end. The lines at the
/// end have a second, whatever their reader does.
///
/// # Errors
/// Why there was no run.
async fn build_and_run<F, Fut>(
    home: &Scope,
    handlers: Option<BeforeBuild>,
    build: F,
) -> Result<ExitCode, Error>
where
    F: FnOnce() -> Fut,
    Fut: Future<Output = Result<Runnable, BoxError>>,
{
    let early = handlers.map(|handlers| handlers.read(home)).transpose();
    let early = early.map_err(Error::Signals)?;
    let built = match &early {
        Some(early) => early.build(build).await,
        None => Ok(build().await),
    };
    let mut app = match built {
        Ok(built) => built.map_err(Error::Build)?,
        Err(cause) => {
            within_a_second(home, in_this_log(move || print_stopped(&cause)));
            return Ok(ExitCode::SUCCESS);
        }
    };
    if app.settings.runtime.is_some() {
        let value = "set on an app that is built on its runtime";
        let expected = "given to `App::main_with_runtime`";
        return Err(Error::option("runtime", value, expected));
    }
    app.settings.signals = app.settings.signals.after_build(early);
    app.settings
        .environment
        .get_or_insert_with(Environment::detect);
    app.settings.watchdog_home = Some(home.clone());
    app.settings.run_watchdog = RunWatchdog::EndsProcess;
    let instance = log::instance(app.handle.info());
    let ended = app.run().await;
    let code = match &ended {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => ExitCode::from(error.exit_code()),
    };
    let say = move || instance.in_scope(|| print_end(&ended));
    within_a_second(home, in_this_log(say));
    Ok(code)
}

/// The report: where the log took the failures, each as an error when it happened, it comes after them there
/// as a warning, or for debugging alone when nothing had failed and nothing was cut, or nothing had begun.
/// Elsewhere a failure is printed with it.
fn print_end(ended: &Result<Report, RunError>) {
    let report = match ended {
        Ok(report) => report,
        Err(error) => error.report(),
    };
    let has_log = tracing::enabled!(tracing::Level::ERROR);
    let mut undelivered = report.undelivered.iter();
    let is_logged = has_log && !undelivered.any(Undelivered::is_of_log);
    for undelivered in report.undelivered.iter().filter(|of| !of.is_of_log()) {
        // It has been behind since then, or blocks for good; nothing else says so.
        tracing::warn!("{undelivered}: it blocks, or is too slow");
    }
    match ended {
        Err(error) if !is_logged => print_plainly(&format!("{error:#}")),
        Err(_) if has_begun(report) => tracing::warn!("{report}"),
        Ok(report) if report.has_cuts() || report.has_last_words() => tracing::warn!("{report}"),
        Ok(_) | Err(_) => tracing::debug!("{report}"),
    }
}

/// Whether the report has more than the failures, which have their lines already.
fn has_begun(report: &Report) -> bool {
    let has_rows = !(report.components.is_empty() && report.resources.is_empty());
    has_rows || !report.hooks.is_empty() || report.has_cuts()
}

/// One line: in the log when there is one, on the standard error output otherwise.
fn print(error: &(dyn std::error::Error + 'static)) {
    let line = error_chain(error);
    if tracing::enabled!(tracing::Level::ERROR) {
        tracing::error!("{line}");
    } else {
        print_plainly(&line);
    }
}

fn print_plainly(line: &str) {
    // Its reader may have closed it; that is no reason for another exit code.
    let _ = writeln!(io::stderr(), "error: {line}");
}

fn refused(error: Error) -> ExitCode {
    if Handle::try_current().is_ok() {
        let home = TaskTree::new("main");
        within_a_second(home.scope(), in_this_log(move || print(&error)));
    } else {
        // Nothing was begun, and there is no runtime to wait beside.
        print(&error);
    }
    ExitCode::FAILURE
}

/// The build was dropped: nothing was begun that a report could be about.
fn print_stopped(cause: &Cause) {
    if tracing::enabled!(tracing::Level::INFO) {
        tracing::info!(%cause, "stopped before the app was built");
    } else {
        let _ = writeln!(io::stderr(), "stopped before the app was built ({cause})");
    }
}

/// On another thread, the log is the one of this thread.
fn in_this_log<T>(say: impl FnOnce() -> T) -> impl FnOnce() {
    let log = tracing::dispatcher::get_default(Clone::clone);
    move || {
        tracing::dispatcher::with_default(&log, say);
    }
}
