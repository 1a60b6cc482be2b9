//! The application: built, then run once.

use std::fmt;
use std::future::Future;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;

use kit_sync::{BoxError, TaskTree, error_chain};
use tokio::runtime::{Builder, Runtime};

use crate::builder::Settings;
use crate::handle::StartOwner;
use crate::run::{self, Run};
use crate::{AppBuilder, AppHandle, Environment, Error, Report, RunError};

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
    pub(crate) handle: AppHandle,
    pub(crate) settings: Settings,
    pub(crate) owner: StartOwner,
}

impl App {
    /// Begins an app; `name` is the service's, as registries show it.
    pub fn builder(name: impl Into<String>) -> AppBuilder {
        AppBuilder::new(name.into())
    }

    /// A handle, with which the running app can be watched and stopped.
    #[must_use]
    pub fn handle(&self) -> AppHandle {
        self.handle.clone()
    }

    /// The `main` of a service: makes a runtime, detects the [`Environment`], runs the app, prints
    /// why it failed if it did, and gives the process's exit code.
    ///
    /// The runtime is shut down without waiting for blocked threads; which tasks they belong to is
    /// in the report.
    ///
    /// A [`Watchdog`](kit_sync::Watchdog) names what blocks the runtime. It is the backstop of the
    /// stop, too: one second after its deadline it prints what is still alive on the standard error
    /// output and ends the process with 1, or 128 + n when signal n had forced the stop.
    #[must_use = "the exit code is what the outside learns of the end"]
    pub fn main(self) -> ExitCode {
        App::main_with(|| async move { Ok(self) })
    }

    /// Like [`main`](Self::main) for an app whose parts need a runtime to be built. An error of
    /// `build` exits with 1.
    #[must_use = "the exit code is what the outside learns of the end"]
    pub fn main_with<F, Fut>(build: F) -> ExitCode
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<App, BoxError>>,
    {
        kit_sync::panic::install_hook();
        crate::signals::process_ends_with_the_app();
        let runtime = match Builder::new_multi_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => return print(&Error::Runtime(error)),
        };
        let code = run_on(&runtime, build);
        runtime.shutdown_background();
        code
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
        let core = Arc::clone(handle.core());
        // Outside the app's own tree: threads that deliver events and look at the clock until that
        // tree has ended.
        let home = TaskTree::new("lifecycle");
        let run = match core.events.start(home.scope()) {
            Ok(()) => Run::new(handle, settings),
            Err(error) => Err(Error::Events(error)),
        };
        match run {
            Ok(run) => run.until_stopped(&home).await,
            Err(error) => Err(run::refused(&core, error, &home).await),
        }
    }
}

fn run_on<F, Fut>(runtime: &Runtime, build: F) -> ExitCode
where
    F: FnOnce() -> Fut,
    Fut: Future<Output = Result<App, BoxError>>,
{
    runtime.block_on(async {
        let mut app = match build().await {
            Ok(app) => app,
            Err(error) => return print(&Error::Build(error)),
        };
        app.settings
            .environment
            .get_or_insert_with(Environment::detect);
        // Outside the app's own tree: it has to outlive the stop that it watches over.
        let home = TaskTree::new("main");
        app.settings.watchdog_home = Some(home.scope().clone());
        let ended = app.run().await;
        match ended {
            Ok(_) => ExitCode::SUCCESS,
            Err(error) => {
                // Each failure has had its line in the log, if there is one.
                if !tracing::enabled!(tracing::Level::ERROR) {
                    print(&error);
                }
                ExitCode::from(error.exit_code())
            }
        }
    })
}

/// One line: in the log when there is one, on the standard error output otherwise.
fn print(error: &(dyn std::error::Error + 'static)) -> ExitCode {
    let line = error_chain(error);
    if tracing::enabled!(tracing::Level::ERROR) {
        tracing::error!("{line}");
    } else {
        // Somebody may have closed it; that is no reason for another exit code.
        let _ = writeln!(io::stderr(), "error: {line}");
    }
    ExitCode::FAILURE
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App")
            .field("handle", &self.handle)
            .finish_non_exhaustive()
    }
}
