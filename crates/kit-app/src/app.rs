//! The application, which is run once.

use std::fmt;
use std::future::Future;
use std::process::ExitCode;

use kit_sync::BoxError;

use crate::process::{self, Runnable};
use crate::{AppHandle, Report, RunError, RuntimeOptions, Signals};

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
pub struct App(Runnable);

impl App {
    pub(crate) fn new(runnable: Runnable) -> App {
        App(runnable)
    }

    /// A handle, with which the running app can be watched and stopped.
    #[must_use]
    pub fn handle(&self) -> AppHandle {
        self.0.handle().clone()
    }

    /// The `main` of a service: takes the signals, makes a runtime, detects the
    /// [`Environment`](crate::Environment), runs the app, prints why it failed if it did, and gives the process's exit code.
    ///
    /// | code | when |
    /// |---|---|
    /// | 0 | a clean stop, whatever asked for it |
    /// | 1 | the app could not be built or started, something failed, a task or a request was cut; or this was called inside a runtime, whose thread it would block |
    /// | 128 + *n* | signal *n* forced the stop: 130 for SIGINT, 131 for SIGQUIT, and others when [`Signals`] says so |
    ///
    /// The runtime is shut down without waiting for blocked threads; the report names their tasks.
    /// The lines at the end have a second: a reader that stands still does not keep the process.
    ///
    /// A [`Watchdog`](kit_sync::Watchdog) names what blocks the runtime. It is the backstop of the
    /// stop, too: one second after its deadline it prints the tasks that are still alive on the standard error
    /// output and ends the process with 1, or 128 + *n* when signal *n* had forced the stop.
    #[must_use = "the exit code is what the outside learns of the end"]
    pub fn main(mut self) -> ExitCode {
        let (signals, runtime) = (self.0.signals().clone(), self.0.take_runtime());
        process::main_with(&signals, &runtime, || async move { Ok(self.0) })
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
        App::main_with_runtime(&RuntimeOptions::default(), build)
    }

    /// [`main_with`](Self::main_with) on a runtime with these options, because
    /// [`AppBuilder::runtime`](crate::AppBuilder::runtime) comes too late for an app that is built on it, and is refused there.
    ///
    /// ```no_run
    /// use std::process::ExitCode;
    ///
    /// use kit_app::{App, RuntimeOptions};
    ///
    /// fn main() -> ExitCode {
    ///     let runtime = RuntimeOptions {
    ///         current_thread: true,
    ///         ..RuntimeOptions::default()
    ///     };
    ///     App::main_with_runtime(&runtime, || async { Ok(App::builder("orders").build()) })
    /// }
    /// ```
    #[must_use = "the exit code is what the outside learns of the end"]
    pub fn main_with_runtime<F, Fut>(runtime: &RuntimeOptions, build: F) -> ExitCode
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<App, BoxError>>,
    {
        process::main_with(&Signals::os(), runtime, || {
            let built = build();
            async { built.await.map(|app| app.0) }
        })
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
        self.0.run().await
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App")
            .field("handle", self.0.handle())
            .finish_non_exhaustive()
    }
}
