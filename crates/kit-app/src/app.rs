//! The application: built, then run once.

use std::fmt;
use std::future::Future;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;

use kit_sync::{BoxError, Cause, Scope, TaskTree, error_chain};
use tokio::runtime::{Builder, Handle};

use crate::core::{Core, RunOwner};
use crate::events::Undelivered;
use crate::last_words::within_a_second;
use crate::panics;
use crate::run::stages::run;
use crate::settings::Settings;
use crate::signals::BeforeBuild;
use crate::{AppHandle, Environment, Error, Report, RunError, Signals};

/// An application that can be run.
///
/// ```no_run
/// use std::process::ExitCode;
///
/// use kit_app::App;
///
/// fn main() -> ExitCode {
///     App::builder("helloworld")
///         .version(env!("CARGO_PKG_VERSION"))
///         .before_start("migrate", |_app| async move { Ok(()) })
///         .build()
///         .main()
/// }
/// ```
#[must_use = "an app does nothing until it is run"]
pub struct App {
    handle: AppHandle,
    settings: Settings,
    owner: RunOwner,
}

impl App {
    pub(crate) fn new(core: Core, settings: Settings) -> App {
        let core = Arc::new(core);
        App {
            handle: AppHandle::new(Arc::clone(&core)),
            settings,
            owner: RunOwner(core),
        }
    }

    /// A handle, with which the running app can be watched and stopped.
    #[must_use]
    pub fn handle(&self) -> AppHandle {
        self.handle.clone()
    }

    /// The `main` of a service: takes the signals, makes a runtime, detects the [`Environment`],
    /// runs the app, prints why it failed if it did, and gives the process's exit code.
    ///
    /// | code | when |
    /// |---|---|
    /// | 0 | a clean stop, whatever asked for it |
    /// | 1 | the app could not be built or started, something failed, a task or a request was cut; or this was called inside a runtime, whose thread it would block |
    /// | 128 + *n* | signal *n* forced the stop: 130 for SIGINT, 131 for SIGQUIT, and others when [`Signals`] says so |
    ///
    /// The runtime is shut down without waiting for blocked threads; which tasks they belong to is
    /// in the report. What is printed at the end has a second: a reader that stands still does not
    /// keep the process.
    ///
    /// A [`Watchdog`](kit_sync::Watchdog) names what blocks the runtime. It is the backstop of the
    /// stop, too: one second after its deadline it prints what is still alive on the standard error
    /// output and ends the process with 1, or 128 + *n* when signal *n* had forced the stop.
    #[must_use = "the exit code is what the outside learns of the end"]
    pub fn main(self) -> ExitCode {
        let signals = self.settings.signals.clone();
        main_with(&signals, || async move { Ok(self) })
    }

    /// Like [`main`](Self::main) for an app whose parts need a runtime to be built. An error of
    /// `build` exits with 1.
    ///
    /// The handlers of the default [`Signals`] stand before `build` is called, and those of the
    /// app's own take over once it is there. A signal that asks for a stop meanwhile drops the
    /// future: the exit code is 0, and a line says so. A build that blocks its thread instead of
    /// awaiting ends the process 5 s after that, with 1. A forced stop ends it at once.
    ///
    /// ```no_run
    /// use std::process::ExitCode;
    ///
    /// use kit_app::App;
    ///
    /// # async fn open_pool() -> std::io::Result<()> { Ok(()) }
    /// fn main() -> ExitCode {
    ///     App::main_with(|| async {
    ///         let pool = open_pool().await?;
    ///         Ok(App::builder("helloworld").extension(pool).build())
    ///     })
    /// }
    /// ```
    #[must_use = "the exit code is what the outside learns of the end"]
    pub fn main_with<F, Fut>(build: F) -> ExitCode
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<App, BoxError>>,
    {
        main_with(&Signals::os(), build)
    }

    /// Runs the app until it has stopped, whatever asked for it. When it returns, nothing of the
    /// app is alive that the report does not name.
    ///
    /// # Errors
    /// Exactly when the exit code is not 0: the failure that came first, with the report.
    ///
    /// # Cancel safety
    /// Dropping the future aborts every task of the app; nothing is drained, and an instance stays
    /// in its registries until its lease ends. Stop it with [`AppHandle::stop`] instead.
    pub async fn run(self) -> Result<Report, RunError> {
        let App {
            handle,
            settings,
            owner,
        } = self;
        let _owner = owner;
        run(handle, settings).await
    }
}

fn main_with<F, Fut>(signals: &Signals, build: F) -> ExitCode
where
    F: FnOnce() -> Fut,
    Fut: Future<Output = Result<App, BoxError>>,
{
    if Handle::try_current().is_ok() {
        return refused(Error::InsideRuntime);
    }
    panics::log_them();
    kit_sync::panic::install_hook();
    let handlers = match signals.before_build() {
        Ok(handlers) => handlers,
        Err(error) => return refused(Error::Signals(error)),
    };
    let runtime = match Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return refused(Error::Runtime(error)),
    };
    let code = runtime.block_on(async {
        // Outside the app's own tree: it has to outlive the stop that it watches over.
        let home = TaskTree::new("main");
        let ended = build_and_run(home.scope(), handlers, build).await;
        ended.unwrap_or_else(|error| {
            within_a_second(home.scope(), in_this_log(move || print(&error)));
            ExitCode::FAILURE
        })
    });
    runtime.shutdown_background();
    code
}

/// # Errors
/// Why there was no run.
async fn build_and_run<F, Fut>(
    home: &Scope,
    handlers: Option<BeforeBuild>,
    build: F,
) -> Result<ExitCode, Error>
where
    F: FnOnce() -> Fut,
    Fut: Future<Output = Result<App, BoxError>>,
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
    app.settings.signals = app.settings.signals.after_build(early);
    app.settings
        .environment
        .get_or_insert_with(Environment::detect);
    app.settings.watchdog_home = Some(home.clone());
    match app.run().await {
        Ok(_) => Ok(ExitCode::SUCCESS),
        Err(error) => {
            let code = ExitCode::from(error.exit_code());
            // Each failure has had its line in the log, if there is one that took it.
            let has_log = tracing::enabled!(tracing::Level::ERROR);
            let mut undelivered = error.report().undelivered.iter();
            if !has_log || undelivered.any(Undelivered::is_of_log) {
                let line = error_chain(&error);
                within_a_second(home, move || print_plainly(&line));
            }
            Ok(code)
        }
    }
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

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App")
            .field("handle", &self.handle)
            .finish_non_exhaustive()
    }
}
