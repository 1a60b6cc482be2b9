//! The telemetry of a process: installed once, run by an app.

use std::fmt;

use kit_app::AppBuilder;
use tracing::subscriber::NoSubscriber;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::log::Log;
use crate::metrics::Metrics;
use crate::otlp::Otlp;
use crate::redact::Redaction;
use crate::{Error, Refresh, TelemetryOptions, panic};

/// The telemetry of a process: its log, and with the features `otlp` and `prometheus` its traces and metrics. It owns
/// the threads that write and export; its drop ends them, and waits for them no longer than the limits of the options
/// say.
///
/// Keep it until the end of `main`: what is logged after its drop is lost.
#[must_use = "telemetry ends when this is dropped"]
pub struct Telemetry {
    // Dropped first: the end of the export may have something to say in the log.
    traces: Option<Otlp>,
    log: Log,
    metrics: Metrics,
}

impl Telemetry {
    /// Installs telemetry for the whole process; `name` is the service's, as lines and spans have it that come before
    /// the app is built.
    ///
    /// Everything is looked at before anything is installed, and what an error finds begun is ended. A collector that
    /// cannot be reached is no error; without an `endpoint` there is no thread for traces.
    ///
    /// # Errors
    /// [`Error::Options`] with every option that is wrong; a subscriber or a recorder of metrics that the process
    /// has already, such as those of an earlier call; or a system that refuses a thread or the output of the log.
    pub fn init(options: &TelemetryOptions, name: impl Into<String>) -> Result<Telemetry, Error> {
        let wrong = options.check();
        if !wrong.is_empty() {
            return Err(Error::Options(wrong));
        }
        if has_subscriber() {
            return Err(Error::Subscriber);
        }
        let name = name.into();
        let metrics = Metrics::new(&options.metrics);
        // One for both: what the log does not write does not leave the process either.
        let redaction = Redaction::new(&options.log.redact);
        let traces = Otlp::start(&options.traces, &name, &metrics, &redaction)?;
        let (log, layer) = Log::start(&options.log, name, redaction)?;
        // Nothing that fails comes after these two, which cannot be taken back, but a race of two subscribers.
        metrics.install()?;
        let subscriber = tracing_subscriber::registry().with(layer);
        // A layer that is none would keep the filter of the other from being cached.
        let installed = match &traces {
            Some(traces) => subscriber.with(traces.layer()).try_init(),
            None => subscriber.try_init(),
        };
        installed.map_err(|_| Error::Subscriber)?;
        panic::log_them(log.lines());
        Ok(Telemetry {
            traces,
            log,
            metrics,
        })
    }

    /// Takes options that are read again, such as at a SIGHUP: the filter of the log.
    #[must_use]
    pub fn refresh(&self) -> Refresh {
        Refresh::of(self.log.filter())
    }

    /// The option for [`AppBuilder::apply`]: the identity of the app in each line and span, the routes `/log` and
    /// `/metrics` of its admin server, the share of traces that its layers mark as sampled, the worker of metrics,
    /// and the end of all this as last steps of its stop: first the last spans, then, after the last event, the last
    /// lines. Their limits are part of the worst case that the app prints, and what they could not bring to its end is
    /// in its report.
    pub fn option(&self) -> impl FnOnce(AppBuilder) -> AppBuilder + use<> {
        let traces = self.traces.as_ref().map(Otlp::option);
        let (log, metrics) = (self.log.option(), self.metrics.option());
        move |app| {
            let app = match traces {
                Some(traces) => app.apply(traces),
                None => app,
            };
            app.apply(metrics).apply(log)
        }
    }
}

/// Whether the process, or this thread alone, has a subscriber.
fn has_subscriber() -> bool {
    tracing::dispatcher::get_default(|present| !present.is::<NoSubscriber>())
}

impl fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Telemetry")
            .field("log", &self.log)
            .field("traces", &self.traces)
            .field("metrics", &self.metrics)
            .finish()
    }
}
