//! The telemetry of a process: installed once, run by an app.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use kit_app::AppBuilder;
use kit_sync::BoxError;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::log::Log;
use crate::{Error, TelemetryOptions, panic};

type Options = Pin<Box<dyn Future<Output = Result<TelemetryOptions, BoxError>> + Send>>;
type Source = Arc<dyn Fn() -> Options + Send + Sync>;

/// The telemetry of a process. It owns the threads that write and export; its drop ends them, and waits for
/// them no longer than the limits of the options say.
///
/// Keep it until the end of `main`: what is logged after its drop is lost.
#[must_use = "telemetry ends when this is dropped"]
pub struct Telemetry {
    log: Log,
    source: Option<Source>,
}

impl Telemetry {
    /// Installs the log for the whole process; `name` is the service's, as lines have it that come before the
    /// app is built.
    ///
    /// # Errors
    /// An option that is wrong (the first one; [`TelemetryOptions::check`] gives all), a subscriber that is
    /// there already, or a system without a thread to give.
    pub fn init(options: &TelemetryOptions, name: impl Into<String>) -> Result<Telemetry, Error> {
        if let Some(wrong) = options.check().into_iter().next() {
            return Err(wrong);
        }
        let (log, layer) = Log::start(&options.log, name.into())?;
        let installed = tracing_subscriber::registry().with(layer).try_init();
        installed.map_err(|error| Error::Installed(error.into()))?;
        panic::log_them(log.lines());
        Ok(Telemetry { log, source: None })
    }

    /// Has the filter of the log read again at each reload of the app (SIGHUP): from the options that `source`
    /// gives, such as those of a file. A wrong option there is a warning, and changes nothing.
    ///
    /// ```no_run
    /// # use kit_telemetry::{Telemetry, TelemetryOptions};
    /// # async fn read() -> std::io::Result<TelemetryOptions> { Ok(TelemetryOptions::default()) }
    /// # fn of(telemetry: Telemetry) -> Telemetry {
    /// telemetry.reread(|| async { Ok(read().await?) })
    /// # }
    /// ```
    pub fn reread<F, Fut>(self, source: F) -> Telemetry
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<TelemetryOptions, BoxError>> + Send + 'static,
    {
        let source = move || -> Options { Box::pin(source()) };
        Telemetry {
            source: Some(Arc::new(source)),
            ..self
        }
    }

    /// The option for [`AppBuilder::apply`]: the identity of the app in each line, the route `/log` of its
    /// admin server, a reload of the filter, and the last lines of the log at the end of a stop.
    pub fn option(&self) -> impl FnOnce(AppBuilder) -> AppBuilder + use<> {
        let in_app = self.log.option();
        let filter = Arc::clone(self.log.filter());
        let source = self.source.clone();
        move |app| {
            let app = in_app(app);
            let Some(source) = source else {
                return app;
            };
            app.on_reload("telemetry", move |_hook| {
                let (source, filter) = (Arc::clone(&source), Arc::clone(&filter));
                async move {
                    let options = source().await?;
                    Ok(filter.configure(&options.log.filter)?)
                }
            })
        }
    }
}

impl fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Telemetry")
            .field("log", &self.log)
            .finish_non_exhaustive()
    }
}
