//! The export as a whole: its thread, and the calls of its owner.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use kit_app::AppBuilder;
use kit_transport::TraceSampling;
use tracing::Subscriber;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Layer, SubscriberExt as _};
use tracing_subscriber::registry::{LookupSpan, Registry};

use super::check::{Checked, check};
use super::control::Control;
use super::error::{OtlpError, WrongOption};
use super::exporter::{Exporter, Pace};
use super::flush::Flusher;
use super::flushed::Flushed;
use super::in_app::InApp;
use super::options::OtlpOptions;
use super::queue::Queue;
use super::record::{Recorder, become_exporter};
use super::resource::{PresentResource, Resource};
use super::tally::Tally;
use super::wire::Collector;

/// The lines of an app's lifecycle, each with a span that names the instance: they are of the log.
const LIFECYCLE: &str = "kit_app::log";

/// The export of traces. It owns the thread `kit otlp`, which ends with it.
///
/// Dropping it without [`shutdown`](Self::shutdown) ends the export at once: spans that wait are lost.
pub struct Otlp {
    queue: Queue,
    filter: Targets,
    sampling: TraceSampling,
    resource: PresentResource,
    flusher: Flusher,
    flush_timeout: Duration,
}

impl Otlp {
    /// Starts the export to the collector of the options. It records nothing before it is
    /// [installed](Self::install), and a collector that cannot be reached is no error.
    ///
    /// # Errors
    /// [`OtlpError::Options`] with all options that are of no use, and `endpoint` among them when there is
    /// none; [`OtlpError::Thread`] when the system refuses the thread.
    pub fn start(options: &OtlpOptions, resource: Resource) -> Result<Otlp, OtlpError> {
        let Some(endpoint) = &options.endpoint else {
            return Err(OtlpError::Options(vec![WrongOption {
                field: "endpoint".to_owned(),
                value: "absent".to_owned(),
                expected: "a URL such as \"http://localhost:4317\"".to_owned(),
            }]));
        };
        let Checked { target, filter } = check(options, endpoint).map_err(OtlpError::Options)?;
        let resource = options
            .resource
            .iter()
            .fold(resource, |resource, (name, value)| {
                resource.attribute(name, value)
            });
        let resource = PresentResource::new(resource);
        let tally = Arc::<Tally>::default();
        let control = Arc::<Control>::default();
        let (queue, outlet) = Queue::new(options.queue, Arc::clone(&tally));
        let pace = Pace {
            most: options.batch,
            interval: options.interval,
        };
        let timeout = options.timeout;
        let parts = (resource.clone(), Arc::clone(&tally), Arc::clone(&control));
        let exporter = move || {
            let (resource, tally, control) = parts;
            let collector = Collector::new(target, timeout);
            Exporter::new((outlet, tally), collector, resource, pace, control)
        };
        run(exporter, Arc::clone(&control))?;
        Ok(Otlp {
            queue,
            filter,
            sampling: TraceSampling::share(options.sample_ratio),
            resource,
            flusher: Flusher::new(control, tally),
            flush_timeout: options.flush_timeout,
        })
    }

    /// Installs the export as the process's only subscriber of `tracing`: for a program that logs by other
    /// means, or not at all.
    ///
    /// # Errors
    /// [`OtlpError::Installed`]: the process has a subscriber already.
    pub fn install(&self) -> Result<(), OtlpError> {
        let subscriber = Registry::default().with(self.layer());
        tracing::subscriber::set_global_default(subscriber).map_err(|_| OtlpError::Installed)
    }

    /// The part of a subscriber that records spans.
    pub(crate) fn layer<S>(&self) -> impl Layer<S> + Send + Sync + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
    {
        let filter = self.filter.clone().with_target(LIFECYCLE, LevelFilter::OFF);
        Recorder::new(self.queue.clone(), self.sampling).with_filter(filter)
    }

    /// Which traces that begin in this process are recorded. An app that has it among its values marks the
    /// same ones as *sampled* for its callees.
    #[must_use]
    pub fn sampling(&self) -> TraceSampling {
        self.sampling
    }

    /// Changes what the spans are of, as when the instance has got its id. Spans that have been sent keep
    /// what was known then.
    pub fn change_resource(&self, change: impl FnOnce(Resource) -> Resource) {
        self.resource.change(change);
    }

    /// The option for `AppBuilder::apply` of an app: its version and its id for the export, the sampling for its
    /// layers, and the [shutdown](Self::shutdown) as a last step of its stop, which may take the
    /// `flush_timeout` of the options. Spans that could not be exported have a line in the app's report, and change
    /// no exit code.
    ///
    /// ```no_run
    /// # use kit_telemetry::otlp::Otlp;
    /// # fn of(traces: Otlp) {
    /// use kit_app::App;
    ///
    /// let app = App::builder("orders").apply(traces.option());
    /// # }
    /// ```
    pub fn option(&self) -> impl FnOnce(AppBuilder) -> AppBuilder + use<> {
        let in_app = InApp {
            flusher: self.flusher.clone(),
            resource: self.resource.clone(),
            sampling: self.sampling,
            limit: self.flush_timeout,
        };
        move |app| in_app.apply(app)
    }

    /// The whereabouts of the spans that have ended by now.
    #[must_use]
    pub fn spans(&self) -> Flushed {
        self.flusher.spans()
    }

    /// Has all spans sent that have ended by now, and blocks until then, at most for `limit`. The export
    /// goes on. A collector that refuses ends the flush at once: its batch is sent again later.
    ///
    /// It needs no runtime, and is for plain threads: on a thread of a runtime it holds up the tasks there.
    pub fn flush(&self, limit: Duration) -> Flushed {
        self.flusher.flush(limit)
    }

    /// [Flushes](Self::flush) and ends the thread, within `limit` in all. Spans that could not be sent are
    /// `unfinished`, and those that end later `dropped`; a thread that did not end in time ends at its next
    /// await.
    pub fn shutdown(&self, limit: Duration) -> Flushed {
        self.flusher.shutdown(limit)
    }
}

impl Drop for Otlp {
    fn drop(&mut self) {
        self.flusher.stop();
    }
}

impl fmt::Debug for Otlp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Otlp")
            .field("sampling", &self.sampling)
            .field("spans", &self.spans())
            .finish_non_exhaustive()
    }
}

/// Runs the exporter that `make` gives on a thread, with a runtime that nothing else shares.
///
/// The runtime is shut down without waiting for its blocking pool: a look-up of a name that hangs there
/// would hold the thread.
fn run(
    make: impl FnOnce() -> Exporter + Send + 'static,
    control: Arc<Control>,
) -> Result<(), OtlpError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .thread_name("kit otlp")
        .max_blocking_threads(2)
        .build()
        .map_err(OtlpError::Thread)?;
    let work = move || {
        // Also after a panic.
        let _ended = MarkEnded(control);
        become_exporter();
        runtime.block_on(async { make().run().await });
        runtime.shutdown_background();
    };
    let thread = std::thread::Builder::new().name("kit otlp".to_owned());
    // Its owner waits for the mark, which has a deadline, in place of a join, which has none.
    let _detached = thread.spawn(work).map_err(OtlpError::Thread)?;
    Ok(())
}

struct MarkEnded(Arc<Control>);

impl Drop for MarkEnded {
    fn drop(&mut self) {
        self.0.mark_ended();
    }
}
